//! The state of adversarial training: a generator, its adversary, their optimizers, the generator's average, and the gate.

use std::path::Path;

use anyhow::Result;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use deepsim::comparator::ScaledPlace;
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::inverter::Inverter;
use serde::{Deserialize, Serialize};

use crate::config::choices::OptimizerChoice;
use crate::train::average::Average;
use crate::train::checkpoint::{Part, load_module, load_optimizer};
use crate::train::gate::Gate;
use crate::train::optimizer::{adam, of_generator};

/// The file of a checkpoint with the average, which is what is exported.
pub const AVERAGE_PART: &str = "average.bpk";

/// The part of a checkpoint of adversarial training that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdversarialMemory {
    /// Who trains at the next step.
    pub gate: Gate,
    /// Steps in the average.
    pub average_updates: u64,
    /// Where the comparator compares, and what its features there are divided by.
    pub comparator: Vec<ScaledPlace>,
}

/// A generator in training: an inverter, or an autoencoder.
pub struct TrainState<G: Module = Inverter> {
    /// The network that makes pictures, the paper's G.
    pub generator: G,
    /// Its adversary.
    pub discriminator: Discriminator,
    /// The generator's moving average.
    pub average: Average<G>,
    /// The generator's optimizer.
    pub generator_optimizer: ModuleOptimizer,
    /// Adam for the discriminator.
    pub discriminator_optimizer: ModuleOptimizer,
    /// Who trains at the next step.
    pub gate: Gate,
}

impl<G: Module> TrainState<G> {
    /// Creates the training state of two networks on a device that differentiates, with Adam, as in the paper. `decay` is how much of the
    /// average a step keeps.
    pub fn of(generator: G, discriminator: Discriminator, decay: f64) -> Self {
        Self {
            average: Average::new(generator.valid(), decay, 0),
            generator,
            discriminator,
            generator_optimizer: adam(),
            discriminator_optimizer: adam(),
            gate: Gate::OPEN,
        }
    }

    /// Returns the same with other optimizers, for networks that have made no step yet.
    pub fn with_optimizers(self, generator: ModuleOptimizer, discriminator: ModuleOptimizer) -> Self {
        Self { generator_optimizer: generator, discriminator_optimizer: discriminator, ..self }
    }

    /// Returns the same with another method for the generator, which has made no step yet.
    pub fn with_optimizer(self, choice: OptimizerChoice) -> Self {
        Self { generator_optimizer: of_generator(choice), ..self }
    }

    /// Returns the same state with another network's weights to start from; the average begins anew.
    pub fn starting_from(self, generator: G, decay: f64) -> Self {
        Self { average: Average::new(generator.valid(), decay, 0), generator, ..self }
    }

    /// Returns the files of a checkpoint.
    ///
    /// # Errors
    /// If a network cannot be written.
    pub fn parts(&self) -> Result<Vec<Part>> {
        self.parts_of("")
    }

    /// Returns the files of a checkpoint that holds several of these; each has a prefix for the names of its own.
    ///
    /// # Errors
    /// If a network cannot be written.
    pub fn parts_of(&self, prefix: &str) -> Result<Vec<Part>> {
        let parts = [
            ("generator.bpk", self.generator.valid().into_record().into_bytes()?),
            (AVERAGE_PART, self.average.module().clone().into_record().into_bytes()?),
            ("discriminator.bpk", self.discriminator.valid().into_record().into_bytes()?),
            ("generator-adam.bpk", self.generator_optimizer.into_bytes()?),
            ("discriminator-adam.bpk", self.discriminator_optimizer.into_bytes()?),
        ];
        Ok(parts.into_iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.to_vec())).collect())
    }

    /// Loads networks and optimizers from a checkpoint, after `updates` of the average; the gate is open.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    pub fn load(self, checkpoint: &Path, updates: u64, decay: f64) -> Result<Self> {
        self.load_of("", checkpoint, updates, decay)
    }

    fn load_of(self, prefix: &str, checkpoint: &Path, updates: u64, decay: f64) -> Result<Self> {
        let name = |part: &str| format!("{prefix}{part}");
        Ok(Self {
            generator: load_module(checkpoint, &name("generator.bpk"), self.generator)?,
            average: Average::new(load_module(checkpoint, &name(AVERAGE_PART), self.average.module().clone())?, decay, updates),
            discriminator: load_module(checkpoint, &name("discriminator.bpk"), self.discriminator)?,
            generator_optimizer: load_optimizer(checkpoint, &name("generator-adam.bpk"), self.generator_optimizer)?,
            discriminator_optimizer: load_optimizer(checkpoint, &name("discriminator-adam.bpk"), self.discriminator_optimizer)?,
            gate: Gate::OPEN,
        })
    }

    /// Loads networks and optimizers from a checkpoint with the gate and the average that it remembers.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    pub fn restore(self, checkpoint: &Path, memory: &AdversarialMemory, decay: f64) -> Result<Self> {
        self.restore_of("", checkpoint, memory, decay)
    }

    /// Loads the same from the files of this prefix.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    pub fn restore_of(self, prefix: &str, checkpoint: &Path, memory: &AdversarialMemory, decay: f64) -> Result<Self> {
        Ok(Self { gate: memory.gate, ..self.load_of(prefix, checkpoint, memory.average_updates, decay)? })
    }

    /// Returns what a checkpoint has to remember, with the comparator's places.
    pub fn memory(&self, comparator: &[ScaledPlace]) -> AdversarialMemory {
        AdversarialMemory { gate: self.gate, average_updates: self.average.updates(), comparator: comparator.to_vec() }
    }

    /// Trains the generator with its whole loss `[1]`; does nothing while it is paused.
    pub fn generate(mut self, total: &Tensor<1>, rate: f64) -> Self {
        if self.gate.generator {
            let gradients = GradientsParams::from_grads(total.backward(), &self.generator);
            self.generator = self.generator_optimizer.step(rate, self.generator, gradients);
            self.average = self.average.update(&self.generator);
        }
        self
    }
}
