//! A model's card: what it is, how it was made, how good it measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::comparator::{Network, ScaledPlace};
use crate::loss::{Divergence, Weights};
use crate::nets::autoencoder::Code;
use crate::nets::inverter::InverterShape;
use crate::nets::lapgan::LapganShape;
use crate::nets::stylist::StylistShape;
use crate::nets::upscaler::UpscalerShape;

/// The kind of network in a model file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// Features -> picture.
    Inverter(InverterCard),
    /// The network that is inverted.
    Squeezenet,
    /// The judge.
    Efficientnet,
    /// A comparator that was trained here without labels.
    Exemplar,
    /// Picture -> code -> picture.
    Autoencoder(AutoencoderCard),
    /// Picture -> the picture four times as large.
    Upscaler(UpscalerShape),
    /// Picture -> the picture in a style.
    Stylist(StylistShape),
    /// Noise -> picture, from coarse to fine.
    Lapgan(LapganShape),
}

/// The description of an inverter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct InverterCard {
    /// The network.
    #[serde(flatten)]
    pub shape: InverterShape,
    /// The divisor of the layer's features before they are inverted.
    pub feature_scale: f32,
}

/// The description of an autoencoder, variational or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoencoderCard {
    /// The code of its pictures.
    pub code: Code,
    /// Side of its pictures, pixels.
    pub side: usize,
}

impl Kind {
    /// Returns the kind as one word, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Inverter(_) => "inverter",
            Kind::Squeezenet => "squeezenet",
            Kind::Efficientnet => "efficientnet",
            Kind::Exemplar => "exemplar",
            Kind::Autoencoder(_) => "autoencoder",
            Kind::Upscaler(_) => "upscaler",
            Kind::Stylist(_) => "stylist",
            Kind::Lapgan(_) => "lapgan",
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
    /// The learning rate.
    pub learning_rate: f64,
    /// The optimizer of the kernels, if it was not Adam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<String>,
    /// Whether no picture was made: the crops taught an inverter to translate its features into another layer's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translation: bool,
    /// The weights of the loss.
    pub weights: Weights,
    /// The comparator's network.
    #[serde(default)]
    pub network: Network,
    /// The comparator's layers.
    pub comparator: Vec<ScaledPlace>,
    /// The divergence term of a variational code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Divergence>,
    /// Whether the adversary was shown pictures of codes drawn from the prior, too: VAE/GAN's always is, a VAE's with `--draws`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draws: bool,
    /// Pictures that other networks had seen whose weights were averaged with this one's, all counting the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean_with: Vec<u64>,
    /// The training that the weights started from, if not from random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<Box<Training>>,
}

/// How good a network is on pictures that it was not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Pictures measured.
    pub pictures: usize,
    /// Their side, pixels.
    pub side: usize,
    /// Mean peak signal-to-noise ratio, dB.
    pub psnr: f64,
    /// Mean structural similarity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssim: Option<f64>,
    /// The paper's normalised error in pixels (`picture`), in the feature space of each layer, and in the judge's (`judge`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, f64>,
    /// Mean cosine of the judge's pooled features of a picture and its inversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
    /// The strongest line of the errors' spectrum at periods of 4, 8 and 16 pixels, over its neighbours: 1 is no grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<f64>,
    /// Divergence of a variational code from the standard normal, nats a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats: Option<f64>,
}

/// The distribution of the training pictures' codes; sliders move along its directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Codes {
    /// Their mean.
    pub mean: Vec<f32>,
    /// Their principal directions, the widest first.
    pub directions: Vec<Direction>,
}

/// A principal direction of codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// The codes' standard deviation along it.
    pub deviation: f32,
    /// Of length one.
    pub vector: Vec<f32>,
}

/// The description of a model: its kind, its training and its measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The kind of network.
    #[serde(flatten)]
    pub kind: Kind,
    /// The origin and licence of weights that were not trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it was trained, if it was trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Measures on held-out pictures, at one or several sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<HeldOut>,
    /// The distribution of an autoencoder's codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Codes>,
    /// The names of a style network's styles, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub style_names: Vec<String>,
    /// How far the pictures that a LAPGAN draws are from those that it learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// The classes that a LAPGAN tells apart, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
}

/// A measure of pictures that a network drew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Pictures measured.
    pub pictures: usize,
    /// Their kernel distance (KID) to the training pictures in the judge's pooled features, in thousandths.
    pub kernel_distance: f64,
}

/// A class of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The share of the training pictures that are of it, 0 to 1.
    pub share: f32,
}

impl Card {
    /// Creates the card of a network of which only the kind is known.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            source: None,
            training: None,
            held_out: Vec::new(),
            codes: None,
            style_names: Vec::new(),
            drawn: None,
            classes: Vec::new(),
        }
    }
}
