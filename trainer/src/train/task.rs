//! What the training loop can train. The loop knows pictures, steps, checkpoints and the learning rate; a task knows its networks.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use deepsim::Picture;
use deepsim::model_file::Training;
use serde_json::Value;

use crate::config::Config;
use crate::data::Dataset;
use crate::data::loader::{Batch, Source};
use crate::train::checkpoint::{Part, RunState};

/// The result of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Losses and other numbers, by name, in the order in which they are shown. Losses are of the weights before the step.
    pub terms: Vec<(&'static str, f32)>,
    /// Whether each network trained, by name. One that the loss does not use does not.
    pub trained: Vec<(&'static str, bool)>,
    /// A network that waits, by its name for people.
    pub waiting: Option<&'static str>,
}

/// Pictures to train on and to look at.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// The training set.
    pub training: Arc<Dataset>,
    /// Held out of training, all of the training's size: a few to show.
    pub samples: Vec<Picture>,
}

/// Returns a number that differs where a network's weights differ, to compare replicas by.
pub fn digest<M: Module>(network: &M) -> u64 {
    let mut weights = Weights(DefaultHasher::new());
    network.visit(&mut weights);
    weights.0.finish()
}

struct Weights(DefaultHasher);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        param.val().into_data().as_bytes().hash(&mut self.0);
    }
}

/// Networks in training.
pub trait Task: Sized {
    /// Begins a new run. Returns the training of the model that it starts from, if there is one.
    ///
    /// # Errors
    /// If models cannot be used or pictures not be read.
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)>;

    /// Loads the run as it was when a checkpoint was saved.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self>;

    /// Returns the source of the batches.
    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source>;

    /// Takes one step, the `step`-th (the first is 0), with Adam's learning rate.
    fn step(self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome);

    /// Returns the files of a checkpoint.
    ///
    /// # Errors
    /// If a network cannot be written.
    fn parts(&self) -> Result<Vec<Part>>;

    /// Returns what a checkpoint has to store that is not a tensor, as a JSON object.
    ///
    /// # Errors
    /// Only if it cannot be written as JSON.
    fn memory(&self) -> Result<Value>;

    /// Returns a number that differs where the weights of the networks that make pictures differ, see [`digest`].
    fn digest(&self) -> u64;

    /// Returns a picture that shows the progress of the networks.
    ///
    /// # Errors
    /// If the pictures cannot be used.
    fn sample(&self) -> Result<Picture>;
}
