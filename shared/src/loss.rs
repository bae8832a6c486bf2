//! The DeePSiM loss (Dosovitskiy & Brox 2016, section 2): a weighted sum of a feature, an adversarial and an image term.
//!
//! The paper sums squared differences over all elements; here the image and feature terms are relative errors: mean squares
//! divided by constants of the training set. So a weight means the same for every layer and every picture size, and a black
//! picture, whose own norm is nothing, does no harm.

mod periodic;
pub mod style;

use burn::tensor::activation::softplus;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::comparator::Comparator;

pub use periodic::periodic_square;

/// The mean square of pictures in [-1, 1], roughly: what an image term of 1 means.
pub const IMAGE_MEAN_SQUARE: f64 = 0.25;

/// The largest offset before the comparator where borders are cropped, in pixels: with 0, all sixteen phases of fire9's grid; see [`Offset`].
const MAX_CROPPED: usize = 15;
/// The largest offset where borders are mirrored, in pixels. Each pixel more enlarges what the comparator sees.
const MAX_MIRRORED: usize = 8;

/// The smallest side for which fire9 has a grid.
const SMALLEST_SIDE: usize = 31;

/// How much each term counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Pixels.
    pub image: f64,
    /// The comparator's features, the mean over its layers.
    pub feature: f64,
    /// The discriminator's opinion.
    pub adversarial: f64,
}

/// How much the divergence of a variational code from the standard normal counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The weight of a nat a picture.
    pub weight: f64,
    /// Nats a picture at which it is held, in place of being pushed to nothing: `weight * |nats - target|` (Burgess et al. 2018, equation
    /// 8). Two losses can so be compared at equal capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Pictures over which the weight grows from nothing to all of it.
    pub warm_up: u64,
}

impl Divergence {
    /// Returns the term of the loss, `[1]`, for `nats` a picture `[1]` after so many pictures.
    pub fn term(self, nats: Tensor<1>, pictures_seen: u64) -> Tensor<1> {
        let grown = if self.warm_up == 0 { 1.0 } else { (pictures_seen as f64 / self.warm_up as f64).min(1.0) };
        let off = match self.target {
            Some(target) => nats.sub_scalar(target).abs(), // [1]
            None => nats,                                  // [1]
        };
        off.mul_scalar(self.weight * grown)
    }
}

/// How far picture and inversion are shifted before the comparator, in pixels from the left and the top. Both by the same,
/// differently at each step: patterns with the period of the comparator's strides would pass it unseen and stay in the inversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// From the left edge.
    pub left: usize,
    /// From the top edge.
    pub top: usize,
}

impl Offset {
    /// Returns pictures `[batch, 3, side, side]` as the comparator sees them: `[batch, 3, side - range, side - range]` if the border is
    /// cropped, `[batch, 3, side + range, side + range]` if it is mirrored.
    pub fn shift(self, pictures: Tensor<4>, border: Border) -> Tensor<4> {
        let [batch, channels, height, width] = pictures.dims();
        let range = border.range(height.min(width));
        let (top, left) = (self.top.min(range), self.left.min(range));
        match border {
            Border::Cropped => pictures.slice([0..batch, 0..channels, top..top + height - range, left..left + width - range]),
            Border::Mirrored => pictures.pad((left, range - left, top, range - top), PadMode::Reflect),
        }
    }
}

/// The treatment of the border of pictures that are shifted before the comparator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// It is cut off: the cheaper, where pictures are crops of larger ones anyway.
    Cropped,
    /// It is continued by its mirror image, so that all of the picture is compared at every step. Of 64 pixels a crop of 8 leaves the
    /// outermost seldom looked at, and whole pictures get a frame.
    Mirrored,
}

impl Border {
    /// Returns the largest offset for pictures of this side, in pixels. A crop must leave fire9 a grid, a mirror image must fit into the
    /// picture.
    pub const fn range(self, side: usize) -> usize {
        let (spare, most) = match self {
            Self::Cropped => (side.saturating_sub(SMALLEST_SIDE), MAX_CROPPED),
            Self::Mirrored => (side.saturating_sub(1), MAX_MIRRORED),
        };
        if spare < most { spare } else { most }
    }
}

/// The three terms, unweighted, each `[1]`.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Mean squared error of pixels / [`IMAGE_MEAN_SQUARE`].
    pub image: Tensor<1>,
    /// Mean squared error of scaled features, the mean over the comparator's layers.
    pub feature: Tensor<1>,
    /// -log D(inversion), in nats: the non-saturating adversarial loss.
    pub adversarial: Tensor<1>,
}

/// A fixed comparator and the weights of the terms.
#[derive(Debug)]
pub struct DeepSimLoss {
    comparator: Comparator,
    weights: Weights,
    border: Border,
    periodic: f64,
}

impl DeepSimLoss {
    /// Creates a loss with the given comparator and term weights. Borders are cropped before the comparison.
    pub const fn new(comparator: Comparator, weights: Weights) -> Self {
        Self { comparator, weights, border: Border::Cropped, periodic: 0.0 }
    }

    /// Returns the loss with another treatment of the border.
    pub fn with_border(self, border: Border) -> Self {
        Self { border, ..self }
    }

    /// Returns the loss with [`periodic_square`] of the pixels' errors, times this weight, in the image term: 0 without.
    pub fn with_periodic(self, weight: f64) -> Self {
        Self { periodic: weight, ..self }
    }

    /// Returns the weights of the terms.
    pub const fn weights(&self) -> Weights {
        self.weights
    }

    /// Sets the weights of the terms.
    pub const fn set_weights(&mut self, weights: Weights) {
        self.weights = weights;
    }

    /// Returns the treatment of the border.
    pub const fn border(&self) -> Border {
        self.border
    }

    /// Returns the terms for inversions and their targets `[batch, 3, side, side]`, with the discriminator's logits `[batch, 1]` for the
    /// inversions, if there is one. A feature term that does not count is not computed.
    pub fn terms(&self, inverted: Tensor<4>, pictures: Tensor<4>, logits: Option<Tensor<2>>, offset: Offset) -> Terms {
        let device = pictures.device();
        let errors = inverted.clone() - pictures.clone(); // [batch, 3, side, side]
        let image = if self.periodic > 0.0 {
            mean_square(errors.clone()) + periodic_square(errors).mul_scalar(self.periodic) // [1]
        } else {
            mean_square(errors) // [1]
        };
        Terms {
            image: image.div_scalar(IMAGE_MEAN_SQUARE), // [1]
            feature: if self.weights.feature > 0.0 {
                self.feature_error(offset.shift(inverted, self.border), offset.shift(pictures, self.border)) // [1]
            } else {
                zero(&device)
            },
            adversarial: logits.map_or_else(|| zero(&device), real_loss), // [1]
        }
    }

    /// Returns the weighted sum, `[1]`.
    pub fn total(&self, terms: &Terms) -> Tensor<1> {
        total(terms, self.weights)
    }

    fn feature_error(&self, inverted: Tensor<4>, pictures: Tensor<4>) -> Tensor<1> {
        let device = pictures.device();
        let found = self.comparator.features(inverted);
        let wanted = self.comparator.features(pictures);
        let places = found.len().max(1);
        let errors = found.into_iter().zip(wanted).map(|(found, wanted)| mean_square(found - wanted)); // [1]
        let sum = errors.reduce(|sum, error| sum + error);
        sum.map_or_else(|| zero(&device), |sum| sum.div_scalar(places as f64))
    }
}

/// Returns the weighted sum of the terms, `[1]` (DeePSiM, equation 1).
pub fn total(terms: &Terms, weights: Weights) -> Tensor<1> {
    terms.image.clone().mul_scalar(weights.image)
        + terms.feature.clone().mul_scalar(weights.feature)
        + terms.adversarial.clone().mul_scalar(weights.adversarial)
}

/// Returns -log D for logits `[batch, 1]` of pictures that D should call real: the mean over the batch, `[1]`, in nats.
pub fn real_loss(logits: Tensor<2>) -> Tensor<1> {
    softplus(logits.neg(), 1.0).mean()
}

/// Returns -log(1 - D) for logits `[batch, 1]` of pictures that D should call inverted: the mean over the batch, `[1]`, in nats.
pub fn inverted_loss(logits: Tensor<2>) -> Tensor<1> {
    softplus(logits, 1.0).mean()
}

/// Returns the mean of squares, `[1]`.
pub fn mean_square(x: Tensor<4>) -> Tensor<1> {
    x.square().mean()
}

fn zero(device: &Device) -> Tensor<1> {
    Tensor::zeros([1], device)
}
