//! One training step of DeePSiM: what the inverter, the discriminator, their optimizers and the gate do with a batch.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::loss::{DeepSimLoss, Offset, Terms};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;

use crate::gate::Gate;
use crate::trainee::Trainee;

/// What does not change while training.
#[derive(Debug)]
pub struct Setup {
    /// The network that is inverted, on the plain device.
    pub encoder: SqueezeNet,
    /// The layer that is inverted.
    pub layer: Layer,
    /// What its features are divided by.
    pub scale: f32,
    /// The loss, its comparator on the plain device.
    pub loss: DeepSimLoss,
}

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

impl Losses {
    /// What a step under this gate found: its terms, the discriminator's losses on real and on made pictures, and further numbers, each `[1]`.
    /// One small read-back `[5 + more]` a step, whatever the device.
    pub fn read<const N: usize>(
        terms: Terms,
        [real, made]: [Tensor<1>; 2],
        more: [Tensor<1>; N],
        gate: Gate,
        has_adversary: bool,
    ) -> (Self, [f32; N]) {
        let terms = [terms.image, terms.feature, terms.adversarial, real, made];
        let read = Tensor::cat(terms.into_iter().chain(more).map(Tensor::inner).collect(), 0); // [5 + more]
        let read: Vec<f32> = read.into_data().iter().collect();
        let losses = Self {
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

    /// By name, in the order in which they are shown.
    pub fn terms(&self) -> Vec<(&'static str, f32)> {
        let Self { image, feature, adversarial, real, inverted, .. } = *self;
        vec![("image", image), ("feature", feature), ("adversarial", adversarial), ("real", real), ("inverted", inverted)]
    }

    /// The network that waited, as people are told of it. One that the loss does not use does not wait.
    pub const fn waiting(&self, has_adversary: bool, generator: &'static str) -> Option<&'static str> {
        match (has_adversary && !self.discriminator_trained, self.generator_trained) {
            (true, _) => Some("the discriminator"),
            (false, false) => Some(generator),
            (false, true) => None,
        }
    }
}

impl Trainee<Inverter> {
    /// New networks with random weights from the device's generator. `width` multiplies the inverter's channels, `decay` is how much of
    /// the average a step keeps, `device` is the plain one.
    pub fn new(layer: Layer, width: f64, decay: f64, device: &Device) -> Self {
        let trained = device.clone().autodiff();
        let inverter = Inverter::with_width(layer, width, &trained);
        Self::of(inverter, Discriminator::of_inversions(layer, &trained), decay)
    }

    /// One step with pictures `[batch, 3, side, side]` on the plain device and Adam's learning rate. All losses are of the weights
    /// before the step.
    pub fn step(mut self, setup: &Setup, pictures: Tensor<4>, offset: Offset, learning_rate: f64) -> (Self, Losses) {
        let features = setup.encoder.features(pictures.clone(), setup.layer).div_scalar(setup.scale); // [batch, channels, grid, grid]
        let gate = self.gate;

        // A paused inverter runs without a graph; the losses are the same.
        let inverted = if gate.generator {
            self.generator.forward(features.clone()) // [batch, 3, side, side]
        } else {
            self.generator.valid().forward(features.clone()) // [batch, 3, side, side]
        };
        let constant = inverted.clone().inner(); // [batch, 3, side, side]

        // For the inverter's loss the discriminator is constant. Without an adversarial term there is none.
        let has_adversary = setup.loss.weights().adversarial > 0.0;
        let logits = has_adversary.then(|| self.discriminator.valid().forward(inverted.clone(), Some(features.clone()))); // [batch, 1]
        let terms = setup.loss.terms(inverted, pictures.clone(), logits.clone(), offset);

        let (real, fake);
        (self, real, fake) = match logits {
            Some(logits) => self.discriminate(pictures, constant, Some(features), logits, learning_rate),
            None => (self, Tensor::zeros([1], &constant.device()), Tensor::zeros([1], &constant.device())),
        };
        self = self.generate(&setup.loss.total(&terms), learning_rate);

        let (losses, _) = Losses::read(terms, [real, fake], [], gate, has_adversary);
        if has_adversary {
            self.gate = gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        (self, losses)
    }
}
