//! `--task exemplar`: a comparator that needs no labels (Dosovitskiy et al. 2014).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, Int, Tensor, TensorData};
use deepsim::Picture;
use deepsim::model_file::Training;
use deepsim::nets::exemplar::ExemplarLearner;
use deepsim::random::generator_at;
use deepsim::training::adam::adam;
use deepsim::training::average::Average;
use deepsim::training::replicas::{average, gradients_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Config;
use crate::data::loader::{Batch, Source};
use crate::data::surrogate::Surrogates;
use crate::measure::sheet;
use crate::train::checkpoint::{Part, RunState, load_module, load_optimizer};
use crate::train::state::AVERAGE_PART;
use crate::train::task::{Outcome, Pictures, Task, digest};

/// Classes on a sheet of samples, and examples of each.
const SHOWN: (usize, usize) = (8, 4);
/// Separates these random numbers from those of training.
const SAMPLES: u64 = u64::MAX - 2;

/// A network and its classifier in training.
pub struct ExemplarTask {
    learner: ExemplarLearner,
    average: Average<ExemplarLearner>,
    optimizer: ModuleOptimizer,
    source: Surrogates,
    device: Device,
}

/// The part of a checkpoint that is not a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Steps in the average.
    pub average_updates: u64,
    /// Surrogate classes.
    pub classes: usize,
}

impl ExemplarTask {
    fn new(config: &Config, pictures: &Pictures, device: &Device) -> Self {
        let source = Surrogates { dataset: Arc::clone(&pictures.training), side: config.size };
        let learner = ExemplarLearner::new(source.len(), &device.clone().autodiff());
        let average = Average::new(learner.valid(), config.average_decay(), 0);
        let optimizer = adam();
        Self { learner, average, optimizer, source, device: device.clone() }
    }
}

impl Task for ExemplarTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        ensure!(config.init.is_none(), "--init is for inverters: an Exemplar-CNN starts from random weights");
        Ok((Self::new(config, pictures, device), None))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let Memory { average_updates, .. } = state.memory()?;
        let fresh = Self::new(config, pictures, device);
        let average = load_module(checkpoint, AVERAGE_PART, fresh.average.module().clone())?;
        Ok(Self {
            learner: load_module(checkpoint, "learner.bpk", fresh.learner)?,
            average: Average::new(average, config.average_decay(), average_updates),
            optimizer: load_optimizer(checkpoint, "adam.bpk", fresh.optimizer)?,
            ..fresh
        })
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Surrogates { dataset: Arc::clone(&pictures.training), side: config.size })
    }

    fn step(mut self, batch: Batch, _: u64, rate: f64) -> (Self, Outcome) {
        let pictures = Tensor::<4>::from_data(batch.pictures, &self.device).autodiff(); // [batch, 3, side, side]
        // A data set has fewer pictures than an i32 counts.
        let classes: Vec<i32> = batch.indices.iter().map(|&index| index as i32).collect();
        let count = classes.len();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [count]), &self.device).autodiff(); // [batch]
        let logits = self.learner.forward(pictures); // [batch, classes]
        let right = logits.clone().argmax(1).flatten::<1>(0, 1).equal(classes.clone()).float().mean(); // [1]
        let loss = CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, classes); // [1]
        let gradients = gradients_of(loss.backward(), &self.learner);
        self.learner = self.optimizer.step(rate, self.learner, gradients);
        self.average = self.average.update(&self.learner);
        // One small read-back a step.
        let mut read: Vec<f32> = Tensor::cat(vec![loss.inner(), right.inner()], 0).into_data().iter().collect(); // [2]
        average(&mut read);
        let terms = vec![("cross_entropy", read[0]), ("right", read[1])];
        (self, Outcome { terms, trained: vec![("network", true)], waiting: None })
    }

    fn parts(&self) -> Result<Vec<Part>> {
        Ok(vec![
            ("learner.bpk".to_owned(), self.learner.valid().into_record().into_bytes()?.to_vec()),
            (AVERAGE_PART.to_owned(), self.average.module().clone().into_record().into_bytes()?.to_vec()),
            ("adam.bpk".to_owned(), self.optimizer.into_bytes()?.to_vec()),
        ])
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(Memory { average_updates: self.average.updates(), classes: self.source.len() })?)
    }

    fn digest(&self) -> u64 {
        digest(self.average.module())
    }

    /// Examples of a few classes, one column for each.
    fn sample(&self) -> Result<Picture> {
        let (classes, each) = SHOWN;
        let example = |row: usize, class: usize| self.source.example(class, &mut generator_at(0, SAMPLES, (row * classes + class) as u64));
        let rows = (0..each).map(|row| (0..classes.min(self.source.len())).map(|class| example(row, class)).collect::<Result<Vec<_>, _>>());
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        sheet::sheet(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}
