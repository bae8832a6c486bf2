//! `trainer export` and `trainer import`: model files from runs, and from other tools' weights.

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::model_file::{Card, HeldOut, Kind, ModelFile, Precision, Training};
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::nets::inverter::{Inverter, SCORES_SIDE};
use deepsim::nets::squeezenet::SqueezeNet;

use crate::config::Config;
use crate::data::builtin::{crops, open_data};
use crate::metrics::{Measures, measure};
use crate::{checkpoint, model};

/// The side at which the page inverts; an export is measured there as well as at its training size.
const PAGE_SIDE: usize = 224;

/// Options of `trainer export`.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// Run directory
    pub run: PathBuf,

    /// Model file to write
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Keep f32 weights: twice the bytes
    #[arg(long)]
    pub full_precision: bool,
}

/// Writes the averaged inverter of a run's newest checkpoint with its card, measured on the held-out pictures.
///
/// # Errors
/// If the run cannot be read or the file not written.
pub fn export(options: &ExportOptions, device: &Device) -> Result<()> {
    let config = Config::load(&options.run)?;
    let newest = checkpoint::latest(&options.run)?;
    let state = checkpoint::load_state(&newest)?;
    let inverter = checkpoint::load_average(&newest, Inverter::new(config.layer, device))?;
    let scaled = |layer| state.scales.iter().find(|scaled| scaled.layer == layer).copied();
    let scale = scaled(config.layer).context("the checkpoint has no scale for its layer")?.scale;

    let before = state.started_from.as_ref().map_or(0, |training| training.pictures_seen);
    let training = Training {
        data: state.data.clone(),
        pictures_seen: before + state.step * config.batch as u64,
        size: config.size,
        batch: config.batch,
        seed: config.seed,
        learning_rate: config.learning_rate,
        weights: config.weights(),
        comparator: config.comparator.iter().filter_map(|&layer| scaled(layer)).collect(),
        started_from: state.started_from.clone().map(Box::new),
    };

    let (_, held_out) = open_data(&config)?;
    let encoder = model::squeezenet(device)?;
    let mut sides = vec![config.size, PAGE_SIDE];
    sides.dedup();
    // Those of the scores are of one side.
    sides.retain(|&side| config.layer.stride().is_some() || side == SCORES_SIDE);
    let mut measured = Vec::new();
    for side in sides {
        let pictures = crops(&held_out, usize::MAX, side)?;
        let measures = measure(&inverter, &encoder, config.layer, scale, &pictures, device)?;
        print(&measures);
        measured.push(HeldOut { pictures: measures.pictures, side, psnr: measures.psnr });
    }

    let card = Card {
        kind: Kind::Inverter { layer: config.layer, feature_scale: scale },
        source: None,
        training: Some(training),
        held_out: measured,
    };
    let precision = if options.full_precision { Precision::F32 } else { Precision::F16 };
    model::write(&options.output, &ModelFile::from_module(&inverter, card, precision))?;
    println!("{}", options.output.display());
    Ok(())
}

fn print(measures: &Measures) {
    let Measures { pictures, side, psnr, picture_error, feature_errors } = measures;
    print!("{pictures} held-out pictures at {side}: PSNR {psnr:.2} dB, normalised error: picture {:.1} %", picture_error * 100.0);
    for (layer, error) in feature_errors {
        print!(", {layer} {:.1} %", error * 100.0);
    }
    println!();
}

/// A network whose weights come from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// SqueezeNet 1.1, the network that is inverted
    Squeezenet,
    /// EfficientNet-Lite0, the judge
    Efficientnet,
}

/// Options of `trainer import`.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// The network that the weights are of
    #[arg(value_enum)]
    pub network: Network,

    /// A safetensors file with f32 or f16 weights under the names of this project's fields
    pub input: PathBuf,

    /// Model file to write
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Where the weights come from, and their licence
    #[arg(long, value_name = "TEXT")]
    pub source: String,
}

/// Writes a model file with another tool's weights, as f16.
///
/// # Errors
/// If the weights do not fit the network.
pub fn import(options: &ImportOptions, device: &Device) -> Result<()> {
    let path = options.input.display();
    let bytes = std::fs::read(&options.input).with_context(|| format!("cannot read {path}"))?;
    let kind = match options.network {
        Network::Squeezenet => Kind::Squeezenet,
        Network::Efficientnet => Kind::Efficientnet,
    };
    let card = Card { kind, source: Some(options.source.clone()), training: None, held_out: Vec::new() };
    let file = ModelFile::import(&bytes, card, Precision::F16).with_context(|| path.to_string())?;
    match options.network {
        Network::Squeezenet => file.apply(SqueezeNet::new(device)).map(drop),
        Network::Efficientnet => file.apply(EfficientNet::new(device)).map(drop),
    }
    .with_context(|| path.to_string())?;
    model::write(&options.output, &file)?;
    println!("{}", options.output.display());
    Ok(())
}
