//! LAPGAN: noise -> picture from coarse to fine, one generator and one adversary for each level of a Laplacian pyramid (Denton et al. 2015), with the
//! other terms of DeePSiM if they are asked for.

pub mod coded;
pub mod drawn;
mod eval;
mod export;
pub mod level;
mod table;
pub mod train;

use anyhow::Result;
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun};
use crate::config::choices::TaskChoice;
use crate::train::{Ended, Session};

/// The system of LAPGANs.
#[derive(Debug)]
pub struct Lapgan;

impl System for Lapgan {
    fn trains(&self, task: TaskChoice) -> bool {
        task == TaskChoice::Lapgan
    }

    fn made(&self, card: &Card) -> bool {
        matches!(card.kind, Kind::Lapgan(_))
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::LapganTask>()
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
