//! The inverter, the paper's generator G: features of one layer -> picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::block::{Block, GREY, join, leaky};
use super::conv::Conv;
use crate::Layer;
use crate::conv::Geometry;

/// What makes a first grid of the features.
#[derive(Module, Debug)]
enum Head {
    /// The unpadded network lost one position a side; a 2x2 kernel padded by one gives it back.
    Grid(Conv),
    /// Scores have no grid.
    Dense(Dense),
}

/// The paper's fully connected layers, scaled down: 1000 -> 384 -> 64 channels of 4x4. Convolutions of one position.
#[derive(Module, Debug)]
struct Dense {
    embed: Conv,
    place: Conv,
}

/// Channels of what [`Dense`] embeds scores in.
const EMBEDDED: usize = 384;
/// Channels of the grid that [`Dense`] makes.
const PLACED: usize = 64;
/// Its side, in positions.
const SIDE: usize = 4;

impl Dense {
    fn new(device: &Device) -> Self {
        let dense = |channels| leaky(channels, Geometry::new(1, 0), device);
        Self { embed: dense([Layer::Scores.channels(), EMBEDDED]), place: dense([EMBEDDED, PLACED * SIDE * SIDE]) }
    }

    fn forward(&self, scores: Tensor<4>) -> Tensor<4> {
        let x = self.embed.forward_dense(scores); // [batch, 384, 1, 1]
        let x = self.place.forward_dense(x); // [batch, 64 * 4 * 4, 1, 1]
        let [batch, ..] = x.dims();
        x.reshape([batch, PLACED, SIDE, SIDE]) // [batch, 64, 4, 4]
    }
}

/// The side of what the scores' inverter makes, whatever the side of the picture that the scores are of, in pixels.
pub const SCORES_SIDE: usize = 128;

/// What decides an inverter's architecture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The layer whose features it inverts.
    pub layer: Layer,
    /// What the usual numbers of channels are multiplied by (those of the dense head stay), in eights.
    #[serde(default = "full_width", skip_serializing_if = "is_full_width")]
    pub width: f64,
    /// Whether what goes into a convolution is added to what comes out, and places are brought to one size before each doubling. Of
    /// fire5 and fire9 there are fewer channels then, and two more convolutions at the features' own grid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub residual: bool,
}

impl From<Layer> for Shape {
    /// The usual inverter of a layer.
    fn from(layer: Layer) -> Self {
        Self { layer, width: full_width(), residual: false }
    }
}

const fn full_width() -> f64 {
    1.0
}

// serde passes a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_full_width(width: &f64) -> bool {
    *width == 1.0
}

impl Shape {
    /// Channels from the head's to those that the picture is made of.
    const fn channels(self) -> &'static [usize] {
        match (self.layer, self.residual) {
            (Layer::Pool1 | Layer::Fire3, _) => &[128, 64, 32],
            (Layer::Fire5, false) => &[256, 128, 64, 32],
            (Layer::Fire5, true) => &[128, 96, 64, 32],
            (Layer::Fire9, false) => &[128, 128, 96, 64, 32],
            (Layer::Fire9, true) => &[128, 96, 64, 32, 16],
            (Layer::Scores, _) => &[PLACED, 64, 64, 64, 48, 32],
        }
    }

    /// Convolutions at the features' own grid: of the early layers it is large, and the scores have none.
    const fn residuals(self) -> usize {
        match self.layer {
            Layer::Fire5 | Layer::Fire9 if self.residual => 2,
            _ => 0,
        }
    }
}

/// Inverts the features of one layer. That of a grid layer is fully convolutional: trained on crops, it runs on pictures of any
/// side that is a multiple of 16. That of the scores always makes pictures of [`SCORES_SIDE`].
#[derive(Module, Debug)]
pub struct Inverter {
    head: Head,
    residuals: Vec<Conv>,
    blocks: Vec<Block>,
    picture: Conv,
}

impl Inverter {
    /// An inverter with random weights, drawn from the device's generator (`Device::seed`); of a layer alone, the usual one.
    pub fn new(shape: impl Into<Shape>, device: &Device) -> Self {
        let shape = shape.into();
        // At least eight, so the cast loses nothing but what is rounded.
        let scaled = |channels: usize| ((channels as f64 * shape.width / 8.0).round().max(1.0) as usize) * 8;
        let mut widths: Vec<usize> = shape.channels().iter().map(|&channels| scaled(channels)).collect();
        let head = if shape.layer == Layer::Scores {
            widths[0] = PLACED;
            Head::Dense(Dense::new(device))
        } else {
            Head::Grid(leaky([shape.layer.channels(), widths[0]], Geometry::new(2, 1), device))
        };
        let block = |pair: &[usize]| {
            let block = Block::new(pair[0], pair[1], device);
            // Widened, the scores' first block has more channels out than in: the dense head's stay.
            if shape.residual && pair[0] >= pair[1] { block.residual() } else { block }
        };
        Self {
            head,
            residuals: (0..shape.residuals()).map(|_| leaky([widths[0]; 2], Geometry::new(3, 1), device)).collect(),
            blocks: widths.windows(2).map(block).collect(),
            picture: Conv::new([widths[widths.len() - 1], 3], Geometry::new(3, 1), GREY, device),
        }
    }

    /// How many times it doubles the side.
    pub const fn doublings(&self) -> usize {
        self.blocks.len()
    }

    /// Pictures `[batch, 3, side, side]`, about [-1, 1], from scaled features `[batch, channels, side / stride - 1, side / stride - 1]`;
    /// from scores `[batch, 1000, 1, 1]`, of side [`SCORES_SIDE`].
    pub fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let mut x = match &self.head {
            Head::Grid(conv) => conv.forward(features),    // [batch, width, side / stride, side / stride]
            Head::Dense(dense) => dense.forward(features), // [batch, 64, 4, 4]
        };
        for conv in &self.residuals {
            let added = conv.forward(x.clone()); // [batch, width, side / stride, side / stride]
            x = join(x, added); // the same
        }
        for block in &self.blocks {
            x = block.forward(x); // [batch, width, 2h, 2w]
        }
        self.picture.forward(x) // [batch, 3, side, side]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain and residual; wide and narrow.
    fn of_layer(layer: Layer) -> [Shape; 3] {
        let shape = Shape::from(layer);
        [shape, Shape { residual: true, ..shape }, Shape { residual: true, width: 0.3, ..shape }]
    }

    #[test]
    fn residual_blocks_keep_the_size_of_what_goes_through() {
        let device = Device::flex();
        device.seed(3);
        let features = Tensor::random([1, 512, 7, 7], burn::tensor::Distribution::Normal(0.0, 1.0), &device);
        let inverter = Inverter::new(Shape { residual: true, ..Layer::Fire9.into() }, &device);
        let pictures = [1.0, 100.0].map(|size| inverter.forward(features.clone().mul_scalar(size)));
        let [small, large] = pictures.map(|picture| picture.square().mean().into_scalar::<f32>().sqrt());
        assert!((0.5..2.0).contains(&(large / small)), "{small} and {large}");
        assert!(small > 0.01, "{small}");
    }

    #[test]
    fn pictures_have_the_side_that_the_grid_came_from() {
        let device = Device::flex();
        for shape in Layer::GRID.into_iter().flat_map(of_layer) {
            let inverter = Inverter::new(shape, &device);
            for side in [32, 48] {
                let grid = shape.layer.grid(side);
                let features = Tensor::zeros([1, shape.layer.channels(), grid, grid], &device);
                assert_eq!(inverter.forward(features).dims(), [1, 3, side, side], "{shape:?} at {side}");
            }
        }
    }

    #[test]
    fn scores_make_pictures_of_one_side() {
        let device = Device::flex();
        let scores = Tensor::zeros([2, Layer::Scores.channels(), 1, 1], &device);
        let wide = Shape { residual: true, width: 1.5, ..Layer::Scores.into() };
        for shape in of_layer(Layer::Scores).into_iter().chain([wide]) {
            assert_eq!(Inverter::new(shape, &device).forward(scores.clone()).dims(), [2, 3, SCORES_SIDE, SCORES_SIDE], "{shape:?}");
        }
    }

    #[test]
    fn every_inverter_is_small_enough_to_ship() {
        for shape in Layer::ALL.into_iter().flat_map(of_layer) {
            let weights = Inverter::new(shape, &Device::flex()).num_params();
            assert!(weights <= 1_300_000, "{shape:?}: {weights}");
        }
    }
}
