//! `trainer invert`: one PNG a picture.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::inversion::{Inversion, inverter_of};
use deepsim::layer::is_valid_side;

use crate::checkpoint::write_atomically;
use crate::data::open_picture;
use crate::device::Backend;
use crate::locate::locate;
use crate::method::{Descent, Inverted, Method, Optimised};
use crate::{model, samples};

/// How `trainer invert` inverts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// One pass through a trained inverter
    Inverter,
    /// Gradient descent on the pixels (Mahendran & Vedaldi 2015)
    Optimise,
}

/// Options of `trainer invert`.
#[derive(Debug, Clone, Args)]
pub struct InvertOptions {
    /// Model file of an inverter
    #[arg(required_unless_present = "layer")]
    pub model: Option<PathBuf>,

    /// How to invert
    #[arg(long, value_enum, default_value_t = How::Inverter)]
    pub method: How,

    /// Layer to invert with `--method optimise`, which needs no model
    #[arg(long, conflicts_with = "model")]
    pub layer: Option<Layer>,

    /// Of `--method optimise`.
    #[command(flatten)]
    pub descent: Descent,

    /// Invert the inversion again: so many rounds in all
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub iterations: usize,

    /// A picture, or a folder of pictures
    #[arg(long, value_name = "FILE|DIR")]
    pub input: PathBuf,

    /// Folder for the inversions; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// Side in pixels that pictures are cropped and resized to, a multiple of 16
    #[arg(long, default_value_t = 224, value_name = "PIXELS")]
    pub size: usize,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Inverts pictures and writes `STEM.png` for each.
///
/// # Errors
/// If the model or the folder cannot be used, or any picture could not be read; the others are inverted all the same.
pub fn invert(options: &InvertOptions, device: &Device) -> Result<()> {
    let size = options.size;
    ensure!(is_valid_side(size), "--size {size}: pictures need a side that is a multiple of 16 and at least 32, such as 128 or 224");
    let method = method(options, device)?;
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
        let inverted = method.invert(&[picture])?;
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

/// What the options ask for.
fn method(options: &InvertOptions, device: &Device) -> Result<Box<dyn Method>> {
    ensure!(options.iterations > 0, "--iterations 0: nothing to do");
    match (options.method, &options.model) {
        (How::Inverter, Some(path)) => {
            let named = || path.display().to_string();
            let inversion = Inversion::new(&model::read(&locate(model::SQUEEZENET)?)?, &model::read(path)?, device).with_context(named)?;
            Ok(Box::new(Inverted { inversion, device: device.clone(), iterations: options.iterations }))
        }
        (How::Inverter, None) => bail!("an inverter is needed: name its model file, or give --method optimise"),
        (How::Optimise, path) => {
            let layer = match path {
                Some(path) => inverter_of(model::read(path)?.card()).with_context(|| path.display().to_string())?.shape.layer,
                None => options.layer.context("--method optimise needs --layer")?,
            };
            ensure!(
                options.iterations == 1,
                "--iterations is for trained inverters: the features of an optimised picture are those it was made from"
            );
            Ok(Box::new(Optimised { encoder: model::squeezenet(device)?, layer, descent: options.descent, device: device.clone() }))
        }
    }
}

/// The picture files that an `--input` means, in the order of their names.
///
/// # Errors
/// If there is nothing there, or no picture in the folder.
pub(crate) fn pictures_in(input: &std::path::Path) -> Result<Vec<PathBuf>> {
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
