//! Autoencoders, variational or not: picture -> code -> picture (DeePSiM, sections 4.1 and 4.2; Larsen et al. 2015).

pub mod autoencoder;
mod ceiling;
mod codes;
mod curves;
mod draws;
mod eval;
mod export;
pub mod prior;
mod table;
mod train;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun};
use crate::config::choices::TaskChoice;
use crate::train::{Ended, Session};
pub use autoencoder::TrainedAutoencoder;

/// The system of autoencoders.
#[derive(Debug)]
pub struct Generation;

impl System for Generation {
    fn trains(&self, task: TaskChoice) -> bool {
        task.is_generation()
    }

    fn made(&self, card: &Card) -> bool {
        matches!(card.kind, Kind::Autoencoder(_))
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::GenerationTask>()
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
