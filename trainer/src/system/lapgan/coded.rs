//! A LAPGAN that begins with a variational autoencoder's code in place of noise: the decoded picture is reduced to the side of a level, and the finer
//! levels make its detail anew.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::Args;
use deepsim::lapgan::Noise;
use deepsim::picture::{self, Picture};

use super::drawn::TrainedLapgan;
use crate::models;
use crate::system::generation::TrainedAutoencoder;

/// Options of a LAPGAN that begins with a code.
#[derive(Debug, Clone, Default, Args)]
pub struct CodeOptions {
    /// Of a LAPGAN: begin with this variational autoencoder's pictures in place of noise, and make their detail anew
    #[arg(long, value_name = "MODEL")]
    pub code: Option<PathBuf>,

    /// Side that they are reduced to, at which detail begins [default: half of the LAPGAN's]
    #[arg(long, requires = "code", value_name = "PIXELS")]
    pub code_side: Option<usize>,
}

/// A variational autoencoder, and the levels of a LAPGAN that make its pictures' detail.
#[derive(Debug)]
pub struct CodedLapgan {
    /// The autoencoder's name, as in tables.
    pub name: String,
    /// Makes the coarse pictures.
    pub autoencoder: TrainedAutoencoder,
    /// The level of the coarse pictures, counted from 0.
    level: usize,
}

impl CodedLapgan {
    /// Reads the autoencoder that the options name, if they do, for a LAPGAN.
    ///
    /// # Errors
    /// If it cannot be read, makes pictures of another side than the LAPGAN, has no codes that can be drawn, or no finer level follows the side.
    pub fn open(options: &CodeOptions, lapgan: &TrainedLapgan, device: &Device) -> Result<Option<Self>> {
        let Some(path) = &options.code else { return Ok(None) };
        let autoencoder = TrainedAutoencoder::read(path, device)?;
        let (side, sides) = (autoencoder.side(), lapgan.generator.sides());
        let wanted = lapgan.generator.side();
        ensure!(side == wanted, "{}: makes pictures of {side} pixels, the LAPGAN of {wanted}", path.display());
        autoencoder.generation.draw(0, 0, 0).with_context(|| path.display().to_string())?;
        let coarse = options.code_side.unwrap_or(wanted / 2);
        let level = sides.iter().position(|&side| side == coarse && side < wanted);
        let named: Vec<String> = sides.iter().filter(|&&side| side < wanted).map(usize::to_string).collect();
        let level = level.with_context(|| format!("--code-side {coarse}: finer levels follow those of {} pixels", named.join(", ")))?;
        Ok(Some(Self { name: models::name(path), autoencoder, level }))
    }

    /// Draws as many codes of a seed as there is noise, and makes pictures of both.
    ///
    /// # Errors
    /// If the device fails.
    pub fn draw(&self, lapgan: &TrainedLapgan, seed: u64, noise: &[Noise]) -> Result<Vec<Picture>> {
        self.detailed(lapgan, &self.autoencoder.draw(seed, noise.len())?, noise)
    }

    /// Makes the detail of decoded pictures anew.
    ///
    /// # Errors
    /// If the device fails.
    pub fn detailed(&self, lapgan: &TrainedLapgan, decoded: &[Picture], noise: &[Noise]) -> Result<Vec<Picture>> {
        let pictures = picture::to_tensor(decoded, &self.autoencoder.device)?; // [count, 3, side, side]
        lapgan.replace_detail(&pictures, self.level, noise)
    }
}
