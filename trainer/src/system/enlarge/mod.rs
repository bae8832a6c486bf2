//! Upscalers: a picture -> the picture four times as large (Johnson et al. 2016, section 4.2; Ledig et al. 2017).

mod eval;
mod export;
mod measure;
pub mod train;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun};
use crate::config::choices::TaskChoice;
use crate::train::{Ended, Session};
pub use eval::enlarge_bicubically;

/// The system of upscalers.
#[derive(Debug)]
pub struct Enlarge;

impl System for Enlarge {
    fn trains(&self, task: TaskChoice) -> bool {
        task == TaskChoice::Enlarge
    }

    fn made(&self, card: &Card) -> bool {
        matches!(card.kind, Kind::Upscaler(_))
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::EnlargeTask>()
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
