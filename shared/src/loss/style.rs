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
use crate::network::{FeatureNetwork, UnknownPlace};

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

/// A comparator for style and content, and the weights of the terms.
#[derive(Debug)]
pub struct StyleLoss {
    /// The places of the style come first.
    comparator: Comparator,
    style_places: usize,
    content_place: usize,
    weights: StyleWeights,
}

impl StyleLoss {
    /// Creates a loss with the features of a network: the places whose Gram matrices make the style, the place whose features are the content, the
    /// number that these are divided by, and the weights of the terms.
    ///
    /// # Errors
    /// If the network lacks a place.
    pub fn new(
        network: impl FeatureNetwork + 'static,
        style: &[&str],
        content: (&str, f32),
        weights: StyleWeights,
    ) -> Result<Self, UnknownPlace> {
        // A relative error does not depend on the scale, so that of the content serves a place that both use.
        let mut places: Vec<(&str, f32)> = style.iter().map(|&name| if name == content.0 { content } else { (name, 1.0) }).collect();
        let content_place = places.iter().position(|&(name, _)| name == content.0).unwrap_or(places.len());
        if content_place == places.len() {
            places.push(content);
        }
        Ok(Self { comparator: Comparator::new(network, &places)?, style_places: style.len(), content_place, weights })
    }

    /// Returns the Gram matrices of a style's picture `[1, 3, height, width]`.
    pub fn grams(&self, style: Tensor<4>) -> Grams {
        Grams(self.comparator.features(style).into_iter().take(self.style_places).map(gram).collect())
    }

    /// Returns the terms for pictures that were made `[batch, 3, height, width]`, their contents of the same size, and the styles that they
    /// should have: matrices `[batch, channels, channels]`, or `[1, channels, channels]` for one style of all.
    pub fn terms(&self, made: Tensor<4>, content: Tensor<4>, styles: &Grams) -> StyleTerms {
        let variation = variation(made.clone());
        let wanted = self.comparator.features(content).swap_remove(self.content_place); // [batch, channels, h, w]
        let mut found = self.comparator.features(made);
        let content = mean_square(found[self.content_place].clone() - wanted);
        found.truncate(self.style_places);
        let errors = found.into_iter().map(gram).zip(&styles.0).map(|(found, wanted)| relative(found, wanted.clone()));
        let style = errors.reduce(|sum, error| sum + error).map(|sum| sum.div_scalar(self.style_places as f64));
        StyleTerms { style: style.unwrap_or_else(|| content.zeros_like()), content, variation }
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
        let weights = StyleWeights { content: 1.0, style: 2.0, variation: 3.0 };
        StyleLoss::new(SqueezeNet::random(1, device), &["pool1", "fire3"], ("fire3", 1.0), weights).unwrap()
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
