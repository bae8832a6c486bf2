//! The discriminator, the paper's D: is this a real picture, or a made one?

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};

use super::block::leaky;
use super::conv::Conv;
use super::lapgan::{COARSEST, HIDDEN};
use super::{LEAK, he_gain, weights};
use crate::Layer;
use crate::kernels::conv::Geometry;

/// Convolutions: input channels, output channels, kernel, stride.
type Convs = [(usize, usize, usize, usize); 5];

/// The paper's five convolutions, padded so that small crops are enough.
const OF_INVERSIONS: Convs = [(3, 32, 7, 4), (32, 64, 5, 1), (64, 128, 3, 2), (128, 256, 3, 1), (256, 256, 3, 2)];

/// For pictures of 32 or 64 pixels: what a kernel of 7 at stride 4 passes over, these see.
const OF_SMALL_PICTURES: Convs = [(3, 32, 5, 2), (32, 64, 3, 2), (64, 128, 3, 1), (128, 128, 3, 2), (128, 256, 3, 2)];

/// For the pictures of a level of LAPGAN beside their residuals, at sides of 16 and 32 pixels: as those of small pictures, without the halvings that so
/// small a side has no room for.
const OF_LEVELS: [Convs; 2] = [
    [(6, 64, 3, 1), (64, 128, 3, 2), (128, 128, 3, 1), (128, 256, 3, 2), (256, 256, 3, 2)],
    [(6, 32, 3, 1), (32, 64, 3, 2), (64, 128, 3, 1), (128, 128, 3, 2), (128, 256, 3, 2)],
];

/// Convolutions before the features in which VAE/GAN compares pictures.
const COMPARED: usize = 3;

/// Sees a picture, and the features that it should show if there are any.
///
/// The paper's dropout is left out: its random numbers differ from one backend to the next, and a training step should not.
#[derive(Module, Debug)]
pub struct Discriminator {
    convs: Vec<Conv>,
    embed: Option<Embed>,
    decide1: Linear,
    decide2: Linear,
    #[module(skip)]
    decision: Decision,
    /// Whether the convolutions are fully connected layers.
    #[module(skip)]
    dense: bool,
}

/// The unit of the discriminator's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decision {
    /// The whole picture, by the average over all positions (the paper's).
    #[default]
    Whole,
    /// Each place of a map with a step of 16 pixels, which sees 63 pixels around it (Isola et al. 2017, section 3.2.2).
    Patch,
}

/// The embedding of the features.
#[derive(Module, Debug)]
struct Embed {
    first: Linear,
    second: Linear,
}

impl Discriminator {
    /// Creates a discriminator of pictures together with the features of `layer`, with random weights from the device's generator.
    pub fn of_inversions(layer: Layer, device: &Device) -> Self {
        let embed = Embed { first: linear(layer.channels(), 256, device), second: linear(256, 128, device) };
        Self::new(OF_INVERSIONS, Some(embed), 128, device)
    }

    /// Creates a discriminator of small pictures alone, with random weights from the device's generator.
    pub fn of_pictures(device: &Device) -> Self {
        Self::new(OF_SMALL_PICTURES, None, 0, device)
    }

    /// Creates a discriminator for a level of LAPGAN: of pictures of `side` pixels beside their residuals (see
    /// [`Made::shown`](super::lapgan::Made::shown)), together with their classes, if there are any, as "features" of one place.
    pub fn of_level(side: usize, classes: usize, device: &Device) -> Self {
        let convs = match side / COARSEST {
            0..=1 => return Self::of_coarsest(classes, device),
            2 => OF_LEVELS[0],
            3..=4 => OF_LEVELS[1],
            _ => {
                let [(_, output, kernel, stride), rest @ ..] = OF_SMALL_PICTURES;
                let [second, third, fourth, fifth] = rest;
                [(6, output, kernel, stride), second, third, fourth, fifth]
            }
        };
        let (embed, embedded) = of_classes(classes, device);
        Self::new(convs, embed, embedded, device)
    }

    /// Creates the discriminator of pictures of 8 pixels: fully connected, as their generator.
    fn of_coarsest(classes: usize, device: &Device) -> Self {
        let dense = |inputs| leaky([inputs, HIDDEN], Geometry::new(1, 0), device);
        let (embed, embedded) = of_classes(classes, device);
        Self { convs: vec![dense(3 * COARSEST * COARSEST), dense(HIDDEN)], dense: true, ..Self::ending(HIDDEN, embed, embedded, device) }
    }

    /// Returns the same with another kind of decision; the weights mean the same for both.
    pub const fn deciding(mut self, decision: Decision) -> Self {
        self.decision = decision;
        self
    }

    /// Returns what it decides about.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    fn new(convs: Convs, embed: Option<Embed>, embedded: usize, device: &Device) -> Self {
        let seen = convs[convs.len() - 1].1;
        let conv = |(input, output, kernel, stride)| {
            let geometry = Geometry::new(kernel, kernel / 2).with_stride(stride);
            Conv::new([input, output], geometry, he_gain(), device).activated(LEAK)
        };
        Self { convs: convs.map(conv).into(), ..Self::ending(seen, embed, embedded, device) }
    }

    /// Creates the layers after the convolutions, which see so many channels.
    fn ending(seen: usize, embed: Option<Embed>, embedded: usize, device: &Device) -> Self {
        Self {
            convs: Vec::new(),
            embed,
            decide1: linear(seen + embedded, 256, device),
            decide2: linear(256, 1, device),
            decision: Decision::Whole,
            dense: false,
        }
    }

    /// Returns logits `[decisions, 1]`, positive for real (one decision a picture, or one a place), from pictures `[batch, 3, side, side]`
    /// and scaled features `[batch, channels, grid, grid]`, which one of pictures alone passes over.
    pub fn forward(&self, pictures: Tensor<4>, features: Option<Tensor<4>>) -> Tensor<2> {
        self.decide(self.compared(pictures), features)
    }

    /// Returns what the first convolutions make of pictures `[batch, 3, side, side]`: the features in which VAE/GAN compares (Larsen et al.
    /// 2015), `[batch, 128, h, w]`.
    pub fn compared(&self, pictures: Tensor<4>) -> Tensor<4> {
        if self.dense {
            let [batch, channels, height, width] = pictures.dims();
            let pixels = pictures.reshape([batch, channels * height * width, 1, 1]); // [batch, 192, 1, 1]
            return self.convs.iter().fold(pixels, |x, layer| layer.forward_dense(x)); // [batch, 512, 1, 1]
        }
        self.convs.iter().take(COMPARED).fold(pictures, |x, conv| conv.forward(x)) // [batch, 128, h, w]
    }

    /// Completes [`Discriminator::forward`] from what [`Discriminator::compared`] returned.
    pub fn decide(&self, compared: Tensor<4>, features: Option<Tensor<4>>) -> Tensor<2> {
        let x = self.convs.iter().skip(COMPARED).fold(compared, |x, conv| conv.forward(x)); // [batch, 256, h, w]
        let [batch, channels, height, width] = x.dims();
        let (seen, places) = match self.decision {
            Decision::Whole => (global_average(x), 1), // [batch, 256]
            Decision::Patch => {
                let places = height * width;
                (x.permute([0, 2, 3, 1]).reshape([batch * places, channels]), places) // [batch * places, 256]
            }
        };
        let joined = match (&self.embed, features) {
            (Some(embed), Some(features)) => {
                let embedded = embed.forward(features); // [batch, 128]
                let embedded = if places == 1 { embedded } else { repeated(embedded, places) }; // [batch * places, 128]
                Tensor::cat(vec![seen, embedded], 1) // [batch * places, 384]
            }
            _ => seen, // [batch * places, 256]
        };
        let decision = leaky_relu(self.decide1.forward(joined), f64::from(LEAK)); // [batch * places, 256]
        self.decide2.forward(decision) // [batch * places, 1]
    }
}

impl Embed {
    fn forward(&self, features: Tensor<4>) -> Tensor<2> {
        let embedded = leaky_relu(self.first.forward(global_average(features)), f64::from(LEAK)); // [batch, 256]
        leaky_relu(self.second.forward(embedded), f64::from(LEAK)) // [batch, 128]
    }
}

/// Returns each row so many times: `[rows, columns]` -> `[rows * times, columns]`.
fn repeated(x: Tensor<2>, times: usize) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let x = x.reshape([rows, 1, columns]).expand([rows, times, columns]); // [rows, times, columns]
    x.reshape([rows * times, columns]) // [rows * times, columns]
}

/// Returns the embedding of classes and its size; nothing for no classes.
fn of_classes(classes: usize, device: &Device) -> (Option<Embed>, usize) {
    let embed = (classes > 0).then(|| Embed { first: linear(classes, 128, device), second: linear(128, 128, device) });
    let embedded = if embed.is_some() { 128 } else { 0 };
    (embed, embedded)
}

fn linear(input: usize, output: usize, device: &Device) -> Linear {
    // As many weights as burn's own layer has. Their deviation is that of the inputs, which are the first dimension here.
    let gain = he_gain() * (output as f64 / input as f64).sqrt();
    Linear { weight: weights([input, output], gain, device), bias: Some(weights([output], 0.0, device)) }
}

/// Returns the mean over positions: `[batch, channels, h, w]` -> `[batch, channels]`.
fn global_average(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2) // [batch, channels]
}
