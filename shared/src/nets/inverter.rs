//! The inverter, the paper's generator G: features of one layer -> picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::block::{Block, GREY, leaky};
use super::conv::Conv;
use super::dense::{Dense, PLACED};
use super::translator::Translator;
use crate::Layer;
use crate::kernels::conv::Geometry;
use crate::network::FeatureMap;

/// The layer that turns the features into a first grid.
#[derive(Module, Debug)]
enum Head {
    /// The unpadded network lost one position a side; a 2x2 kernel padded by one gives it back.
    Grid(Conv),
    /// Scores have no grid.
    Dense(Dense),
}

/// The side of what the scores' inverter makes, whatever the side of the picture that the scores are of, in pixels.
pub const SCORES_SIDE: usize = 128;

/// The shape of an inverter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct InverterShape {
    /// The layer whose features it inverts.
    pub layer: Layer,
    /// Factor of the usual numbers of channels, rounded to eights. Those of dense layers and translators stay.
    #[serde(default = "full_width", skip_serializing_if = "is_full_width")]
    pub width: f64,
    /// A layer into whose features it translates first; what follows is the inverter of that layer. See [`InverterShape::path`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Layer>,
}

const fn full_width() -> f64 {
    1.0
}

// serde passes a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_full_width(width: &f64) -> bool {
    *width == 1.0
}

impl From<Layer> for InverterShape {
    /// Returns the usual shape: full width, no translation.
    fn from(layer: Layer) -> Self {
        Self { layer, width: 1.0, through: None }
    }
}

impl InverterShape {
    /// Returns the layer that an inverter of `layer` can go through: fire5 for fire9, fire9 for the scores.
    pub const fn passage(layer: Layer) -> Option<Layer> {
        match layer {
            Layer::Scores => Some(Layer::Fire9),
            Layer::Fire9 => Some(Layer::Fire5),
            _ => None,
        }
    }

    /// Returns the translations, from which layer into which: none for the usual shape, all the way to fire5 for the others.
    pub fn path(self) -> Vec<(Layer, Layer)> {
        let step = |from: Layer| Self::passage(from).map(|to| (from, to));
        let first = self.through.and_then(|_| step(self.layer));
        std::iter::successors(first, |(_, to)| step(*to)).collect()
    }

    /// Returns the layer whose features the part that makes the picture sees.
    fn end(self) -> Layer {
        self.path().last().map_or(self.layer, |(_, to)| *to)
    }
}

/// Channels of an inverter of any network's place, at most.
const MOST_CHANNELS: usize = 256;

/// A place that no inverter can be made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no inverter for `{name}`: its grid must have a stride that is a power of two of at least 2, and lack one position at most")]
pub struct NoInverter {
    /// The place's name.
    pub name: String,
}

/// Inverts the features of one layer. That of a grid layer is fully convolutional: trained on crops, it runs on pictures of any
/// side that is a multiple of 16. That of the scores always makes pictures of [`SCORES_SIDE`].
#[derive(Module, Debug)]
pub struct Inverter {
    translators: Vec<Translator>,
    head: Head,
    blocks: Vec<Block>,
    picture: Conv,
}

impl Inverter {
    /// Creates an inverter with random weights, drawn from the device's generator (`Device::seed`). A [`Layer`] stands for its usual shape.
    pub fn new(shape: impl Into<InverterShape>, device: &Device) -> Self {
        let shape = shape.into();
        let layer = shape.end();
        let (head, usual): (_, &[usize]) = match layer {
            Layer::Pool1 | Layer::Fire3 => (None, &[128, 64, 32]),
            Layer::Fire5 => (None, &[256, 128, 64, 32]),
            Layer::Fire9 => (None, &[128, 128, 96, 64, 32]),
            Layer::Scores => (Some(Dense::new(device)), &[PLACED, 64, 64, 64, 48, 32]),
        };
        // At least eight, so the cast loses nothing but what is rounded.
        let scaled = |channels: usize| ((channels as f64 * shape.width / 8.0).round().max(1.0) as usize) * 8;
        let mut widths: Vec<usize> = usual.iter().map(|&channels| scaled(channels)).collect();
        if head.is_some() {
            widths[0] = PLACED;
        }
        let head = match head {
            Some(dense) => Head::Dense(dense),
            None => Head::Grid(leaky([layer.channels(), widths[0]], Geometry::new(2, 1), device)),
        };
        // The scores' inverter has a translator more, and must not be larger than eight megabytes either.
        let residuals = if shape.layer == Layer::Scores { 1 } else { 2 };
        Self {
            translators: shape.path().into_iter().map(|(from, to)| Translator::new(from, to, residuals, device)).collect(),
            head,
            blocks: widths.windows(2).map(|pair| Block::new(pair[0], pair[1], device)).collect(),
            picture: Conv::new([widths[widths.len() - 1], 3], Geometry::new(3, 1), GREY, device),
        }
    }

    /// Creates an inverter of any network's place, with random weights from the device's generator.
    ///
    /// # Errors
    /// If the place has no grid, or a stride that is not a power of two of at least 2, or lacks more than one position.
    pub fn of(map: &FeatureMap, device: &Device) -> Result<Self, NoInverter> {
        let unsupported = || NoInverter { name: map.name.clone() };
        let stride = map.stride.filter(|stride| stride.is_power_of_two() && *stride >= 2).ok_or_else(unsupported)?;
        let head = match map.lacking {
            0 => Geometry::new(3, 1),
            1 => Geometry::new(2, 1),
            _ => return Err(unsupported()),
        };
        // Half as many channels at each doubling, the last with 32.
        let doublings = stride.trailing_zeros() as usize;
        let widths: Vec<usize> = (0..=doublings).rev().map(|left| (32 << left).min(MOST_CHANNELS)).collect();
        Ok(Self {
            translators: Vec::new(),
            head: Head::Grid(leaky([map.channels, widths[0]], head, device)),
            blocks: widths.windows(2).map(|pair| Block::new(pair[0], pair[1], device)).collect(),
            picture: Conv::new([widths[doublings], 3], Geometry::new(3, 1), GREY, device),
        })
    }

    /// Returns how many times it doubles the side.
    pub const fn doublings(&self) -> usize {
        self.blocks.len()
    }

    /// Returns how many translators come first.
    pub const fn translations(&self) -> usize {
        self.translators.len()
    }

    /// Returns the first translator's translation of scaled features, see [`Translator::forward`]; the features themselves where there is none.
    pub fn translate(&self, features: Tensor<4>) -> Tensor<4> {
        match self.translators.first() {
            Some(translator) => translator.forward(features), // [batch, channels, 2 grid + 1, 2 grid + 1]
            None => features,
        }
    }

    /// Returns pictures `[batch, 3, side, side]`, about [-1, 1], from scaled features `[batch, channels, side / stride - 1, side / stride -
    /// 1]`; from scores `[batch, 1000, 1, 1]`, of side [`SCORES_SIDE`].
    pub fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let features = self.translators.iter().fold(features, |x, translator| translator.forward(x)); // [batch, channels, grid, grid]
        let mut x = match &self.head {
            Head::Grid(conv) => conv.forward(features),    // [batch, width, side / stride, side / stride]
            Head::Dense(dense) => dense.forward(features), // [batch, 64, 4, 4]
        };
        for block in &self.blocks {
            x = block.forward(x); // [batch, width, 2h, 2w]
        }
        self.picture.forward(x) // [batch, 3, side, side]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_side_that_the_grid_came_from() {
        let device = Device::flex();
        for layer in Layer::GRID {
            let inverter = Inverter::new(layer, &device);
            for side in [32, 48] {
                let grid = layer.grid(side);
                let features = Tensor::zeros([1, layer.channels(), grid, grid], &device);
                assert_eq!(inverter.forward(features).dims(), [1, 3, side, side], "{layer} at {side}");
            }
        }
    }

    #[test]
    fn any_place_with_a_grid_has_an_inverter() {
        let device = Device::flex();
        for (stride, lacking) in [(2, 0), (8, 0), (4, 1), (32, 1)] {
            let map = FeatureMap { lacking, ..FeatureMap::padded("place", 24, stride) };
            let features = Tensor::zeros([1, 24, map.grid(64), map.grid(64)], &device);
            assert_eq!(Inverter::of(&map, &device).unwrap().forward(features).dims(), [1, 3, 64, 64], "stride {stride}");
        }
        for map in [FeatureMap::padded("odd", 8, 6), FeatureMap { stride: None, ..FeatureMap::padded("none", 8, 2) }] {
            assert!(Inverter::of(&map, &device).is_err(), "{map:?}");
        }
    }

    #[test]
    fn scores_make_pictures_of_one_side() {
        let device = Device::flex();
        let scores = Tensor::zeros([2, Layer::Scores.channels(), 1, 1], &device);
        assert_eq!(Inverter::new(Layer::Scores, &device).forward(scores).dims(), [2, 3, SCORES_SIDE, SCORES_SIDE]);
    }

    #[test]
    fn inverters_through_another_layer_make_the_same_sizes() {
        let device = Device::flex();
        for layer in [Layer::Fire9, Layer::Scores] {
            let shape = InverterShape { through: InverterShape::passage(layer), ..layer.into() };
            let inverter = Inverter::new(shape, &device);
            let features = Tensor::zeros([1, layer.channels(), layer.grid(128), layer.grid(128)], &device);
            assert_eq!(inverter.forward(features).dims(), [1, 3, 128, 128], "{layer}");
            assert_eq!(inverter.translations(), if layer == Layer::Scores { 2 } else { 1 });
        }
    }

    #[test]
    fn every_inverter_is_small_enough_to_ship() {
        let device = Device::flex();
        for layer in Layer::ALL {
            let weights = Inverter::new(layer, &device).num_params();
            assert!(weights <= 1_300_000, "{layer}: {weights}");
        }
        // Eight megabytes as f16.
        for layer in [Layer::Fire9, Layer::Scores] {
            let weights = Inverter::new(InverterShape { through: InverterShape::passage(layer), ..layer.into() }, &device).num_params();
            assert!(weights <= 4_000_000, "{layer}: {weights}");
        }
    }
}
