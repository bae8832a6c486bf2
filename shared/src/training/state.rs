//! The state of adversarial training: a generator, its adversary, their optimizers, the generator's average, and the gate.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;

use super::adam::adam;
use super::average::Average;
use super::gate::Gate;
use super::replicas::Averaging;
use crate::nets::discriminator::Discriminator;
use crate::nets::inverter::Inverter;

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

    /// Returns the same with another optimizer for the generator, which has made no step yet.
    pub fn with_generator_optimizer(self, optimizer: ModuleOptimizer) -> Self {
        Self { generator_optimizer: optimizer, ..self }
    }

    /// Returns the same state with another network's weights to start from; the average begins anew.
    pub fn starting_from(self, generator: G, decay: f64) -> Self {
        Self { average: Average::new(generator.valid(), decay, 0), generator, ..self }
    }

    /// Trains the generator with its whole loss `[1]`, unless it is paused, and the discriminator with the gradients of its verdict, if there are any. What the
    /// replicas exchange is on its way while this one goes back through the generator, and while it changes the discriminator's weights.
    pub fn learn(mut self, total: &Tensor<1>, judged: Option<Averaging>, rate: f64) -> Self {
        let own = self.gate.generator.then(|| GradientsParams::from_grads(total.backward(), &self.generator));
        let judged = judged.map(|gradients| gradients.finish(&self.discriminator));
        let own = own.map(|gradients| Averaging::start(gradients, &self.generator));
        if let Some(gradients) = judged {
            self.discriminator = self.discriminator_optimizer.step(rate, self.discriminator, gradients);
        }
        if let Some(gradients) = own {
            let gradients = gradients.finish(&self.generator);
            self.generator = self.generator_optimizer.step(rate, self.generator, gradients);
            self.average = self.average.update(&self.generator);
        }
        self
    }
}
