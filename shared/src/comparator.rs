//! The comparator, the paper's C: a fixed network in whose features pictures are compared. The paper tries AlexNet, VideoNet and
//! Exemplar-CNN. Here any [`FeatureNetwork`] can compare; the trainer offers two networks trained on ImageNet, an Exemplar-CNN, trained without
//! labels, and a random network.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::Layer;
use crate::layer::UnknownLayer;
use crate::nets::efficientnet::STAGES;
use crate::nets::exemplar::DEPTH;
use crate::network::{FeatureNetwork, UnknownPlace};

/// Which network compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// SqueezeNet 1.1, trained on ImageNet.
    #[default]
    Squeezenet,
    /// SqueezeNet 1.1 with random weights: what the architecture does without knowledge.
    Random,
    /// EfficientNet-Lite0, trained on ImageNet. Then it is no judge any more.
    Efficientnet,
    /// An Exemplar-CNN, trained without labels.
    Exemplar,
    /// The discriminator itself, as it is at each step: VAE/GAN (Larsen et al. 2015). It is no fixed network, so there is no
    /// [`Comparator`] of it.
    Discriminator,
}

impl Network {
    /// Returns the places that are compared by default: one about half-way up, one near the top.
    pub const fn usual_places(self) -> &'static [Place] {
        match self {
            Self::Squeezenet | Self::Random => &[Place::Layer(Layer::Fire5), Place::Layer(Layer::Fire9)],
            Self::Efficientnet => &[Place::Stage(3), Place::Stage(5)],
            Self::Exemplar => &[Place::Stage(2), Place::Stage(4)],
            Self::Discriminator => &[],
        }
    }

    /// Returns whether the network has such a place.
    pub const fn has(self, place: Place) -> bool {
        match (self, place) {
            (Self::Squeezenet | Self::Random, Place::Layer(_)) => true,
            (Self::Efficientnet, Place::Stage(stage)) => stage >= 1 && stage <= STAGES.len(),
            (Self::Exemplar, Place::Stage(stage)) => stage >= 1 && stage <= DEPTH,
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Squeezenet => "squeezenet",
            Self::Random => "random",
            Self::Efficientnet => "efficientnet",
            Self::Exemplar => "exemplar",
            Self::Discriminator => "discriminator",
        })
    }
}

/// A place in a comparator whose features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// A layer of SqueezeNet.
    Layer(Layer),
    /// A stage of EfficientNet-Lite0 or of the Exemplar-CNN, counted from 1.
    Stage(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layer(layer) => layer.fmt(f),
            Self::Stage(stage) => write!(f, "stage{stage}"),
        }
    }
}

impl FromStr for Place {
    type Err = UnknownLayer;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.strip_prefix("stage").and_then(|number| number.parse().ok()) {
            Some(stage) => Ok(Self::Stage(stage)),
            None => word.parse().map(Self::Layer),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = UnknownLayer;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

/// A place and the root of its features' mean square over the training pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScaledPlace {
    /// The place.
    #[serde(rename = "layer")]
    pub place: Place,
    /// The divisor of its features, which makes their mean square 1.
    pub scale: f32,
}

/// A fixed network and the places where it compares. The network must live on a plain device (no autodiff): then it is constant, and
/// gradients still reach its input.
#[derive(Debug)]
pub struct Comparator {
    network: Box<dyn FeatureNetwork>,
    /// Names of places and the scales of their features.
    places: Vec<(String, f32)>,
}

impl Comparator {
    /// Creates a comparator of a network and places in it, each with the number that its features are divided by.
    ///
    /// # Errors
    /// If the network lacks a place.
    pub fn new(network: impl FeatureNetwork + 'static, places: &[(&str, f32)]) -> Result<Self, UnknownPlace> {
        for (name, _) in places {
            network.feature_map(name)?;
        }
        let places = places.iter().map(|&(name, scale)| (name.to_owned(), scale)).collect();
        Ok(Self { network: Box::new(network), places })
    }

    /// Creates a comparator of places whose scales were measured before, as a model file's card has them.
    ///
    /// # Errors
    /// If the network lacks a place.
    pub fn at(network: impl FeatureNetwork + 'static, places: &[ScaledPlace]) -> Result<Self, UnknownPlace> {
        let names: Vec<String> = places.iter().map(|scaled| scaled.place.to_string()).collect();
        let named: Vec<(&str, f32)> = names.iter().map(String::as_str).zip(places.iter().map(|scaled| scaled.scale)).collect();
        Self::new(network, &named)
    }

    /// Creates a comparator whose scales are measured on pictures `[batch, 3, side, side]`: afterwards the mean square of their features is 1 at
    /// each place.
    ///
    /// # Errors
    /// If the network lacks a place.
    pub fn measured(network: impl FeatureNetwork + 'static, places: &[&str], pictures: Tensor<4>) -> Result<Self, UnknownPlace> {
        let unscaled: Vec<(&str, f32)> = places.iter().map(|&name| (name, 1.0)).collect();
        let mut comparator = Self::new(network, &unscaled)?;
        let features = comparator.features(pictures);
        for ((_, scale), features) in comparator.places.iter_mut().zip(features) {
            *scale = features.square().mean().into_scalar::<f32>().sqrt().max(f32::MIN_POSITIVE);
        }
        Ok(comparator)
    }

    /// Returns scaled features `[batch, channels, grid, grid]` at each place, for pictures `[batch, 3, side, side]` in [-1, 1].
    pub fn features(&self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = self.places.iter().map(|(name, _)| name.as_str()).collect();
        let features = self.network.features_at(pictures, &names);
        features.into_iter().zip(&self.places).map(|(features, (_, scale))| features.div_scalar(*scale)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_and_belong_to_networks() {
        for (word, network, other) in
            [("fire5", Network::Squeezenet, Network::Efficientnet), ("stage7", Network::Efficientnet, Network::Random)]
        {
            let place: Place = word.parse().unwrap();
            assert_eq!(place.to_string(), word);
            assert!(network.has(place) && !other.has(place), "{word}");
        }
        assert!("fire4".parse::<Place>().is_err());
        assert!(!Network::Efficientnet.has(Place::Stage(8)) && !Network::Efficientnet.has(Place::Stage(0)));
    }
}
