//! The places in SqueezeNet 1.1 whose output is inverted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A layer of SqueezeNet 1.1. A picture of side n (a multiple of 16) has a grid of n / stride - 1 there, because the network's
/// convolutions and pools are unpadded and round down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Layer {
    /// 64 channels at stride 4, after the first pool.
    Pool1,
    /// 128 channels at stride 4.
    Fire3,
    /// 256 channels at stride 8.
    Fire5,
    /// 512 channels at stride 16.
    Fire9,
    /// 1000 class scores: conv10, ReLU, global average. Their softmax is the class probabilities.
    Scores,
}

impl Layer {
    /// Every layer, from the picture to the classes.
    pub const ALL: [Layer; 5] = [Layer::Pool1, Layer::Fire3, Layer::Fire5, Layer::Fire9, Layer::Scores];

    /// The layers that keep a grid of positions; their inverters are fully convolutional.
    pub const GRID: [Layer; 4] = [Layer::Pool1, Layer::Fire3, Layer::Fire5, Layer::Fire9];

    /// Returns the name used on the command line, in model files and on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Pool1 => "pool1",
            Layer::Fire3 => "fire3",
            Layer::Fire5 => "fire5",
            Layer::Fire9 => "fire9",
            Layer::Scores => "scores",
        }
    }

    /// Returns the number of channels.
    pub const fn channels(self) -> usize {
        match self {
            Layer::Pool1 => 64,
            Layer::Fire3 => 128,
            Layer::Fire5 => 256,
            Layer::Fire9 => 512,
            Layer::Scores => 1000,
        }
    }

    /// Returns the stride in pixels; `None` for the scores, which have no grid.
    pub const fn stride(self) -> Option<usize> {
        match self {
            Layer::Pool1 | Layer::Fire3 => Some(4),
            Layer::Fire5 => Some(8),
            Layer::Fire9 => Some(16),
            Layer::Scores => None,
        }
    }

    /// Returns the number of grid positions along a side of a picture of `side` pixels (a multiple of 16); 1 for the scores.
    pub const fn grid(self, side: usize) -> usize {
        match self.stride() {
            Some(stride) => side / stride - 1,
            None => 1,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown layer `{0}`: choose one of pool1, fire3, fire5, fire9, scores")]
pub struct UnknownLayer(pub String);

impl FromStr for Layer {
    type Err = UnknownLayer;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Layer::ALL.into_iter().find(|layer| layer.name() == word).ok_or_else(|| UnknownLayer(word.to_owned()))
    }
}

impl TryFrom<String> for Layer {
    type Error = UnknownLayer;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Layer> for String {
    fn from(layer: Layer) -> Self {
        layer.name().to_owned()
    }
}

/// Returns whether pictures of this side can be used: a multiple of 16, so that every layer's grid is whole, and at least 32.
pub const fn is_valid_side(side: usize) -> bool {
    side >= 32 && side.is_multiple_of(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for layer in Layer::ALL {
            assert_eq!(layer.name().parse(), Ok(layer));
        }
        assert_eq!("fire4".parse::<Layer>(), Err(UnknownLayer("fire4".into())));
    }

    #[test]
    fn grids_are_those_of_the_design() {
        for (layer, at_128, at_224) in
            [(Layer::Pool1, 31, 55), (Layer::Fire3, 31, 55), (Layer::Fire5, 15, 27), (Layer::Fire9, 7, 13), (Layer::Scores, 1, 1)]
        {
            assert_eq!((layer.grid(128), layer.grid(224)), (at_128, at_224), "{layer}");
        }
    }

    #[test]
    fn sides_are_multiples_of_sixteen() {
        for (side, valid) in [(16, false), (32, true), (100, false), (128, true), (224, true)] {
            assert_eq!(is_valid_side(side), valid, "{side}");
        }
    }
}
