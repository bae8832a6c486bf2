//! `trainer sample`: pictures drawn with a variational autoencoder or a LAPGAN.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::Args;
use deepsim::model_file::Kind;

use crate::device::Backend;
use crate::measure::sheet;
use crate::models;
use crate::system::generation::TrainedAutoencoder;
use crate::system::lapgan::coded::{CodeOptions, CodedLapgan};
use crate::system::lapgan::drawn::TrainedLapgan;

/// Options of `trainer sample`.
#[derive(Debug, Clone, Args)]
pub struct SampleOptions {
    /// Model file of a variational autoencoder or of a LAPGAN
    pub model: PathBuf,

    /// Pictures to draw
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub count: usize,

    /// Seed of the codes: the same one gives the same pictures everywhere
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Class of the pictures, by its name or its number, for a LAPGAN that tells classes apart [default: as often as in the training pictures]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,

    /// What a LAPGAN begins with.
    #[command(flatten)]
    pub code: CodeOptions,

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
    let file = models::read(&options.model)?;
    let pictures = match file.card().kind {
        Kind::Lapgan(_) => {
            let lapgan = TrainedLapgan::of(&file, device).with_context(|| options.model.display().to_string())?;
            let class = options.class.as_deref().map(|name| lapgan.class(name)).transpose()?;
            let noise = lapgan.noise(options.seed, options.count, class);
            match CodedLapgan::open(&options.code, &lapgan, device)? {
                Some(_) if class.is_some() => bail!("--class is for a LAPGAN that begins with noise: a code says what the picture shows"),
                Some(coded) => coded.draw(&lapgan, options.seed, &noise)?,
                None => lapgan.draw(&noise)?,
            }
        }
        _ => {
            ensure!(options.class.is_none(), "--class is for a LAPGAN");
            ensure!(options.code.code.is_none(), "--code is for a LAPGAN");
            let autoencoder = TrainedAutoencoder::read(&options.model, device)?;
            autoencoder.draw(options.seed, options.count).with_context(|| options.model.display().to_string())?
        }
    };
    sheet::write_png(&options.output, &sheet::square(&pictures)?)
}
