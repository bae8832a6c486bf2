//! `trainer invert`: one PNG a picture.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::inversion::{Inversion, inverter_of};
use deepsim::layer::is_valid_side;

use super::each_picture::each_picture;
use crate::device::Backend;
use crate::measure::method::{Descent, Inverted, Method, Optimised};
use crate::models;
use crate::models::locate::locate;

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

    /// Pictures, and folders of pictures with their subfolders, by their endings in any case; links to pictures are followed, links to folders and hidden
    /// files are passed over
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub input: Vec<PathBuf>,

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
    each_picture(&options.input, &options.output, |picture| {
        let mut inverted = method.invert(&[picture.centre_crop(size)?])?;
        inverted.pop().context("an inversion gives a picture")
    })
}

/// Returns the method that the options ask for.
fn method(options: &InvertOptions, device: &Device) -> Result<Box<dyn Method>> {
    ensure!(options.iterations > 0, "--iterations 0: nothing to do");
    match (options.method, &options.model) {
        (How::Inverter, Some(path)) => {
            let named = || path.display().to_string();
            let inversion =
                Inversion::new(&models::read(&locate(models::SQUEEZENET)?)?, &models::read(path)?, device).with_context(named)?;
            Ok(Box::new(Inverted { inversion, device: device.clone(), iterations: options.iterations }))
        }
        (How::Inverter, None) => bail!("an inverter is needed: name its model file, or give --method optimise"),
        (How::Optimise, path) => {
            let layer = match path {
                Some(path) => inverter_of(models::read(path)?.card()).with_context(|| path.display().to_string())?.shape.layer,
                None => options.layer.context("--method optimise needs --layer")?,
            };
            ensure!(
                options.iterations == 1,
                "--iterations is for trained inverters: the features of an optimised picture are those it was made from"
            );
            Ok(Box::new(Optimised { encoder: models::squeezenet(device)?, layer, descent: options.descent, device: device.clone() }))
        }
    }
}
