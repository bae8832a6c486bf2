//! `trainer reconstruct`: pictures encoded and decoded by an autoencoder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;

use super::each_picture::each_picture;
use crate::device::Backend;
use crate::system::generation::TrainedAutoencoder;

/// Options of `trainer reconstruct`.
#[derive(Debug, Clone, Args)]
pub struct ReconstructOptions {
    /// Model file of an autoencoder
    pub model: PathBuf,

    /// Pictures, and folders of pictures with their subfolders, by their endings in any case; links to pictures are followed, links to folders and hidden
    /// files are passed over
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub input: Vec<PathBuf>,

    /// Folder for the reconstructions; it is made if it does not exist
    #[arg(long, default_value = "reconstructed", value_name = "DIR")]
    pub output: PathBuf,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Encodes and decodes pictures and writes `STEM.png` for each.
///
/// # Errors
/// If the model or the folder cannot be used, or any picture could not be read; the others are reconstructed all the same.
pub fn reconstruct(options: &ReconstructOptions, device: &Device) -> Result<()> {
    let autoencoder = TrainedAutoencoder::read(&options.model, device)?;
    each_picture(&options.input, &options.output, |picture| {
        let code = autoencoder.encode(&[picture.centre_crop(autoencoder.side())?])?;
        autoencoder.decode(&code)?.pop().context("a code gives a picture")
    })
}
