//! A photo, and what is left of it in SqueezeNet's layer fire5.
//!
//!     cargo run --release --example invert -- web/examples/cat.jpg inverted.png

use std::error::Error;

use deepsim::burn::tensor::Device;
use deepsim::inversion::Inversion;
use deepsim::model_file::ModelFile;
use deepsim::picture::{Picture, from_data, to_tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (input, output) = (arguments.next().ok_or("name a photo")?, arguments.next().ok_or("name a PNG to write")?);
    let model = |name| Ok::<_, Box<dyn Error>>(ModelFile::from_bytes(&std::fs::read(format!("models/{name}.safetensors"))?)?);

    let device = Device::flex();
    let inversion = Inversion::new(&model("squeezenet")?, &model("fire5")?, &device)?;
    let photo = image::open(input)?.into_rgb8();
    let photo = Picture::from_rgb(photo.width() as usize, photo.height() as usize, photo.into_raw())?.centre_crop(224)?;
    let inverted = inversion.invert(to_tensor(&[photo], &device)?); // [1, 3, 224, 224]
    let inverted = from_data(&inverted.into_data())?.remove(0);
    image::save_buffer(output, inverted.rgb(), 224, 224, image::ColorType::Rgb8)?;
    Ok(())
}
