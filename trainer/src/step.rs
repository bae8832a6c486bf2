//! One training step of DeePSiM: what the inverter, the discriminator, their optimizers and the gate do with a batch.

use std::path::Path;

use anyhow::Result;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::loss::{DeepSimLoss, Offset, inverted_loss, real_loss};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;

use crate::checkpoint::{Part, load_module, load_optimizer};
use crate::ema::Average;
use crate::gate::Gate;

/// The file of a checkpoint with the average, which is what is exported.
pub const AVERAGE_PART: &str = "average.bpk";

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
    /// Whether the inverter trained.
    pub inverter_trained: bool,
}

impl Trainee {
    /// New networks with random weights from the device's generator, and their optimizers (Adam, as in the paper). `width`
    /// multiplies the inverter's channels, `device` is the plain one.
    pub fn new(layer: Layer, width: f64, average: f64, device: &Device) -> Self {
        let trained = device.clone().autodiff();
        let inverter = Inverter::with_width(layer, width, &trained);
        let adam = || AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init();
        Self {
            average: Average::new(inverter.valid(), average, 0),
            inverter,
            discriminator: Discriminator::new(layer, &trained),
            inverter_optimizer: adam(),
            discriminator_optimizer: adam(),
            gate: Gate::OPEN,
        }
    }

    /// The files of a checkpoint.
    ///
    /// # Errors
    /// If a network cannot be written.
    pub fn parts(&self) -> Result<Vec<Part>> {
        Ok(vec![
            ("inverter.bpk", self.inverter.valid().into_record().into_bytes()?.to_vec()),
            (AVERAGE_PART, self.average.module().clone().into_record().into_bytes()?.to_vec()),
            ("discriminator.bpk", self.discriminator.valid().into_record().into_bytes()?.to_vec()),
            ("inverter-adam.bpk", self.inverter_optimizer.into_bytes()?.to_vec()),
            ("discriminator-adam.bpk", self.discriminator_optimizer.into_bytes()?.to_vec()),
        ])
    }

    /// The same networks and optimizers as they were when a checkpoint was saved, after `updates` of the average; the gate is open.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another shape.
    pub fn load(self, checkpoint: &Path, updates: u64, decay: f64) -> Result<Self> {
        Ok(Self {
            inverter: load_module(checkpoint, "inverter.bpk", self.inverter)?,
            average: Average::new(load_module(checkpoint, AVERAGE_PART, self.average.module().clone())?, decay, updates),
            discriminator: load_module(checkpoint, "discriminator.bpk", self.discriminator)?,
            inverter_optimizer: load_optimizer(checkpoint, "inverter-adam.bpk", self.inverter_optimizer)?,
            discriminator_optimizer: load_optimizer(checkpoint, "discriminator-adam.bpk", self.discriminator_optimizer)?,
            gate: Gate::OPEN,
        })
    }

    /// One step with pictures `[batch, 3, side, side]` on the plain device and Adam's learning rate. All losses are of the weights
    /// before the step.
    pub fn step(mut self, setup: &Setup, pictures: Tensor<4>, offset: Offset, learning_rate: f64) -> (Self, Losses) {
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
                self.discriminator = self.discriminator_optimizer.step(learning_rate, self.discriminator, gradients);
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
            self.inverter = self.inverter_optimizer.step(learning_rate, self.inverter, gradients);
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
        (self, losses)
    }
}
