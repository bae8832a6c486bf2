//! A network of one's own is inverted: a small CNN that this file defines, and an inverter trained for a minute with the CNN as the comparator.
//!
//!     cargo run --release --example own_network -- 400 inverted.png

use std::error::Error;

use deepsim::burn::module::Module;
use deepsim::burn::nn::PaddingConfig2d;
use deepsim::burn::nn::conv::{Conv2d, Conv2dConfig};
use deepsim::burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use deepsim::burn::tensor::activation::relu;
use deepsim::burn::tensor::{Device, Tensor};
use deepsim::comparator::Comparator;
use deepsim::inversion::Inversion;
use deepsim::loss::{DeepSimLoss, Offset, Weights};
use deepsim::nets::inverter::Inverter;
use deepsim::network::{FeatureMap, FeatureNetwork};
use deepsim::picture::{Picture, from_data, to_tensor};

const SIDE: usize = 64;

/// Two strided convolutions with random weights.
#[derive(Module, Debug)]
struct SmallCnn {
    first: Conv2d,
    second: Conv2d,
}

impl SmallCnn {
    fn new(device: &Device) -> Self {
        let conv = |input, output| {
            let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
            Conv2dConfig::new([input, output], [3, 3]).with_stride([2, 2]).with_padding(padding).init(device)
        };
        Self { first: conv(3, 32), second: conv(32, 64) }
    }
}

impl FeatureNetwork for SmallCnn {
    fn feature_maps(&self) -> Vec<FeatureMap> {
        vec![FeatureMap::padded("first", 32, 2), FeatureMap::padded("second", 64, 4)]
    }

    fn features_at(&self, pictures: Tensor<4>, names: &[&str]) -> Vec<Tensor<4>> {
        let first = relu(self.first.forward(pictures)); // [batch, 32, side / 2, side / 2]
        let second = relu(self.second.forward(first.clone())); // [batch, 64, side / 4, side / 4]
        names.iter().map(|&name| if name == "first" { first.clone() } else { second.clone() }).collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let steps: u32 = arguments.next().map_or(Ok(400), |steps| steps.parse())?;
    let output = arguments.next().unwrap_or_else(|| "inverted.png".to_owned());
    // This thread computes, too.
    deepsim::kernels::join_pool();
    let device = Device::flex();
    device.seed(1);
    let photos = photographs(&device)?; // [6, 3, 256, 256]

    let cnn = SmallCnn::new(&device).no_grad();
    let inverted = cnn.feature_map("second")?;
    let scale = cnn.features_at(photos.clone(), &["second"])[0].clone().square().mean().sqrt().into_scalar::<f32>();
    let comparator = Comparator::measured(cnn.clone(), &["first", "second"], photos.clone())?;
    let loss = DeepSimLoss::new(comparator, Weights { image: 1.0, feature: 1.0, adversarial: 0.0 });

    let mut inverter = Inverter::of(&inverted, &device.autodiff())?;
    let mut optimizer = ModuleOptimizer::from(AdamConfig::new().build());
    for step in 0..steps {
        // A crop that moves over the photographs.
        let (top, left) = (step as usize * 37 % (256 - SIDE), step as usize * 59 % (256 - SIDE));
        let pictures = photos.clone().slice([0..6, 0..3, top..top + SIDE, left..left + SIDE]); // [6, 3, 64, 64]
        let features = cnn.features_at(pictures.clone(), &["second"]).remove(0).div_scalar(scale); // [6, 64, 16, 16]
        let offset = Offset { left: step as usize % 4, top: step as usize / 4 % 4 };
        let terms = loss.terms(inverter.forward(features.autodiff()), pictures, None, offset);
        if step % 50 == 0 || step + 1 == steps {
            let read = |term: &Tensor<1>| term.clone().inner().into_scalar::<f32>();
            println!("step {step}  image {:.3}  feature {:.3}", read(&terms.image), read(&terms.feature));
        }
        let gradients = GradientsParams::from_grads(loss.total(&terms).backward(), &inverter);
        inverter = optimizer.step(1e-3, inverter, gradients);
    }

    let inversion = Inversion::of(cnn, "second", inverter.valid(), scale)?;
    let cat = photos.narrow(0, 1, 1); // [1, 3, 256, 256]
    let made = from_data(&inversion.invert(cat).into_data())?.remove(0);
    image::save_buffer(&output, made.rgb(), 256, 256, image::ColorType::Rgb8)?;
    println!("{output}");
    Ok(())
}

/// Returns the page's examples, `[6, 3, 256, 256]`.
fn photographs(device: &Device) -> Result<Tensor<4>, Box<dyn Error>> {
    let mut pictures = Vec::new();
    for name in ["cabins", "cat", "chairs", "flowers", "glasses", "portrait"] {
        let photo = image::open(format!("web/examples/{name}.jpg"))?.into_rgb8();
        pictures.push(Picture::from_rgb(photo.width() as usize, photo.height() as usize, photo.into_raw())?.centre_crop(256)?);
    }
    Ok(to_tensor(&pictures, device)?)
}
