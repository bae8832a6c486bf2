//! `trainer interpolate`: the pictures between two codes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::Args;
use deepsim::generation::walk;
use deepsim::lapgan;
use deepsim::model_file::Kind;
use deepsim::picture::Picture;

use crate::data::open_picture;
use crate::device::Backend;
use crate::measure::sheet;
use crate::models;
use crate::system::generation::TrainedAutoencoder;
use crate::system::lapgan::coded::{CodeOptions, CodedLapgan};
use crate::system::lapgan::drawn::TrainedLapgan;

/// Options of `trainer interpolate`.
#[derive(Debug, Clone, Args)]
pub struct InterpolateOptions {
    /// Model file of an autoencoder or of a LAPGAN
    pub model: PathBuf,

    /// Where to begin: a picture file (not with a LAPGAN, unless it begins with a code), or the number of a picture of `trainer sample`
    #[arg(long, value_name = "FILE|N")]
    pub from: PathBuf,

    /// Where to end
    #[arg(long, value_name = "FILE|N")]
    pub to: PathBuf,

    /// Pictures on the way, both ends included
    #[arg(long, default_value_t = 9, value_name = "N")]
    pub frames: usize,

    /// Seed of numbered pictures
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// What a LAPGAN begins with.
    #[command(flatten)]
    pub code: CodeOptions,

    /// PNG to write: a strip
    #[arg(long, default_value = "interpolation.png", value_name = "FILE")]
    pub output: PathBuf,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Walks from one code to another and writes the pictures of the way.
///
/// # Errors
/// If the model or a picture cannot be used, or the file not be written.
pub fn interpolate(options: &InterpolateOptions, device: &Device) -> Result<()> {
    ensure!(options.frames >= 2, "--frames {}: a way has two ends", options.frames);
    let file = models::read(&options.model)?;
    let pictures = match file.card().kind {
        Kind::Lapgan(_) => {
            let lapgan = TrainedLapgan::of(&file, device).with_context(|| options.model.display().to_string())?;
            match CodedLapgan::open(&options.code, &lapgan, device)? {
                Some(coded) => {
                    // The same noise throughout, so that nothing but the code changes.
                    let noise = vec![lapgan.generator.draw(options.seed, 0, &[], None); options.frames];
                    coded.detailed(&lapgan, &between_codes(options, &coded.autoencoder)?, &noise)?
                }
                None => between_noise(options, &lapgan)?,
            }
        }
        _ => {
            ensure!(options.code.code.is_none(), "--code is for a LAPGAN");
            between_codes(options, &TrainedAutoencoder::read(&options.model, device)?)?
        }
    };
    sheet::write_png(&options.output, &sheet::sheet(&[&pictures])?)
}

/// Returns the pictures of the way between two codes of an autoencoder.
fn between_codes(options: &InterpolateOptions, autoencoder: &TrainedAutoencoder) -> Result<Vec<Picture>> {
    let end = |place: &Path| match number_of(place) {
        Some(number) if !place.exists() => Ok(autoencoder.generation.draw(options.seed, number, 0)?),
        _ => autoencoder.encode(&[open_picture(place)?.centre_crop(autoencoder.side())?])?.pop().context("a picture has a code"),
    };
    let (from, to) = (end(&options.from)?, end(&options.to)?);
    let codes: Vec<Vec<f32>> = shares(options.frames).map(|share| walk(&from, &to, share)).collect();
    autoencoder.decode(&codes)
}

/// Returns the pictures of the way between the noise of two.
fn between_noise(options: &InterpolateOptions, lapgan: &TrainedLapgan) -> Result<Vec<Picture>> {
    let end = |place: &Path| {
        let number =
            number_of(place).with_context(|| format!("{}: a LAPGAN has no encoder, give the number of a sample", place.display()))?;
        Ok::<_, anyhow::Error>(lapgan.generator.draw(options.seed, number, &[], None))
    };
    let (from, to) = (end(&options.from)?, end(&options.to)?);
    let noise: Vec<_> = shares(options.frames).map(|share| lapgan::walk(&from, &to, share)).collect();
    lapgan.draw(&noise)
}

fn number_of(place: &Path) -> Option<u64> {
    place.to_str().and_then(|number| number.parse().ok())
}

/// Returns how far along the way each frame is, from 0 to 1.
fn shares(frames: usize) -> impl Iterator<Item = f32> {
    (0..frames).map(move |frame| frame as f32 / (frames - 1) as f32)
}
