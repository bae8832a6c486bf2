//! The comparator, the paper's C: a fixed network in whose features pictures are compared. The paper compares AlexNet, VideoNet and
//! Exemplar-CNN; what stands here are two networks that know ImageNet, an Exemplar-CNN, which knows no labels, and one that knows nothing.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::Layer;
use crate::layer::UnknownLayer;
use crate::nets::efficientnet::{EfficientNet, STAGES};
use crate::nets::exemplar::{DEPTH, ExemplarCnn};
use crate::nets::squeezenet::SqueezeNet;

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
    /// Where its features are compared unless somebody asks for other places: one place about half-way up, one near the top.
    pub const fn usual_places(self) -> &'static [Place] {
        match self {
            Self::Squeezenet | Self::Random => &[Place::Layer(Layer::Fire5), Place::Layer(Layer::Fire9)],
            Self::Efficientnet => &[Place::Stage(3), Place::Stage(5)],
            Self::Exemplar => &[Place::Stage(2), Place::Stage(4)],
            Self::Discriminator => &[],
        }
    }

    /// Whether the network has such a place.
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
    /// What its features are divided by, so that their mean square is 1.
    pub scale: f32,
}

/// A fixed network and the places where it compares. It must live on a plain device (no autodiff): then it is constant, and still hands
/// gradients to its input.
#[derive(Debug)]
pub enum Comparator {
    /// SqueezeNet, with whatever weights, and its layers.
    Squeezenet(Box<SqueezeNet>, Vec<(Layer, f32)>),
    /// EfficientNet-Lite0 and its stages.
    Efficientnet(Box<EfficientNet>, Vec<(usize, f32)>),
    /// An Exemplar-CNN and its stages.
    Exemplar(ExemplarCnn, Vec<(usize, f32)>),
}

impl Comparator {
    /// SqueezeNet, trained or random. Places that it does not have are left out.
    pub fn squeezenet(network: SqueezeNet, places: &[ScaledPlace]) -> Self {
        let layer = |scaled: &ScaledPlace| if let Place::Layer(layer) = scaled.place { Some((layer, scaled.scale)) } else { None };
        Self::Squeezenet(Box::new(network), places.iter().filter_map(layer).collect())
    }

    /// EfficientNet-Lite0. Places that it does not have are left out.
    pub fn efficientnet(network: EfficientNet, places: &[ScaledPlace]) -> Self {
        Self::Efficientnet(Box::new(network), stages(places))
    }

    /// An Exemplar-CNN. Places that it does not have are left out.
    pub fn exemplar(network: ExemplarCnn, places: &[ScaledPlace]) -> Self {
        Self::Exemplar(network, stages(places))
    }

    /// Scaled features `[batch, channels, grid, grid]` at each place, for pictures `[batch, 3, side, side]` in [-1, 1].
    pub fn features(&self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        let (features, scales): (_, Vec<f32>) = match self {
            Self::Squeezenet(network, places) => {
                let (layers, scales): (Vec<Layer>, _) = places.iter().copied().unzip();
                (network.features_of(pictures, &layers), scales)
            }
            Self::Efficientnet(network, places) => {
                let (stages, scales): (Vec<usize>, _) = places.iter().copied().unzip();
                (network.features_of(pictures, &stages), scales)
            }
            Self::Exemplar(network, places) => {
                let (stages, scales): (Vec<usize>, _) = places.iter().copied().unzip();
                (network.features_of(pictures, &stages), scales)
            }
        };
        features.into_iter().zip(scales).map(|(features, scale)| features.div_scalar(scale)).collect()
    }
}

fn stages(places: &[ScaledPlace]) -> Vec<(usize, f32)> {
    let stage = |scaled: &ScaledPlace| if let Place::Stage(stage) = scaled.place { Some((stage, scaled.scale)) } else { None };
    places.iter().filter_map(stage).collect()
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
