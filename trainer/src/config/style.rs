//! The options of style transfer, of training and of measuring.

use std::path::PathBuf;

use clap::Args;
use deepsim::Layer;
use deepsim::loss::style::StyleWeights;
use serde::{Deserialize, Serialize};

/// Styles, and what the terms of their loss count.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct StyleOptions {
    /// Pictures whose styles are learned, or folders of them; a style is named after its file. With --init they are added to a trained network
    #[arg(long, visible_alias = "add-style", num_args = 1.., value_name = "PATHS", help_heading = "Style")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub style: Vec<PathBuf>,

    /// Longer side to which styles' pictures are resized: a smaller one makes larger strokes
    #[arg(long, default_value_t = 320, value_name = "PIXELS", help_heading = "Style")]
    #[serde(default = "usual_size")]
    pub style_size: usize,

    /// The loss.
    #[command(flatten)]
    #[serde(flatten)]
    pub terms: StyleTerms,
}

/// The loss of style transfer: where it compares, and what its terms count.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct StyleTerms {
    /// Layers of SqueezeNet whose Gram matrices make a style: edges and colours, textures, parts of things
    #[arg(long, value_delimiter = ',', default_values_t = usual_layers(), value_name = "LAYERS", help_heading = "Style")]
    #[serde(default = "usual_layers")]
    pub style_layers: Vec<Layer>,

    /// Layer of SqueezeNet whose features are the content
    #[arg(long, default_value_t = Layer::Fire3, value_name = "LAYER", help_heading = "Style")]
    #[serde(default = "usual_content")]
    pub content_layer: Layer,

    /// Weight of the content, its features' relative error
    #[arg(long, default_value_t = 1.0, value_name = "WEIGHT", help_heading = "Style")]
    #[serde(default = "one")]
    pub content_weight: f64,

    /// Weight of the style, the relative error of Gram matrices
    #[arg(long, default_value_t = 5.0, value_name = "WEIGHT", help_heading = "Style")]
    #[serde(default = "five")]
    pub style_weight: f64,

    /// Weight of the total variation, the mean squared difference of neighbouring pixels
    #[arg(long, default_value_t = 0.5, value_name = "WEIGHT", help_heading = "Style")]
    #[serde(default = "half")]
    pub variation_weight: f64,
}

impl StyleTerms {
    /// Returns the weights of the terms.
    pub const fn weights(&self) -> StyleWeights {
        StyleWeights { content: self.content_weight, style: self.style_weight, variation: self.variation_weight }
    }
}

fn usual_layers() -> Vec<Layer> {
    vec![Layer::Pool1, Layer::Fire3, Layer::Fire5]
}

const fn usual_content() -> Layer {
    Layer::Fire3
}

const fn usual_size() -> usize {
    320
}

const fn one() -> f64 {
    1.0
}

const fn five() -> f64 {
    5.0
}

const fn half() -> f64 {
    0.5
}
