//! Model files of style networks.

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};
use deepsim::nets::stylist::{Stylist, StylistShape};
use deepsim::restyle::stylist_of;

use super::train::{Memory, shape_of};
use crate::models;
use crate::system::options::ExportOptions;
use crate::system::{TrainedRun, card};
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::AVERAGE_PART;

/// Returns the model file of a run's averaged style network.
///
/// # Errors
/// If the run cannot be read.
pub fn export(run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
    let Memory { names, .. } = run.state.memory()?;
    let channels = match &run.config.init {
        Some(path) => stylist_of(models::read(path)?.card())?.channels,
        None => shape_of(&run.config, 0).channels,
    };
    let shape = StylistShape { channels, styles: names.len() };
    let stylist = load_module(&run.checkpoint, AVERAGE_PART, Stylist::new(shape, device))?;
    let (stylist, seen) = mean_with(&stylist, Kind::Stylist(shape), &options.mean_with)?;
    let training = Some(card::training(run, Vec::new(), seen));
    Ok(ModelFile::from_module(&stylist, Card { training, style_names: names, ..Card::new(Kind::Stylist(shape)) }, options.precision()))
}
