//! One training step of DeePSiM: what the inverter, the discriminator, their optimizers and the gate do with a batch.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::loss::{DeepSimLoss, Offset, inverted_loss, real_loss};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;
use serde::Serialize;

use crate::ema::Average;
use crate::gate::Gate;

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
    /// Adam's learning rate.
    pub learning_rate: f64,
}

/// What training changes.
pub struct Trainee {
    /// The generator.
    pub inverter: Inverter,
    /// Its adversary.
    pub discriminator: Discriminator,
    /// The inverter's moving average.
    pub average: Average<Inverter>,
    /// Adam for the inverter.
    pub inverter_optimizer: ModuleOptimizer,
    /// Adam for the discriminator.
    pub discriminator_optimizer: ModuleOptimizer,
    /// Who trains at the next step.
    pub gate: Gate,
    /// Steps done.
    pub step: u64,
}

/// A step's losses, unweighted, and who trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
    /// Whether the inverter trained.
    pub inverter_trained: bool,
}

impl Losses {
    /// Whether every loss is a number.
    pub fn are_finite(&self) -> bool {
        [self.image, self.feature, self.adversarial, self.real, self.inverted].iter().all(|loss| loss.is_finite())
    }
}

impl Trainee {
    /// New networks with random weights from the device's generator, and their optimizers (Adam, as in the paper). `device` is the
    /// plain one.
    pub fn new(layer: Layer, average: f64, device: &Device) -> Self {
        let trained = device.clone().autodiff();
        let inverter = Inverter::new(layer, &trained);
        let adam = || AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init();
        Self {
            average: Average::new(inverter.valid(), average, 0),
            inverter,
            discriminator: Discriminator::new(layer, &trained),
            inverter_optimizer: adam(),
            discriminator_optimizer: adam(),
            gate: Gate::OPEN,
            step: 0,
        }
    }

    /// One step with pictures `[batch, 3, side, side]` on the plain device. All losses are of the weights before the step.
    pub fn step(mut self, setup: &Setup, pictures: Tensor<4>, offset: Offset) -> (Self, Losses) {
        let features = setup.encoder.features(pictures.clone(), setup.layer).div_scalar(setup.scale); // [batch, channels, grid, grid]

        // A paused inverter runs without a graph; the losses are the same.
        let inverted = if self.gate.inverter {
            self.inverter.forward(features.clone()) // [batch, 3, side, side]
        } else {
            self.inverter.valid().forward(features.clone()) // [batch, 3, side, side]
        };
        let constant = inverted.clone().inner(); // [batch, 3, side, side]

        // For the inverter's loss the discriminator is constant. Without an adversarial term there is none.
        let has_adversary = setup.loss.weights().adversarial > 0.0;
        let logits = has_adversary.then(|| self.discriminator.valid().forward(inverted.clone(), features.clone())); // [batch, 1]
        let terms = setup.loss.terms(inverted, pictures.clone(), logits.clone(), offset);

        let (real, fake) = match logits {
            None => (Tensor::zeros([1], &constant.device()), Tensor::zeros([1], &constant.device())),
            Some(_) if self.gate.discriminator => {
                let real = real_loss(self.discriminator.forward(pictures, features.clone())); // [1]
                let fake = inverted_loss(self.discriminator.forward(constant, features)); // [1]
                let gradients = (real.clone() + fake.clone()).backward();
                let gradients = GradientsParams::from_grads(gradients, &self.discriminator);
                self.discriminator = self.discriminator_optimizer.step(setup.learning_rate, self.discriminator, gradients);
                (real, fake)
            }
            Some(logits) => {
                let real = real_loss(self.discriminator.valid().forward(pictures, features)); // [1]
                (real, inverted_loss(logits.inner()))
            }
        };

        if self.gate.inverter {
            let gradients = setup.loss.total(&terms).backward();
            let gradients = GradientsParams::from_grads(gradients, &self.inverter);
            self.inverter = self.inverter_optimizer.step(setup.learning_rate, self.inverter, gradients);
            self.average = self.average.update(&self.inverter);
        }

        // One small read-back a step, whatever the device.
        let read = [terms.image, terms.feature, terms.adversarial, real, fake].map(Tensor::inner);
        let read: Vec<f32> = Tensor::cat(read.into(), 0).into_data().iter().collect(); // [5]
        let losses = Losses {
            image: read[0],
            feature: read[1],
            adversarial: read[2],
            real: read[3],
            inverted: read[4],
            discriminator_trained: has_adversary && self.gate.discriminator,
            inverter_trained: self.gate.inverter,
        };
        if has_adversary {
            self.gate = self.gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        self.step += 1;
        (self, losses)
    }
}
