//! Inversion by optimisation, as a method among the others.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use deepsim::Layer;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::optimise::{Optimisation, Prior};
use deepsim::picture::{self, Picture};
use rand::RngExt;

use super::Method;
use crate::random::random;

/// Adam's rate for pixels in [-1, 1] at the first step; it falls in a straight line to a tenth.
const RATE: f64 = 0.05;
/// The first picture is grey with noise of this much: from plain grey all gradients of a place are alike.
const NOISE: f32 = 0.1;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0x0b71;

/// Gradient descent on the pixels.
#[derive(Debug)]
pub struct Optimised {
    /// The network whose features are inverted.
    pub encoder: SqueezeNet,
    /// The layer.
    pub layer: Layer,
    /// Steps for each picture.
    pub steps: usize,
    /// Where it runs, the plain device.
    pub device: Device,
}

impl Method for Optimised {
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>> {
        let target = picture::to_tensor(pictures, &self.device)?; // [batch, 3, side, side]
        let shape = target.dims();
        let mut random = random(0, PURPOSE, 0);
        let noise: Vec<f32> = (0..shape.iter().product()).map(|_| random.random_range(-NOISE..NOISE)).collect();
        let start = Tensor::from_data(TensorData::new(noise, shape), &self.device); // [batch, 3, side, side]
        let wanted = self.encoder.features(target, self.layer); // [batch, channels, grid, grid]
        let mut optimisation = Optimisation::new(&self.encoder, self.layer, wanted, start, Prior::default());
        for step in 0..self.steps {
            optimisation.step(RATE * (1.0 - 0.9 * step as f64 / self.steps as f64));
        }
        Ok(picture::from_data(&optimisation.pictures().into_data())?)
    }
}
