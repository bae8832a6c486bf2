//! Exemplar-CNNs: comparators trained without labels (Dosovitskiy et al. 2014).

mod train;

use anyhow::{Result, bail};
use burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile};
use deepsim::nets::exemplar::ExemplarLearner;

use super::options::{EvalOptions, ExportOptions};
use super::{System, TrainedRun, card};
use crate::config::choices::TaskChoice;
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::AVERAGE_PART;
use crate::train::{Ended, Session};

/// The system of Exemplar-CNNs.
#[derive(Debug)]
pub struct Exemplar;

impl System for Exemplar {
    fn trains(&self, task: TaskChoice) -> bool {
        task == TaskChoice::Exemplar
    }

    fn made(&self, card: &Card) -> bool {
        card.kind == Kind::Exemplar
    }

    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)> {
        session.train::<train::ExemplarTask>()
    }

    fn export(&self, run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
        let classes = run.state.memory::<train::Memory>()?.classes;
        let learner = load_module(&run.checkpoint, AVERAGE_PART, ExemplarLearner::new(classes, device))?;
        let (network, seen) = mean_with(&learner.network, Kind::Exemplar, &options.mean_with)?;
        let training = Some(card::training(run, Vec::new(), seen));
        Ok(ModelFile::from_module(&network, Card { training, ..Card::new(Kind::Exemplar) }, options.precision()))
    }

    fn evaluate(&self, _: &EvalOptions, _: &[ModelFile], _: &Device) -> Result<()> {
        bail!("an Exemplar-CNN makes no pictures that could be measured: measure models that were trained with it as their comparator")
    }

    /// Returns nothing: a comparator makes no pictures.
    fn table(&self, _: &[&TrainedRun], _: &Device) -> Result<Option<String>> {
        Ok(None)
    }
}
