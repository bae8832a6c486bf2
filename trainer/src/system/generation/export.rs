//! Model files of autoencoders, and a table of runs.

use std::path::PathBuf;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::generation::Generation;
use deepsim::model_file::{Card, HeldOut, Kind, ModelFile, Precision};
use deepsim::nets::autoencoder::{Autoencoder, Code};
use deepsim::picture::Picture;

use super::TrainedAutoencoder;
use super::codes::{principal, spread};
use super::prior;
use super::table::{Row, to_markdown};
use super::train::card_of;
use crate::data::builtin::{crops, open_data};
use crate::measure::judge::Judge;
use crate::measure::{Examination, Measures};
use crate::models;
use crate::system::options::ExportOptions;
use crate::system::{TrainedRun, card};
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::{AVERAGE_PART, AdversarialMemory};

/// Pictures that an autoencoder is measured on, at most: the judge looks at each of them twice, at 224 pixels.
const MOST_MEASURED: usize = 500;
/// Pictures whose codes give the principal directions, at most.
const MOST_ENCODED: usize = 2000;

/// Returns the model file of a run's averaged autoencoder, measured at its own side.
///
/// # Errors
/// If the run or the pictures cannot be read.
pub fn export(run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
    let config = &run.config;
    let AdversarialMemory { comparator, .. } = run.state.memory()?;
    let (mut autoencoder, seen) = averaged(run, &options.mean_with, options.precision(), device)?;
    let (dataset, held_out) = open_data(config)?;
    let pictures = crops(&held_out, options.most.unwrap_or(MOST_MEASURED), config.size)?;
    let measures = measure(&autoencoder, &pictures)?;
    card::print(&measures);
    let nats = spread(&autoencoder, &pictures)?.map(|spread| spread.nats);
    if let Some(nats) = nats {
        println!("{nats:.1} nats a picture");
    }
    let mut codes = None;
    if let Code::Latent(_) = config.code() {
        let pictures = crops(&dataset, MOST_ENCODED, config.size)?;
        codes = Some(principal(&autoencoder, &pictures)?);
        let prior = prior::fit(&autoencoder, &pictures, options.prior)?;
        autoencoder.generation = autoencoder.generation.with_prior(prior)?;
    }
    let card = Card {
        training: Some(card::training(run, comparator, seen)),
        held_out: vec![HeldOut { nats, ..card::held_out(&measures) }],
        codes,
        ..Card::new(Kind::Autoencoder(card_of(config)))
    };
    Ok(autoencoder.generation.to_file(card, options.precision()))
}

/// Returns a table with a row for each run. Samples are not measured, which takes minutes: `trainer eval` does it.
///
/// # Errors
/// If a run or the held-out pictures cannot be read.
pub fn table(runs: &[&TrainedRun], device: &Device) -> Result<String> {
    let measured = runs.iter().map(|run| {
        let (autoencoder, _) = averaged(run, &[], Precision::F32, device)?;
        let (_, held_out) = open_data(&run.config)?;
        let pictures = crops(&held_out, MOST_MEASURED, run.config.size)?;
        let spread = spread(&autoencoder, &pictures)?;
        Ok(Row {
            method: run.name.clone(),
            pictures_seen: Some(run.pictures_seen()),
            reconstruction: Some(measure(&autoencoder, &pictures)?),
            nats: spread.map(|spread| spread.nats),
            active: spread.map(|spread| spread.active),
            ..Row::default()
        })
    });
    Ok(to_markdown(&measured.collect::<Result<Vec<_>>>()?))
}

/// Returns the averaged autoencoder of a run, or the [mean](mean_with) of it and others, as a model file of this precision would hold it;
/// and how many pictures those others had seen.
fn averaged(run: &TrainedRun, others: &[PathBuf], precision: Precision, device: &Device) -> Result<(TrainedAutoencoder, Vec<u64>)> {
    let config = &run.config;
    let kind = Kind::Autoencoder(card_of(config));
    let network = load_module(&run.checkpoint, AVERAGE_PART, Autoencoder::new(config.code(), config.size, device))?;
    let (network, seen) = mean_with(&network, kind, others)?;
    let file = ModelFile::from_module(&network, Card::new(kind), precision);
    Ok((TrainedAutoencoder { generation: Generation::new(&file, device)?, training: None, device: device.clone() }, seen))
}

/// Measures the reconstructions of pictures of the network's side.
fn measure(autoencoder: &TrainedAutoencoder, pictures: &[Picture]) -> Result<Measures> {
    let device = &autoencoder.device;
    let (encoder, judge) = (models::squeezenet(device)?, Judge::open(device)?);
    let examination = Examination::new(&encoder, &judge, pictures, 1, device)?;
    Ok(examination.measure(|at| autoencoder.decode(&autoencoder.encode(&pictures[at])?))?.measures)
}
