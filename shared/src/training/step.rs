//! One training step of DeePSiM: what the inverter, the discriminator, their optimizers and the gate do with a batch.

use burn::module::Module;
use burn::tensor::{Device, ExecutionError, Tensor};

use crate::Layer;
use crate::kernels::in_pool;
use crate::loss::{DeepSimLoss, Offset, Terms, mean_square};
use crate::nets::discriminator::Discriminator;
use crate::nets::inverter::{Inverter, InverterShape};
use crate::nets::squeezenet::SqueezeNet;
use crate::training::losses::{Losses, Pending};
use crate::training::oppose::Verdict;
use crate::training::state::TrainState;

/// The constants of training.
#[derive(Debug)]
pub struct Setup {
    /// The network that is inverted, on the plain device.
    pub encoder: SqueezeNet,
    /// The layer that is inverted.
    pub layer: Layer,
    /// The divisor of its features.
    pub scale: f32,
    /// The loss, its comparator on the plain device.
    pub loss: DeepSimLoss,
    /// A layer that the inverter goes through, and what its features are divided by: only the translation into them is trained.
    pub translation: Option<(Layer, f32)>,
}

impl Setup {
    /// Returns whether the loss has an adversarial term, and so a discriminator.
    pub const fn has_adversary(&self) -> bool {
        self.loss.weights().adversarial > 0.0 && self.translation.is_none()
    }
}

impl TrainState<Inverter> {
    /// Creates networks with random weights from the device's generator. `decay` is how much of the average a step keeps, `device` is the
    /// plain one.
    pub fn new(shape: impl Into<InverterShape>, decay: f64, device: &Device) -> Self {
        let shape = shape.into();
        let trained = device.clone().autodiff();
        let inverter = Inverter::new(shape, &trained);
        Self::of(inverter, Discriminator::of_inversions(shape.layer, &trained), decay)
    }

    /// Makes one step with pictures `[batch, 3, side, side]` on the plain device, waits for its losses and lets the gate decide about the next.
    /// All losses are of the weights before the step.
    pub fn step(self, setup: &Setup, pictures: Tensor<4>, offset: Offset, learning_rate: f64) -> (Self, Losses) {
        let (stepped, pending) = self.launch(setup, pictures, offset, learning_rate);
        let (losses, _) = pending.read();
        (stepped.decided(setup, &losses), losses)
    }

    /// Makes the same step where the device cannot be waited for.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn step_async(
        self,
        setup: &Setup,
        pictures: Tensor<4>,
        offset: Offset,
        learning_rate: f64,
    ) -> Result<(Self, Losses), ExecutionError> {
        let (stepped, pending) = self.launch(setup, pictures, offset, learning_rate);
        let (losses, _) = pending.read_async().await?;
        Ok((stepped.decided(setup, &losses), losses))
    }

    /// Returns the state with the gate's decision about the step after one with these losses.
    fn decided(mut self, setup: &Setup, losses: &Losses) -> Self {
        if setup.has_adversary() {
            self.gate = self.gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        self
    }

    /// Makes the step without waiting for it: a GPU may still be at work. The gate stays as it is.
    pub fn launch(self, setup: &Setup, pictures: Tensor<4>, offset: Offset, learning_rate: f64) -> (Self, Pending) {
        in_pool(|| match setup.translation {
            Some(through) => self.launch_translation(setup, pictures, through, learning_rate),
            None => self.launch_terms(setup, pictures, offset, learning_rate),
        })
    }

    /// Makes a step with the terms of the loss.
    fn launch_terms(self, setup: &Setup, pictures: Tensor<4>, offset: Offset, learning_rate: f64) -> (Self, Pending) {
        let features = setup.encoder.features(pictures.clone(), setup.layer).div_scalar(setup.scale); // [batch, channels, grid, grid]
        let gate = self.gate;

        // A paused inverter runs without a graph; the losses are the same.
        let inverted = if gate.generator {
            self.generator.forward(features.clone()) // [batch, 3, side, side]
        } else {
            self.generator.valid().forward(features.clone()) // [batch, 3, side, side]
        };
        // Without an adversarial term there is no discriminator.
        let has_adversary = setup.has_adversary();
        let verdict =
            if has_adversary { self.oppose(pictures.clone(), inverted.clone(), Some(features)) } else { Verdict::none(&pictures.device()) };
        let terms = setup.loss.terms(inverted, pictures, verdict.logits, offset);
        let learned = self.learn(&setup.loss.total(&terms), verdict.gradients, learning_rate);

        (learned, Pending::new(terms, [verdict.real, verdict.made], [], gate, has_adversary))
    }

    /// Makes a step of the translator alone: the mean squared error of scaled features at the layer that the inverter goes through. No picture is
    /// made, and nothing goes back through the encoder.
    fn launch_translation(self, setup: &Setup, pictures: Tensor<4>, (through, scale): (Layer, f32), learning_rate: f64) -> (Self, Pending) {
        let mut seen = setup.encoder.features_of(pictures, &[through, setup.layer]);
        let features = seen.swap_remove(1).div_scalar(setup.scale); // [batch, channels, grid, grid]
        let wanted = seen.swap_remove(0).div_scalar(scale); // [batch, channels, 2 grid + 1, 2 grid + 1]
        let error = mean_square(self.generator.translate(features) - wanted); // [1]
        let gate = self.gate;
        let trained = self.learn(&error, None, learning_rate);
        let nothing = error.zeros_like().inner();
        let terms = Terms { image: nothing.clone(), feature: error, adversarial: nothing.clone() };
        (trained, Pending::new(terms, [nothing.clone(), nothing], [], gate, false))
    }
}
