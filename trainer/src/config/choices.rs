//! The values of `--loss`, `--comparator`, `--task` and other options.

use clap::ValueEnum;
use deepsim::comparator::Network;
use deepsim::loss::Weights;
use deepsim::nets::discriminator::Decision;
use serde::{Deserialize, Serialize};

/// Which terms of the loss count: the systems that the paper compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
pub enum LossPreset {
    /// Pixels alone: Dosovitskiy & Brox, CVPR 2016
    #[value(name = "image")]
    #[serde(rename = "image")]
    Image,
    /// The comparator's features alone
    #[value(name = "feature")]
    #[serde(rename = "feature")]
    Feature,
    /// Pixels and features, no adversary
    #[value(name = "image+feature")]
    #[serde(rename = "image+feature")]
    ImageFeature,
    /// Pixels and an adversary
    #[value(name = "image+adversarial")]
    #[serde(rename = "image+adversarial")]
    ImageAdversarial,
    /// Features and an adversary
    #[value(name = "feature+adversarial")]
    #[serde(rename = "feature+adversarial")]
    FeatureAdversarial,
    /// No picture: the features of the layer that the inverter goes through (--through)
    #[value(name = "translation")]
    #[serde(rename = "translation")]
    Translation,
    /// The adversary alone: LAPGAN (Denton et al. 2015)
    #[value(name = "adversarial")]
    #[serde(rename = "adversarial")]
    Adversarial,
    /// All three
    #[default]
    #[value(name = "deepsim")]
    #[serde(rename = "deepsim")]
    DeepSim,
}

/// The values of `--optimizer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerChoice {
    /// Adam, as in the paper (Kingma & Ba 2015)
    #[default]
    Adam,
    /// Muon: momentum, its matrix made orthogonal (Jordan et al. 2024)
    Muon,
}

/// The values of `--discriminator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscriminatorChoice {
    /// One decision a picture, as in the paper
    #[default]
    Whole,
    /// One decision for every 16 pixels, each of what is around it
    Patch,
}

impl From<DiscriminatorChoice> for Decision {
    fn from(choice: DiscriminatorChoice) -> Self {
        match choice {
            DiscriminatorChoice::Whole => Self::Whole,
            DiscriminatorChoice::Patch => Self::Patch,
        }
    }
}

/// The values of `--task`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskChoice {
    /// An inverter: features of a layer -> picture
    #[default]
    Invert,
    /// An upscaler: a picture -> the picture four times as large (Johnson et al. 2016, section 4.2)
    Enlarge,
    /// A network that paints pictures in the styles of others (Johnson et al. 2016)
    Style,
    /// A comparator that needs no labels: which photograph is this altered piece of (Dosovitskiy et al. 2014)
    Exemplar,
    /// Picture -> code of 8 channels at an eighth of the side -> picture (DeePSiM, section 4.1)
    Autoencoder,
    /// The same with latent codes near a normal distribution, so that pictures can be drawn (DeePSiM, section 4.2)
    Vae,
    /// A VAE that compares in its discriminator's own features (Larsen et al. 2015)
    Vaegan,
    /// Noise -> picture, from coarse to fine: a generator and an adversary for each level of a Laplacian pyramid (Denton et al. 2015)
    Lapgan,
}

/// How training examples are taken from pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropChoice {
    /// Random squares in other colours, blurred or pasted over now and then: what is inverted is its own target
    #[default]
    Altered,
    /// Random squares, half of them mirrored
    Random,
    /// The largest square in the middle
    Whole,
}

/// The comparators of `--comparator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComparatorChoice {
    /// SqueezeNet 1.1, trained on ImageNet
    Squeezenet,
    /// SqueezeNet 1.1 with random weights, as a control
    Random,
    /// EfficientNet-Lite0, trained on ImageNet; as a judge it is then partial
    Efficientnet,
    /// The Exemplar-CNN of `--task exemplar`
    Exemplar,
}

impl TaskChoice {
    /// Returns whether it trains an autoencoder, variational or not.
    pub const fn is_generation(self) -> bool {
        matches!(self, Self::Autoencoder | Self::Vae | Self::Vaegan)
    }
}

impl From<ComparatorChoice> for Network {
    fn from(choice: ComparatorChoice) -> Self {
        match choice {
            ComparatorChoice::Squeezenet => Self::Squeezenet,
            ComparatorChoice::Random => Self::Random,
            ComparatorChoice::Efficientnet => Self::Efficientnet,
            ComparatorChoice::Exemplar => Self::Exemplar,
        }
    }
}

impl LossPreset {
    /// Returns the weights, with zero for the terms that the loss does not use.
    pub const fn of(self, weights: Weights) -> Weights {
        let (image, feature, adversarial) = match self {
            Self::Image => (true, false, false),
            Self::Feature | Self::Translation => (false, true, false),
            Self::ImageFeature => (true, true, false),
            Self::ImageAdversarial => (true, false, true),
            Self::FeatureAdversarial => (false, true, true),
            Self::Adversarial => (false, false, true),
            Self::DeepSim => (true, true, true),
        };
        Weights {
            image: if image { weights.image } else { 0.0 },
            feature: if feature { weights.feature } else { 0.0 },
            adversarial: if adversarial { weights.adversarial } else { 0.0 },
        }
    }

    /// Returns the loss that a model was trained with, from its weights; the one with the fewest terms, if all weights are zero.
    pub fn with(weights: Weights) -> Option<Self> {
        let terms = |preset: &Self| {
            let Weights { image, feature, adversarial } = preset.of(Weights { image: 1.0, feature: 1.0, adversarial: 1.0 });
            image + feature + adversarial
        };
        Self::value_variants().iter().copied().filter(|preset| preset.of(weights) == weights).min_by(|a, b| terms(a).total_cmp(&terms(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_leave_the_terms_that_they_name() {
        let weights = Weights { image: 1.0, feature: 2.0, adversarial: 3.0 };
        for (name, image, feature, adversarial) in [
            ("image", 1.0, 0.0, 0.0),
            ("feature", 0.0, 2.0, 0.0),
            ("image+feature", 1.0, 2.0, 0.0),
            ("image+adversarial", 1.0, 0.0, 3.0),
            ("feature+adversarial", 0.0, 2.0, 3.0),
            ("adversarial", 0.0, 0.0, 3.0),
            ("deepsim", 1.0, 2.0, 3.0),
        ] {
            let preset = LossPreset::from_str(name, false);
            assert_eq!(preset.as_ref().map(|preset| preset.of(weights)), Ok(Weights { image, feature, adversarial }), "{name}");
            assert_eq!(LossPreset::with(Weights { image, feature, adversarial }), preset.ok(), "{name}");
        }
    }
}
