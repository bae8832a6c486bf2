//! `trainer sample`: pictures drawn with a variational autoencoder.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::Args;

use crate::device::Backend;
use crate::measure::sheet;
use crate::system::generation::TrainedAutoencoder;

/// Options of `trainer sample`.
#[derive(Debug, Clone, Args)]
pub struct SampleOptions {
    /// Model file of a variational autoencoder
    pub model: PathBuf,

    /// Pictures to draw
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub count: usize,

    /// Seed of the codes: the same one gives the same pictures everywhere
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// PNG to write: a grid as square as can be
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Draws pictures and writes them as one.
///
/// # Errors
/// If the model cannot be drawn from, or the file not be written.
pub fn sample(options: &SampleOptions, device: &Device) -> Result<()> {
    ensure!(options.count > 0, "--count 0: nothing to draw");
    let autoencoder = TrainedAutoencoder::read(&options.model, device)?;
    let pictures = autoencoder.draw(options.seed, options.count).with_context(|| options.model.display().to_string())?;
    sheet::write_png(&options.output, &sheet::square(&pictures)?)
}
