//! The numbers of a training step, and when they are read back from the device.

use burn::tensor::{ExecutionError, Tensor, TensorData};

use crate::loss::Terms;
use crate::training::gate::Gate;
use crate::training::replicas::average;

/// A step's losses, unweighted, and who trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// The image term.
    pub image: f32,
    /// The feature term.
    pub feature: f32,
    /// The adversarial term.
    pub adversarial: f32,
    /// The discriminator's loss on real pictures.
    pub real: f32,
    /// The discriminator's loss on inverted pictures.
    pub inverted: f32,
    /// Whether the discriminator trained.
    pub discriminator_trained: bool,
    /// Whether the generator trained.
    pub generator_trained: bool,
}

/// A step's losses and `N` further numbers, still on the device that computes them.
#[derive(Debug, Clone)]
pub struct Pending<const N: usize = 0> {
    numbers: Tensor<1>,
    gate: Gate,
    has_adversary: bool,
}

impl<const N: usize> Pending<N> {
    /// Creates the numbers of a step under this gate: its terms, the discriminator's losses on real and on made pictures, and further ones,
    /// each `[1]`.
    pub fn new(terms: Terms, [real, made]: [Tensor<1>; 2], more: [Tensor<1>; N], gate: Gate, has_adversary: bool) -> Self {
        let terms = [terms.image, terms.feature, terms.adversarial, real, made];
        let numbers = Tensor::cat(terms.into_iter().chain(more).map(Tensor::inner).collect(), 0); // [5 + more]
        Self { numbers, gate, has_adversary }
    }

    /// Waits for the device, and returns the losses and the further numbers, means over all replicas. It is the only read-back of a step.
    pub fn read(self) -> (Losses, [f32; N]) {
        let data = self.numbers.clone().into_data();
        self.losses_in(&data)
    }

    /// Does the same without blocking: a browser's GPU cannot be waited for.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn read_async(self) -> Result<(Losses, [f32; N]), ExecutionError> {
        let data = self.numbers.clone().into_data_async().await?;
        Ok(self.losses_in(&data))
    }

    fn losses_in(self, data: &TensorData) -> (Losses, [f32; N]) {
        let Self { gate, has_adversary, .. } = self;
        let mut read: Vec<f32> = data.iter().collect();
        average(&mut read);
        let losses = Losses {
            image: read[0],
            feature: read[1],
            adversarial: read[2],
            real: read[3],
            inverted: read[4],
            discriminator_trained: has_adversary && gate.discriminator,
            generator_trained: gate.generator,
        };
        (losses, std::array::from_fn(|at| read[5 + at]))
    }
}

impl Losses {
    /// Returns the losses by name, in the order in which they are shown.
    pub fn terms(&self) -> Vec<(&'static str, f32)> {
        let Self { image, feature, adversarial, real, inverted, .. } = *self;
        vec![("image", image), ("feature", feature), ("adversarial", adversarial), ("real", real), ("inverted", inverted)]
    }

    /// Returns the name of the paused network, for people. One that the loss does not use is not paused.
    pub const fn waiting(&self, has_adversary: bool, generator: &'static str) -> Option<&'static str> {
        match (has_adversary && !self.discriminator_trained, self.generator_trained) {
            (true, _) => Some("the discriminator"),
            (false, false) => Some(generator),
            (false, true) => None,
        }
    }
}
