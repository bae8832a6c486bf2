//! Pictures of a class by activation maximisation (Nguyen et al., *Synthesizing the preferred inputs for neurons in neural networks via deep generator
//! networks*, 2016, who use DeePSiM's generator): gradient ascent on the features that an inverter turns into a picture, towards a class that
//! SqueezeNet should see there. The inverter is the prior: whatever the features are, it makes something like a picture of them.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::generation::latent;
use crate::loss::{Border, Offset};
use crate::nets::inverter::Inverter;
use crate::nets::squeezenet::SqueezeNet;
use crate::optimise::Descent;
use crate::random::generator;

/// Weight of the mean square of the features: without it they grow until the picture is glaring.
const SIZE: f64 = 0.05;
/// Largest feature, in units of the root of their mean square over pictures: what the inverter has hardly seen, it paints badly.
const MOST: f64 = 8.0;
/// Root of the mean square of the features that noise begins with.
const NOISE: f32 = 0.5;

/// A picture on its way to a class.
#[derive(Debug)]
pub struct Dream {
    squeezenet: SqueezeNet,
    inverter: Inverter,
    class: usize,
    features: Descent,
    random: ChaCha8Rng,
}

impl Dream {
    /// Begins at scaled features `[1, channels, grid, grid]` on the plain device, those of a picture or [`noise`]. `class` counts SqueezeNet's classes
    /// from 0 to 999; the seed decides how the picture is shifted at each step.
    pub fn new(squeezenet: &SqueezeNet, inverter: &Inverter, start: Tensor<4>, class: usize, seed: u64) -> Self {
        let (squeezenet, inverter) = (squeezenet.clone(), inverter.clone());
        Self { squeezenet, inverter, class, features: Descent::new(start), random: generator(seed) }
    }

    /// Returns the picture of the current features, `[1, 3, side, side]`, on the plain device.
    pub fn picture(&self) -> Tensor<4> {
        self.inverter.forward(self.features.values.clone())
    }

    /// Takes one step of Adam. Returns the class's probability before it, `[1]`, 0 to 1.
    pub fn step(&mut self, rate: f64) -> Tensor<1> {
        let features = self.features.values.clone().autodiff().require_grad(); // [1, channels, grid, grid]
        let picture = self.inverter.forward(features.clone()); // [1, 3, side, side]
        // Another shift at each step: a pattern that convinces at one place of the network's grid alone is nothing that a person would see.
        let range = Border::Mirrored.range(picture.dims()[3]);
        let offset = Offset { left: self.random.random_range(0..=range), top: self.random.random_range(0..=range) };
        let seen = offset.shift(picture, Border::Mirrored); // [1, 3, side + range, side + range]
        let scores = self.squeezenet.linear_scores(seen); // [1, 1000]
        let likelihood = log_softmax(scores, 1).narrow(1, self.class, 1).flatten::<1>(0, 1); // [1]
        let size = features.clone().square().mean().mul_scalar(SIZE); // [1]
        let gradients = (size - likelihood.clone()).backward();
        if let Some(gradient) = features.grad(&gradients) {
            self.features.step(gradient, rate);
            // Features come out of a ReLU.
            self.features.values = self.features.values.clone().clamp(0.0, MOST); // [1, channels, grid, grid]
        }
        likelihood.inner().exp() // [1]
    }
}

/// Returns small random features, none below zero, `[1, channels, grid, grid]`, the same on every device.
pub fn noise(seed: u64, channels: usize, grid: usize, device: &Device) -> Tensor<4> {
    let values = latent(seed, 0, 0, channels * grid * grid).into_iter().map(|value| value.max(0.0) * NOISE).collect();
    Tensor::from_data(TensorData::new(values, [1, channels, grid, grid]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layer;
    use crate::nets::inverter::InverterShape;

    #[test]
    fn a_class_becomes_likelier_and_features_stay_in_their_range() {
        let device = Device::flex();
        let squeezenet = SqueezeNet::random(1, &device);
        let inverter = Inverter::new(InverterShape { width: 0.25, ..Layer::Fire9.into() }, &device);
        let start = noise(1, Layer::Fire9.channels(), Layer::Fire9.grid(64), &device);
        let mut dream = Dream::new(&squeezenet, &inverter, start, 7, 1);
        let probabilities: Vec<f32> = (0..25).map(|_| dream.step(0.1).into_scalar()).collect();
        let (first, last) = (probabilities[..5].iter().sum::<f32>(), probabilities[20..].iter().sum::<f32>());
        assert!(last > 1.2 * first, "{probabilities:?}");
        let values: Vec<f32> = dream.features.values.into_data().iter().collect();
        assert!(values.iter().all(|value| (0.0..=8.0).contains(value)));
    }
}
