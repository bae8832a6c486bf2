//! Model files of inverters, and a table of runs.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::model_file::{Card, InverterCard, Kind, ModelFile};
use deepsim::nets::inverter::{Inverter, SCORES_SIDE};
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};

use super::table::{Row, to_markdown};
use super::train::Memory;
use crate::data::builtin::{crops, open_data};
use crate::measure::judge::Judge;
use crate::measure::{Examination, Measures};
use crate::models;
use crate::system::options::ExportOptions;
use crate::system::{TrainedRun, card};
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::AVERAGE_PART;

/// The side at which the page inverts; an export is measured there as well as at its training size.
const PAGE_SIDE: usize = 224;

/// Returns the model file of a run's averaged inverter, measured at the training size and at the page's.
///
/// # Errors
/// If the run or the held-out pictures cannot be read.
pub fn export(run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
    let config = &run.config;
    let Memory { feature_scale: scale, comparator, .. } = run.state.memory()?;
    let kind = Kind::Inverter(InverterCard { shape: config.shape(), feature_scale: scale });
    let inverter = load_module(&run.checkpoint, AVERAGE_PART, Inverter::new(config.shape(), device))?;
    let (inverter, seen) = mean_with(&inverter, kind, &options.mean_with)?;
    let (_, held_out) = open_data(config)?;
    let encoder = models::squeezenet(device)?;
    let judge = Judge::open(device)?;
    let mut sides = vec![config.size, PAGE_SIDE];
    sides.dedup();
    // Inversions of the scores have one side.
    sides.retain(|&side| config.layer.stride().is_some() || side == SCORES_SIDE);
    let mut measured = Vec::new();
    for side in sides {
        let pictures = crops(&held_out, options.most.unwrap_or(usize::MAX), side)?;
        let measures = measure(&inverter, config.layer, scale, &encoder, &judge, &pictures, device)?;
        card::print(&measures);
        measured.push(card::held_out(&measures));
    }
    let card = Card { training: Some(card::training(run, comparator, seen)), held_out: measured, ..Card::new(kind) };
    Ok(ModelFile::from_module(&inverter, card, options.precision()))
}

/// Returns a table with a row for each run: its newest average, at the size that it trains at.
///
/// # Errors
/// If a run or the held-out pictures cannot be read.
pub fn table(runs: &[&TrainedRun], device: &Device) -> Result<String> {
    let encoder = models::squeezenet(device)?;
    let judge = Judge::open(device)?;
    let measured = runs.iter().map(|run| {
        let config = &run.config;
        let inverter = load_module(&run.checkpoint, AVERAGE_PART, Inverter::new(config.shape(), device))?.no_grad();
        let Memory { feature_scale: scale, .. } = run.state.memory()?;
        let (_, held_out) = open_data(config)?;
        let pictures = crops(&held_out, usize::MAX, config.size)?;
        let measures = measure(&inverter, config.layer, scale, &encoder, &judge, &pictures, device)?;
        Ok(Row { method: run.name.clone(), layer: Some(config.layer), pictures_seen: Some(run.pictures_seen()), measures })
    });
    Ok(to_markdown(&measured.collect::<Result<Vec<_>>>()?))
}

/// Measures an inverter of the layer's features divided by `scale`.
fn measure(
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
