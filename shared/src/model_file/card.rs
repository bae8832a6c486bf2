//! A model's card: what it is, how it was made, how good it measured.

use serde::{Deserialize, Serialize};

use crate::Layer;
use crate::loss::{ScaledLayer, Weights};

/// What a model file holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// Features -> picture.
    Inverter {
        /// The layer whose features it inverts.
        layer: Layer,
        /// What the features are divided by before they are inverted.
        feature_scale: f32,
    },
    /// The network that is inverted.
    Squeezenet,
    /// The judge.
    Efficientnet,
}

impl Kind {
    /// One word for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Inverter { .. } => "inverter",
            Kind::Squeezenet => "squeezenet",
            Kind::Efficientnet => "efficientnet",
        }
    }
}

/// How a network was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The data set's name.
    pub data: String,
    /// Crops that the network has learned from, those of the models it started from included.
    pub pictures_seen: u64,
    /// Side of the crops, pixels.
    pub size: usize,
    /// Crops a step.
    pub batch: usize,
    /// The random seed.
    pub seed: u64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// The weights of the loss.
    pub weights: Weights,
    /// The comparator's layers.
    pub comparator: Vec<ScaledLayer>,
    /// The training that the weights started from, if not from random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<Box<Training>>,
}

/// How good a network is on pictures that it was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Pictures measured.
    pub pictures: usize,
    /// Their side, pixels.
    pub side: usize,
    /// Mean peak signal-to-noise ratio, dB.
    pub psnr: f64,
}

/// What a model is, how it was made and how good it measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// What the file holds.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where weights that were not trained here come from, and their licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it was trained, if it was trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// What was measured on held-out pictures, at one or several sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<HeldOut>,
}
