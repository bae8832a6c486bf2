//! Style networks: a picture -> the same picture in a style (Johnson et al. 2016; Dumoulin, Shlens & Kudlur 2017).

mod eval;
mod export;
pub mod optimise;
pub mod picture;
pub mod train;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun};
use crate::config::choices::TaskChoice;
use crate::train::{Ended, Session};

/// The system of style networks.
#[derive(Debug)]
pub struct Style;

impl System for Style {
    fn trains(&self, task: TaskChoice) -> bool {
        task == TaskChoice::Style
    }

    fn made(&self, card: &Card) -> bool {
        matches!(card.kind, Kind::Stylist(_))
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::StyleTask>()
    }

    fn export(&self, run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
        export::export(run, options, device)
    }

    fn evaluate(&self, options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
        eval::evaluate(options, files, device)
    }

    /// Returns nothing: the loss of a run is in its curves, and `trainer eval` compares models with optimisation.
    fn table(&self, _: &[&TrainedRun], _: &Device) -> Result<Option<String>> {
        Ok(None)
    }
}
