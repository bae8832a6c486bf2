//! `trainer export`: model files from runs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::comparator::ScaledPlace;
use deepsim::generation::Generation;
use deepsim::model_file::{Card, HeldOut, InverterCard, Kind, ModelFile, Precision, Training};
use deepsim::nets::autoencoder::{Autoencoder, Code};
use deepsim::nets::exemplar::ExemplarLearner;
use deepsim::nets::inverter::{Inverter, SCORES_SIDE};
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};

use crate::checkpoint::{self, State, load_module};
use crate::choices::{LossPreset, OptimizerChoice, TaskChoice};
use crate::config::Config;
use crate::data::builtin::{crops, open_data};
use crate::generation::Opened;
use crate::generation::codes::{principal, spread};
use crate::mean::mean_with;
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

    /// Take the mean of the run's weights and those of these models, of the same network
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    pub mean_with: Vec<PathBuf>,
}

/// Writes the averaged network of a run's newest checkpoint with its card; it is measured on the held-out pictures.
///
/// # Errors
/// If the run cannot be read or the file not written.
pub fn export(options: &ExportOptions, device: &Device) -> Result<()> {
    let config = Config::load(&options.run)?;
    let newest = checkpoint::latest(&options.run)?;
    let state = checkpoint::load_state(&newest)?;
    let file = match config.task {
        TaskChoice::Invert => export_inverter(options, &config, &newest, &state, device)?,
        TaskChoice::Exemplar => {
            let classes = state.memory::<exemplar::Memory>()?.classes;
            let learner = load_module(&newest, AVERAGE_PART, ExemplarLearner::new(classes, device))?;
            let (network, seen) = mean_with(&learner.network, Kind::Exemplar, &options.mean_with)?;
            let training = Some(training(&config, &state, Vec::new(), seen));
            let card = Card { training, ..Card::new(Kind::Exemplar) };
            ModelFile::from_module(&network, card, options.precision())
        }
        TaskChoice::Autoencoder | TaskChoice::Vae | TaskChoice::Vaegan => export_autoencoder(options, &config, &newest, &state, device)?,
    };
    model::write(&options.output, &file)?;
    println!("{}", options.output.display());
    Ok(())
}

impl ExportOptions {
    const fn precision(&self) -> Precision {
        if self.full_precision { Precision::F32 } else { Precision::F16 }
    }
}

fn export_inverter(options: &ExportOptions, config: &Config, newest: &Path, state: &State, device: &Device) -> Result<ModelFile> {
    let inversion::Memory { feature_scale: scale, comparator, .. } = state.memory()?;
    let kind = Kind::Inverter(InverterCard { shape: config.shape(), feature_scale: scale });
    let inverter = load_module(newest, AVERAGE_PART, Inverter::new(config.shape(), device))?;
    let (inverter, seen) = mean_with(&inverter, kind, &options.mean_with)?;
    let (_, held_out) = open_data(config)?;
    let encoder = model::squeezenet(device)?;
    let judge = Judge::open(device)?;
    let mut sides = vec![config.size, PAGE_SIDE];
    sides.dedup();
    // Those of the scores are of one side.
    sides.retain(|&side| config.layer.stride().is_some() || side == SCORES_SIDE);
    let mut measured = Vec::new();
    for side in sides {
        let pictures = crops(&held_out, options.most.unwrap_or(usize::MAX), side)?;
        let measures = measure_inverter(&inverter, config.layer, scale, &encoder, &judge, &pictures, device)?;
        print(&measures);
        measured.push(held_out_card(&measures));
    }
    let card = Card { training: Some(training(config, state, comparator, seen)), held_out: measured, ..Card::new(kind) };
    Ok(ModelFile::from_module(&inverter, card, options.precision()))
}

fn export_autoencoder(options: &ExportOptions, config: &Config, newest: &Path, state: &State, device: &Device) -> Result<ModelFile> {
    let generation::Memory { comparator, .. } = state.memory()?;
    let (opened, seen) = trained_autoencoder(config, newest, &options.mean_with, options.precision(), device)?;
    let (dataset, held_out) = open_data(config)?;
    let pictures = crops(&held_out, options.most.unwrap_or(MOST_MEASURED), config.size)?;
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
        training: Some(training(config, state, comparator, seen)),
        held_out: vec![HeldOut { nats, ..held_out_card(&measures) }],
        codes,
        ..Card::new(Kind::Autoencoder(generation::card(config)))
    };
    Ok(opened.generation.to_file(card, options.precision()))
}

/// The averaged autoencoder of a checkpoint, or the [mean](mean_with) of it and others, as a model file of this precision would hold it;
/// and how many pictures those had seen.
///
/// # Errors
/// If the checkpoint or another model cannot be read.
pub fn trained_autoencoder(
    config: &Config,
    checkpoint: &Path,
    others: &[PathBuf],
    precision: Precision,
    device: &Device,
) -> Result<(Opened, Vec<u64>)> {
    let kind = Kind::Autoencoder(generation::card(config));
    let network = load_module(checkpoint, AVERAGE_PART, Autoencoder::new(config.code(), config.size, device))?;
    let (network, seen) = mean_with(&network, kind, others)?;
    let file = ModelFile::from_module(&network, Card::new(kind), precision);
    Ok((Opened { generation: Generation::new(&file, device)?, training: None, device: device.clone() }, seen))
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
fn training(config: &Config, state: &State, comparator: Vec<ScaledPlace>, mean_with: Vec<u64>) -> Training {
    let before = state.started_from.as_ref().map_or(0, |training| training.pictures_seen);
    Training {
        data: state.data.clone(),
        pictures_seen: before + state.step * config.batch as u64,
        size: config.size,
        batch: config.batch,
        seed: config.seed,
        learning_rate: config.learning_rate,
        optimizer: (config.optimizer != OptimizerChoice::Adam).then(|| name_of(&config.optimizer)),
        translation: config.loss == LossPreset::Translation,
        weights: config.weights(),
        network: config.network(),
        comparator,
        divergence: config.divergence(),
        draws: config.shows_draws(),
        mean_with,
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

/// Returns the name of an option's value on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn print(measures: &Measures) {
    let Measures { pictures, side, psnr, errors, .. } = measures;
    print!("{pictures} held-out pictures at {side}: PSNR {:.2} dB, normalised error", psnr.mean);
    for (space, error) in errors {
        print!(" {space} {:.1} %", error.mean * 100.0);
    }
    println!(", grid {:.2}", measures.grid);
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
        grid: Some(measures.grid),
        nats: None,
    }
}
