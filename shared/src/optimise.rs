//! Inversion by optimisation (Mahendran & Vedaldi, CVPR 2015): gradient descent on the pixels of one picture until its features are the
//! wanted ones, with priors that keep it a picture. No training, hundreds of passes through the network for each picture.

use burn::tensor::Tensor;

use crate::loss::style::variation;
use crate::nets::squeezenet::SqueezeNet;
use crate::network::FeatureNetwork;

/// How much the priors count beside the relative feature error, which is 1 for a picture without features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Total variation with exponent 2: the mean square of the differences between neighbouring pixels (their R_V with beta = 2).
    pub variation: f64,
    /// The mean sixth power of the pixels, which keeps them in [-1, 1] (their R_alpha with alpha = 6).
    pub range: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Self { variation: 1.0, range: 0.02 }
    }
}

/// Adam's constants (Kingma & Ba 2015).
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Pictures on their way to having the wanted features.
#[derive(Debug)]
pub struct Optimisation<N = SqueezeNet> {
    network: N,
    place: String,
    prior: Prior,
    wanted: Tensor<4>,
    /// The mean square of each picture's wanted features, `[batch, 1, 1, 1]`.
    size: Tensor<4>,
    pixels: Descent,
}

/// Values that Adam changes: the pixels of pictures, or features.
#[derive(Debug)]
pub(crate) struct Descent {
    pub(crate) values: Tensor<4>,
    first_moment: Tensor<4>,
    second_moment: Tensor<4>,
    steps: i32,
}

impl Descent {
    /// Begins at values `[batch, channels, height, width]` on the plain device.
    pub(crate) fn new(values: Tensor<4>) -> Self {
        let nothing = values.zeros_like(); // [batch, channels, height, width]
        Self { values, first_moment: nothing.clone(), second_moment: nothing, steps: 0 }
    }

    /// Takes a step against a gradient of the values' shape.
    pub(crate) fn step(&mut self, gradient: Tensor<4>, rate: f64) {
        self.steps += 1;
        let moment = |old: Tensor<4>, new: Tensor<4>, beta: f64| old.mul_scalar(beta) + new.mul_scalar(1.0 - beta);
        self.first_moment = moment(self.first_moment.clone(), gradient.clone(), BETA_1); // [batch, channels, height, width]
        self.second_moment = moment(self.second_moment.clone(), gradient.square(), BETA_2); // [batch, channels, height, width]
        let first = self.first_moment.clone().div_scalar(1.0 - BETA_1.powi(self.steps)); // [batch, channels, height, width]
        let second = self.second_moment.clone().div_scalar(1.0 - BETA_2.powi(self.steps)); // [batch, channels, height, width]
        let direction = first / second.sqrt().add_scalar(EPSILON); // [batch, channels, height, width]
        self.values = self.values.clone() - direction.mul_scalar(rate); // [batch, channels, height, width]
    }
}

impl<N: FeatureNetwork + Clone> Optimisation<N> {
    /// Begins at `start`, `[batch, 3, side, side]`, and looks for the features `wanted`, `[batch, channels, grid, grid]`, unscaled. Everything
    /// is on the plain device.
    pub fn new(network: &N, place: &str, wanted: Tensor<4>, start: Tensor<4>, prior: Prior) -> Self {
        let size = wanted.clone().square().mean_dims(&[1, 2, 3]).add_scalar(EPSILON); // [batch, 1, 1, 1]
        let (network, place) = (network.clone(), place.to_owned());
        Self { network, place, prior, wanted, size, pixels: Descent::new(start) }
    }

    /// Returns the current pictures, `[batch, 3, side, side]`, not clipped to [-1, 1].
    pub fn pictures(&self) -> Tensor<4> {
        self.pixels.values.clone()
    }

    /// Takes one step of Adam. Returns the relative feature error before it, the mean over the batch, `[1]`.
    pub fn step(&mut self, rate: f64) -> Tensor<1> {
        let pictures = self.pixels.values.clone().autodiff().require_grad(); // [batch, 3, side, side]
        let found = self.network.features_at(pictures.clone(), &[&self.place]).swap_remove(0); // [batch, channels, grid, grid]
        let wanted = Tensor::from_inner(self.wanted.clone()); // [batch, channels, grid, grid]
        let size = Tensor::from_inner(self.size.clone()); // [batch, 1, 1, 1]
        let error = ((found - wanted).square() / size).mean(); // [1]
        let variation = variation(pictures.clone()).mul_scalar(self.prior.variation); // [1]
        let range = pictures.clone().powi_scalar(6).mean().mul_scalar(self.prior.range); // [1]
        // Each picture's own loss counts once, however many there are: the sum over the batch.
        let [batch, ..] = pictures.dims();
        let gradients = (error.clone() + variation + range).mul_scalar(batch as f64).backward();
        if let Some(gradient) = pictures.grad(&gradients) {
            self.pixels.step(gradient, rate);
        }
        error.inner()
    }
}
