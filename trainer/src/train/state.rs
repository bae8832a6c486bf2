//! What a checkpoint has of adversarial training.

use std::path::Path;

use anyhow::Result;
use burn::module::Module;
use deepsim::comparator::ScaledPlace;
use deepsim::training::average::Average;
use deepsim::training::gate::Gate;
use deepsim::training::state::TrainState;
use serde::{Deserialize, Serialize};

use crate::train::checkpoint::{Part, load_module, load_optimizer};

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

/// The state of a training that checkpoints hold.
pub trait Checkpointed: Sized {
    /// Returns the files of a checkpoint.
    ///
    /// # Errors
    /// If a network cannot be written.
    fn parts(&self) -> Result<Vec<Part>> {
        self.parts_of("")
    }

    /// Returns the files of a checkpoint that holds several of these; each has a prefix for the names of its own.
    ///
    /// # Errors
    /// If a network cannot be written.
    fn parts_of(&self, prefix: &str) -> Result<Vec<Part>>;

    /// Loads networks and optimizers from a checkpoint with the gate and the average that it remembers.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    fn restore(self, checkpoint: &Path, memory: &AdversarialMemory, decay: f64) -> Result<Self> {
        self.restore_of("", checkpoint, memory, decay)
    }

    /// Loads the same from the files of this prefix.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    fn restore_of(self, prefix: &str, checkpoint: &Path, memory: &AdversarialMemory, decay: f64) -> Result<Self>;

    /// Returns what a checkpoint has to remember, with the comparator's places.
    fn memory(&self, comparator: &[ScaledPlace]) -> AdversarialMemory;
}

impl<G: Module> Checkpointed for TrainState<G> {
    fn parts_of(&self, prefix: &str) -> Result<Vec<Part>> {
        let parts = [
            ("generator.bpk", self.generator.valid().into_record().into_bytes()?),
            (AVERAGE_PART, self.average.module().clone().into_record().into_bytes()?),
            ("discriminator.bpk", self.discriminator.valid().into_record().into_bytes()?),
            ("generator-adam.bpk", self.generator_optimizer.into_bytes()?),
            ("discriminator-adam.bpk", self.discriminator_optimizer.into_bytes()?),
        ];
        Ok(parts.into_iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.to_vec())).collect())
    }

    fn restore_of(self, prefix: &str, checkpoint: &Path, memory: &AdversarialMemory, decay: f64) -> Result<Self> {
        let name = |part: &str| format!("{prefix}{part}");
        let average = load_module(checkpoint, &name(AVERAGE_PART), self.average.module().clone())?;
        Ok(Self {
            generator: load_module(checkpoint, &name("generator.bpk"), self.generator)?,
            average: Average::new(average, decay, memory.average_updates),
            discriminator: load_module(checkpoint, &name("discriminator.bpk"), self.discriminator)?,
            generator_optimizer: load_optimizer(checkpoint, &name("generator-adam.bpk"), self.generator_optimizer)?,
            discriminator_optimizer: load_optimizer(checkpoint, &name("discriminator-adam.bpk"), self.discriminator_optimizer)?,
            gate: memory.gate,
        })
    }

    fn memory(&self, comparator: &[ScaledPlace]) -> AdversarialMemory {
        AdversarialMemory { gate: self.gate, average_updates: self.average.updates(), comparator: comparator.to_vec() }
    }
}
