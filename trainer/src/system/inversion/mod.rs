//! Inverters: features of a layer -> picture (DeePSiM, section 4.3).

mod eval;
mod export;
mod table;
mod train;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun};
use crate::config::choices::TaskChoice;
use crate::train::{Ended, Session};

/// The system of inverters.
#[derive(Debug)]
pub struct Inversion;

impl System for Inversion {
    fn trains(&self, task: TaskChoice) -> bool {
        task == TaskChoice::Invert
    }

    fn made(&self, card: &Card) -> bool {
        matches!(card.kind, Kind::Inverter(_))
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::InversionTask>()
    }

    fn export(&self, run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
        export::export(run, options, device)
    }

    fn evaluate(&self, options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
        eval::evaluate(options, files, device)
    }

    fn table(&self, runs: &[&TrainedRun], device: &Device) -> Result<Option<String>> {
        export::table(runs, device).map(Some)
    }
}
