//! `trainer sample`, `interpolate` and `reconstruct`: pictures from autoencoders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::Args;
use deepsim::Picture;
use deepsim::generation::walk;

use super::Opened;
use crate::checkpoint::write_atomically;
use crate::data::open_picture;
use crate::device::Backend;
use crate::invert::pictures_in;
use crate::samples;

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
    let opened = Opened::read(&options.model, device)?;
    let pictures = opened.draw(options.seed, options.count).with_context(|| options.model.display().to_string())?;
    write(&options.output, &grid(&pictures)?)
}

/// Options of `trainer interpolate`.
#[derive(Debug, Clone, Args)]
pub struct InterpolateOptions {
    /// Model file of an autoencoder
    pub model: PathBuf,

    /// Where to begin: a picture file, or the number of a picture of `trainer sample`
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
    let opened = Opened::read(&options.model, device)?;
    let end = |place: &Path| match place.to_str().and_then(|number| number.parse().ok()) {
        Some(number) if !place.exists() => Ok(opened.generation.draw(options.seed, number, 0)?),
        _ => opened.encode(&[open_picture(place)?.centre_crop(opened.side())?])?.pop().context("a picture has a code"),
    };
    let (from, to) = (end(&options.from)?, end(&options.to)?);
    let share = |frame: usize| frame as f32 / (options.frames - 1) as f32;
    let codes: Vec<Vec<f32>> = (0..options.frames).map(|frame| walk(&from, &to, share(frame))).collect();
    write(&options.output, &samples::sheet(&[&opened.decode(&codes)?])?)
}

/// Options of `trainer reconstruct`.
#[derive(Debug, Clone, Args)]
pub struct ReconstructOptions {
    /// Model file of an autoencoder
    pub model: PathBuf,

    /// A picture, or a folder of pictures
    #[arg(long, value_name = "FILE|DIR")]
    pub input: PathBuf,

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
    let opened = Opened::read(&options.model, device)?;
    let inputs = pictures_in(&options.input)?;
    let output = &options.output;
    fs::create_dir_all(output).with_context(|| format!("cannot make the folder {}", output.display()))?;
    let mut failed = 0;
    for path in &inputs {
        let picture = match open_picture(path) {
            Ok(picture) => picture.centre_crop(opened.side())?,
            Err(error) => {
                eprintln!("skipped {error}");
                failed += 1;
                continue;
            }
        };
        let made = opened.decode(&opened.encode(&[picture])?)?;
        let name = path.file_stem().context("a picture needs a name")?;
        write(&output.join(name).with_added_extension("png"), &made[0])?;
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", inputs.len());
    }
    Ok(())
}

/// Pictures of one size as one, as square as can be.
///
/// # Errors
/// If there is none.
pub fn grid(pictures: &[Picture]) -> Result<Picture> {
    let columns = (1..=pictures.len()).find(|columns| columns * columns >= pictures.len()).context("a grid needs a picture")?;
    samples::sheet(&pictures.chunks(columns).collect::<Vec<_>>())
}

fn write(path: &Path, picture: &Picture) -> Result<()> {
    write_atomically(path, &samples::to_png(picture)?)?;
    println!("{}", path.display());
    Ok(())
}
