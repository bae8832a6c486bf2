//! The loss of style transfer (Gatys, Ecker & Bethge 2016; Johnson et al. 2016): a picture keeps the features of its content and takes the Gram
//! matrices of a style.
//!
//! The papers sum squared differences, with weights that depend on the network (Johnson et al.: content 1, style 5, total variation 1e-6, Gram
//! matrices divided by channels * height * width). As everywhere in this crate the terms here are relative errors: 1 is a picture without any features, so weights
//! mean the same for every layer, network and size.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::mean_square;
use crate::comparator::Comparator;

/// How much each term counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StyleWeights {
    /// Features of the content.
    pub content: f64,
    /// Gram matrices of the style, the mean over the layers.
    pub style: f64,
    /// Differences between neighbouring pixels.
    pub variation: f64,
}

/// The terms, unweighted, each `[1]`.
#[derive(Debug, Clone)]
pub struct StyleTerms {
    /// Mean squared error of scaled features.
    pub content: Tensor<1>,
    /// Squared Frobenius distance of Gram matrices over the squared norm of the style's, the mean over the layers.
    pub style: Tensor<1>,
    /// Mean squared difference of neighbours, across and down.
    pub variation: Tensor<1>,
}

/// A style: its Gram matrix `[1, channels, channels]` at each place of the comparator.
#[derive(Debug, Clone)]
pub struct Grams(pub Vec<Tensor<3>>);

/// A comparator for the style, one for the content, and the weights of the terms.
#[derive(Debug)]
pub struct StyleLoss {
    style: Comparator,
    content: Comparator,
    weights: StyleWeights,
}

impl StyleLoss {
    /// Creates a loss with the comparators of style and content and the weights of the terms.
    pub const fn new(style: Comparator, content: Comparator, weights: StyleWeights) -> Self {
        Self { style, content, weights }
    }

    /// Returns the Gram matrices of a style's picture `[1, 3, height, width]`.
    pub fn grams(&self, style: Tensor<4>) -> Grams {
        Grams(self.style.features(style).into_iter().map(gram).collect())
    }

    /// Returns the terms for pictures that were made `[batch, 3, height, width]`, their contents of the same size, and the styles that they
    /// should have: matrices `[batch, channels, channels]`, or `[1, channels, channels]` for one style of all.
    pub fn terms(&self, made: Tensor<4>, content: Tensor<4>, styles: &Grams) -> StyleTerms {
        let mean = |errors: Vec<Tensor<1>>| {
            let count = errors.len().max(1) as f64;
            errors.into_iter().reduce(|sum, error| sum + error).map(|sum| sum.div_scalar(count))
        };
        let found = self.style.features(made.clone()).into_iter().map(gram);
        let style = mean(found.zip(&styles.0).map(|(found, wanted)| relative(found, wanted.clone())).collect());
        let pairs = self.content.features(made.clone()).into_iter().zip(self.content.features(content));
        let content = mean(pairs.map(|(found, wanted)| mean_square(found - wanted)).collect());
        let zero = || Tensor::zeros([1], &made.device());
        StyleTerms { content: content.unwrap_or_else(zero), style: style.unwrap_or_else(zero), variation: variation(made) }
    }

    /// Returns the weighted sum, `[1]`.
    pub fn total(&self, terms: &StyleTerms) -> Tensor<1> {
        let StyleWeights { content, style, variation } = self.weights;
        terms.content.clone().mul_scalar(content) + terms.style.clone().mul_scalar(style) + terms.variation.clone().mul_scalar(variation)
    }
}

/// Returns the Gram matrices `[batch, channels, channels]` of features `[batch, channels, height, width]`, divided by height * width (Johnson et
/// al. 2016, equation 3, also divide by the channels, which a relative error does not need).
pub fn gram(features: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = features.dims();
    let rows = features.reshape([batch, channels, height * width]); // [batch, channels, h * w]
    rows.clone().matmul(rows.swap_dims(1, 2)).div_scalar((height * width) as f64) // [batch, channels, channels]
}

/// Returns the squared distance of matrices over the squared norm of the wanted ones, the mean over the batch, `[1]`.
fn relative(found: Tensor<3>, wanted: Tensor<3>) -> Tensor<1> {
    let norm = wanted.clone().square().mean_dims(&[1, 2]).clamp_min(f32::MIN_POSITIVE); // [batch or 1, 1, 1]
    ((found - wanted).square() / norm).mean()
}

/// Returns the mean squared difference of neighbouring pixels, across and down, `[1]`, of pictures `[batch, channels, height, width]`.
pub fn variation(pictures: Tensor<4>) -> Tensor<1> {
    let [_, _, height, width] = pictures.dims();
    let across = pictures.clone().narrow(3, 1, width - 1) - pictures.clone().narrow(3, 0, width - 1); // [batch, channels, h, w - 1]
    let down = pictures.clone().narrow(2, 1, height - 1) - pictures.narrow(2, 0, height - 1); // [batch, channels, h - 1, w]
    across.square().mean() + down.square().mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::nets::squeezenet::SqueezeNet;

    fn loss(device: &Device) -> StyleLoss {
        let pictures = Tensor::random([1, 3, 64, 64], Distribution::Uniform(-1.0, 1.0), device);
        let comparator = |places: &[&str]| Comparator::measured(SqueezeNet::random(1, device), places, pictures.clone()).unwrap();
        StyleLoss::new(comparator(&["pool1", "fire3"]), comparator(&["fire3"]), StyleWeights { content: 1.0, style: 2.0, variation: 3.0 })
    }

    #[test]
    fn gram_matrices_are_the_products_of_channels() {
        let device = Device::flex();
        let features = Tensor::<4>::from_data([[[[1.0, 2.0]], [[3.0, -1.0]]]], &device);
        let found: Vec<f32> = gram(features).into_data().iter().collect();
        assert_eq!(found, [2.5, 0.5, 0.5, 5.0]);
    }

    #[test]
    fn a_style_has_no_style_error_wherever_its_parts_are() {
        let device = Device::flex();
        let loss = loss(&device);
        let style = Tensor::<4>::random([1, 3, 64, 64], Distribution::Uniform(-1.0, 1.0), &device);
        let grams = loss.grams(style.clone());
        let value = |tensor: Tensor<1>| tensor.into_scalar::<f32>();
        let same = loss.terms(style.clone(), style.clone(), &grams);
        assert!(value(same.style) < 1e-9 && value(same.content) < 1e-9);
        // A turned noise has other content and nearly the same Gram matrices.
        let turned = loss.terms(style.clone().flip([2, 3]), style.clone(), &grams);
        assert!(value(turned.content.clone()) > 10.0 * value(turned.style.clone()), "{turned:?}");
        let grey = loss.terms(style.zeros_like(), style, &grams);
        assert!(value(grey.style) > 0.1 && value(grey.variation) == 0.0);
    }

    #[test]
    fn the_total_weighs_each_term() {
        let device = Device::flex();
        let of = |value: f32| Tensor::<1>::from_data([value], &device);
        let terms = StyleTerms { content: of(1.0), style: of(10.0), variation: of(100.0) };
        assert_eq!(loss(&device).total(&terms).into_scalar::<f32>(), 321.0);
    }
}
