//! Inversion by optimisation, as a method among the others.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use clap::Args;
use deepsim::Layer;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::optimise::{Optimisation, Prior};
use deepsim::picture::{self, Picture};
use deepsim::random::generator_at;
use rand::RngExt;

use super::Method;

/// Adam's rate for pixels in [-1, 1] at the first step; it falls in a straight line to a tenth.
const RATE: f64 = 0.05;
/// The first picture is grey with noise of this much: from plain grey all gradients of a place are alike.
const NOISE: f32 = 0.1;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0x0b71;

/// How pixels are descended.
#[derive(Debug, Clone, Copy, Args)]
pub struct Descent {
    /// Steps of inversion by optimisation
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub steps: usize,

    /// Weight of its total-variation prior, beside a relative feature error of weight 1
    #[arg(long, default_value_t = Prior::default().variation, value_name = "WEIGHT")]
    pub variation: f64,
}

/// Gradient descent on the pixels.
#[derive(Debug)]
pub struct Optimised {
    /// The network whose features are inverted.
    pub encoder: SqueezeNet,
    /// The layer.
    pub layer: Layer,
    /// How.
    pub descent: Descent,
    /// Where it runs, the plain device.
    pub device: Device,
}

impl Method for Optimised {
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>> {
        let target = picture::to_tensor(pictures, &self.device)?; // [batch, 3, side, side]
        let shape = target.dims();
        let mut random = generator_at(0, PURPOSE, 0);
        let noise: Vec<f32> = (0..shape.iter().product()).map(|_| random.random_range(-NOISE..NOISE)).collect();
        let start = Tensor::from_data(TensorData::new(noise, shape), &self.device); // [batch, 3, side, side]
        let wanted = self.encoder.features(target, self.layer); // [batch, channels, grid, grid]
        let Descent { steps, variation } = self.descent;
        let prior = Prior { variation, ..Prior::default() };
        let mut optimisation = Optimisation::new(&self.encoder, self.layer.name(), wanted, start, prior);
        for step in 0..steps {
            optimisation.step(RATE * (1.0 - 0.9 * step as f64 / steps as f64));
        }
        Ok(picture::from_data(&optimisation.pictures().into_data())?)
    }
}
