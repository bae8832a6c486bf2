//! `trainer enlarge`: pictures four times as large, their transparency kept.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;
use deepsim::enlarge::Enlarger;

use super::each_picture::each_file;
use crate::data::open_transparent;
use crate::device::Backend;
use crate::measure::sheet::write_rgba;
use crate::models;
use crate::system::enlarge::enlarge_bicubically;

/// Options of `trainer enlarge`.
#[derive(Debug, Clone, Args)]
pub struct EnlargeOptions {
    /// Model file of an upscaler
    pub model: PathBuf,

    /// Pictures, and folders of pictures with their subfolders, by their endings in any case; links to pictures are followed, links to folders and hidden
    /// files are passed over
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub input: Vec<PathBuf>,

    /// Folder for the enlarged pictures; it is made if it does not exist
    #[arg(long, default_value = "enlarged", value_name = "DIR")]
    pub output: PathBuf,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Enlarges pictures and writes `STEM.png` for each.
///
/// # Errors
/// If the model or the folder cannot be used, or any picture could not be read; the others are enlarged all the same.
pub fn enlarge(options: &EnlargeOptions, device: &Device) -> Result<()> {
    let path: &Path = &options.model;
    let enlarger = Enlarger::new(&models::read(path)?, device).with_context(|| path.display().to_string())?;
    each_file(&options.input, &options.output, open_transparent, |picture, path| {
        let colours = enlarger.enlarge(&picture.colours)?;
        let opacity = picture.opacity.map(|opacity| enlarge_bicubically(&opacity, device)).transpose()?;
        write_rgba(path, &colours, opacity.as_ref())
    })
}
