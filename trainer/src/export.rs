//! `trainer export` and `trainer import`: model files from runs, and from other tools' weights.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::comparator::ScaledPlace;
use deepsim::generation::Generation;
use deepsim::model_file::{Card, HeldOut, InverterCard, Kind, ModelFile, Precision, Training};
use deepsim::nets::autoencoder::{Autoencoder, Code};
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::nets::exemplar::ExemplarLearner;
use deepsim::nets::inverter::{Inverter, SCORES_SIDE};
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};

use crate::checkpoint::{self, State, load_module};
use crate::choices::TaskChoice;
use crate::config::Config;
use crate::data::builtin::{crops, open_data};
use crate::generation::Opened;
use crate::generation::codes::{principal, spread};
use crate::metrics::judge::Judge;
use crate::metrics::{Examination, Measures};
use crate::model;
use crate::task::{exemplar, generation, inversion};
use crate::trainee::AVERAGE_PART;

/// The side at which the page inverts; an export is measured there as well as at its training size.
const PAGE_SIDE: usize = 224;
/// Pictures that an autoencoder is measured on, at most: the judge looks at each of them twice, at 224 pixels.
pub const MOST_MEASURED: usize = 500;
/// Pictures whose codes give the principal directions, at most.
const MOST_ENCODED: usize = 2000;

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

    /// Measure on this many of the held-out pictures at most [default: all; 500 for autoencoders]
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,
}

/// Writes the averaged network of a run's newest checkpoint with its card; it is measured on the held-out pictures.
///
/// # Errors
/// If the run cannot be read or the file not written.
pub fn export(options: &ExportOptions, device: &Device) -> Result<()> {
    let config = Config::load(&options.run)?;
    let newest = checkpoint::latest(&options.run)?;
    let state = checkpoint::load_state(&newest)?;
    let precision = if options.full_precision { Precision::F32 } else { Precision::F16 };
    let file = match config.task {
        TaskChoice::Invert => export_inverter(&config, &newest, &state, precision, options.most.unwrap_or(usize::MAX), device)?,
        TaskChoice::Exemplar => {
            let classes = state.memory::<exemplar::Memory>()?.classes;
            let learner = load_module(&newest, AVERAGE_PART, ExemplarLearner::new(classes, device))?;
            let training = Some(training(&config, &state, Vec::new()));
            let card = Card { training, ..Card::new(Kind::Exemplar) };
            ModelFile::from_module(&learner.network, card, precision)
        }
        TaskChoice::Autoencoder | TaskChoice::Vae | TaskChoice::Vaegan => {
            export_autoencoder(&config, &newest, &state, precision, options.most.unwrap_or(MOST_MEASURED), device)?
        }
    };
    model::write(&options.output, &file)?;
    println!("{}", options.output.display());
    Ok(())
}

fn export_inverter(config: &Config, newest: &Path, state: &State, precision: Precision, most: usize, device: &Device) -> Result<ModelFile> {
    let inverter = load_module(newest, AVERAGE_PART, Inverter::new(config.shape(), device))?;
    let inversion::Memory { feature_scale: scale, comparator, .. } = state.memory()?;
    let (_, held_out) = open_data(config)?;
    let encoder = model::squeezenet(device)?;
    let judge = Judge::open(device)?;
    let mut sides = vec![config.size, PAGE_SIDE];
    sides.dedup();
    // Those of the scores are of one side.
    sides.retain(|&side| config.layer.stride().is_some() || side == SCORES_SIDE);
    let mut measured = Vec::new();
    for side in sides {
        let pictures = crops(&held_out, most, side)?;
        let measures = measure_inverter(&inverter, config.layer, scale, &encoder, &judge, &pictures, device)?;
        print(&measures);
        measured.push(held_out_card(&measures));
    }
    let card = Card {
        training: Some(training(config, state, comparator)),
        held_out: measured,
        ..Card::new(Kind::Inverter(InverterCard { shape: config.shape(), feature_scale: scale }))
    };
    Ok(ModelFile::from_module(&inverter, card, precision))
}

fn export_autoencoder(
    config: &Config,
    newest: &Path,
    state: &State,
    precision: Precision,
    most: usize,
    device: &Device,
) -> Result<ModelFile> {
    let generation::Memory { comparator, .. } = state.memory()?;
    let opened = trained_autoencoder(config, newest, precision, device)?;
    let (dataset, held_out) = open_data(config)?;
    let pictures = crops(&held_out, most, config.size)?;
    let (encoder, judge) = (model::squeezenet(device)?, Judge::open(device)?);
    let measures = measure_autoencoder(&opened, &encoder, &judge, &pictures)?;
    print(&measures);
    let nats = spread(&opened, &pictures)?.map(|spread| spread.nats);
    if let Some(nats) = nats {
        println!("{nats:.1} nats a picture");
    }
    let codes = match config.code() {
        Code::Latent(_) => Some(principal(&opened, &crops(&dataset, MOST_ENCODED, config.size)?)?),
        Code::Grid => None,
    };
    let card = Card {
        training: Some(training(config, state, comparator)),
        held_out: vec![HeldOut { nats, ..held_out_card(&measures) }],
        codes,
        ..Card::new(Kind::Autoencoder(generation::card(config)))
    };
    Ok(opened.generation.to_file(card, precision))
}

/// The averaged autoencoder of a checkpoint, as a model file of this precision would hold it.
///
/// # Errors
/// If the checkpoint cannot be read.
pub fn trained_autoencoder(config: &Config, checkpoint: &Path, precision: Precision, device: &Device) -> Result<Opened> {
    let network = load_module(checkpoint, AVERAGE_PART, Autoencoder::new(config.code(), config.size, device))?;
    let file = ModelFile::from_module(&network, Card::new(Kind::Autoencoder(generation::card(config))), precision);
    Ok(Opened { generation: Generation::new(&file, device)?, training: None, device: device.clone() })
}

/// Measures the reconstructions of pictures of the network's side.
///
/// # Errors
/// If there is no picture, or one is of another side.
pub fn measure_autoencoder(opened: &Opened, encoder: &SqueezeNet, judge: &Judge, pictures: &[Picture]) -> Result<Measures> {
    let examination = Examination::new(encoder, judge, pictures, 1, &opened.device)?;
    Ok(examination.measure(|at| opened.decode(&opened.encode(&pictures[at])?))?.measures)
}

/// How a run was trained, for its card.
fn training(config: &Config, state: &State, comparator: Vec<ScaledPlace>) -> Training {
    let before = state.started_from.as_ref().map_or(0, |training| training.pictures_seen);
    Training {
        data: state.data.clone(),
        pictures_seen: before + state.step * config.batch as u64,
        size: config.size,
        batch: config.batch,
        seed: config.seed,
        learning_rate: config.learning_rate,
        weights: config.weights(),
        network: config.network(),
        comparator,
        divergence: config.divergence(),
        draws: config.shows_draws(),
        started_from: state.started_from.clone().map(Box::new),
    }
}

/// Measures an inverter of the layer's features divided by `scale`.
///
/// # Errors
/// If there is no picture, or they differ in size.
pub fn measure_inverter(
    inverter: &Inverter,
    layer: Layer,
    scale: f32,
    encoder: &SqueezeNet,
    judge: &Judge,
    pictures: &[Picture],
    device: &Device,
) -> Result<Measures> {
    let examined = Examination::new(encoder, judge, pictures, 1, device)?.measure(|at| {
        let pictures = picture::to_tensor(&pictures[at], device)?; // [batch, 3, side, side]
        let features = encoder.features(pictures, layer).div_scalar(scale); // [batch, channels, grid, grid]
        Ok(picture::from_data(&inverter.forward(features).into_data())?)
    })?;
    Ok(examined.measures)
}

fn print(measures: &Measures) {
    let Measures { pictures, side, psnr, errors, .. } = measures;
    print!("{pictures} held-out pictures at {side}: PSNR {:.2} dB, normalised error", psnr.mean);
    for (space, error) in errors {
        print!(" {space} {:.1} %", error.mean * 100.0);
    }
    println!();
}

/// The means, for a card.
fn held_out_card(measures: &Measures) -> HeldOut {
    HeldOut {
        pictures: measures.pictures,
        side: measures.side,
        psnr: measures.psnr.mean,
        ssim: Some(measures.ssim.mean),
        errors: measures.errors.iter().map(|(space, error)| (space.to_string(), error.mean)).collect(),
        cosine: Some(measures.cosine.mean),
        nats: None,
    }
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
    let card = Card { source: Some(options.source.clone()), ..Card::new(kind) };
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
