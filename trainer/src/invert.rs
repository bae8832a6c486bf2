//! `trainer invert`: one PNG a picture.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::Args;
use deepsim::inversion::Inversion;
use deepsim::layer::is_valid_side;
use deepsim::picture;

use crate::checkpoint::write_atomically;
use crate::data::open_picture;
use crate::device::Backend;
use crate::locate::locate;
use crate::{model, samples};

/// Options of `trainer invert`.
#[derive(Debug, Clone, Args)]
pub struct InvertOptions {
    /// Model file of an inverter
    pub model: PathBuf,

    /// A picture, or a folder of pictures
    #[arg(long, value_name = "FILE|DIR")]
    pub input: PathBuf,

    /// Folder for the inversions; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// Side in pixels that pictures are cropped and resized to, a multiple of 16
    #[arg(long, default_value_t = 224, value_name = "PIXELS")]
    pub size: usize,

    /// Where to compute
    #[arg(long, value_enum, default_value_t = Backend::Auto)]
    pub device: Backend,
}

/// Inverts pictures and writes `STEM.png` for each.
///
/// # Errors
/// If the model or the folder cannot be used, or any picture could not be read; the others are inverted all the same.
pub fn invert(options: &InvertOptions, device: &Device) -> Result<()> {
    let size = options.size;
    ensure!(is_valid_side(size), "--size {size}: pictures need a side that is a multiple of 16 and at least 32, such as 128 or 224");
    let inversion = Inversion::new(&model::read(&locate(model::SQUEEZENET)?)?, &model::read(&options.model)?, device)
        .with_context(|| options.model.display().to_string())?;
    let inputs = pictures_in(&options.input)?;
    let output = &options.output;
    fs::create_dir_all(output).with_context(|| format!("cannot make the folder {}", output.display()))?;
    let mut failed = 0;
    for path in &inputs {
        let picture = match open_picture(path) {
            Ok(picture) => picture.centre_crop(size)?,
            Err(error) => {
                eprintln!("skipped {error}");
                failed += 1;
                continue;
            }
        };
        let tensor = inversion.invert(picture::to_tensor(&[picture], device)?); // [1, 3, side, side]
        let inverted = picture::from_data(&tensor.into_data())?;
        let name = path.file_stem().context("a picture needs a name")?;
        let place = output.join(name).with_added_extension("png");
        write_atomically(&place, &samples::to_png(&inverted[0])?)?;
        println!("{}", place.display());
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", inputs.len());
    }
    Ok(())
}

fn pictures_in(input: &std::path::Path) -> Result<Vec<PathBuf>> {
    let missing = || format!("cannot read {}", input.display());
    if !fs::metadata(input).with_context(missing)?.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let mut found: Vec<PathBuf> =
        fs::read_dir(input)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().with_context(missing)?;
    found.retain(|path| crate::data::is_picture_name(path));
    found.sort();
    ensure!(!found.is_empty(), "no pictures in {}: JPEG, PNG and WebP files are read", input.display());
    Ok(found)
}
