//! The inverter, the paper's generator G: features of one layer -> picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::block::{Block, GREY, leaky};
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

/// Inverts the features of one layer. That of a grid layer is fully convolutional: trained on crops, it runs on pictures of any
/// side that is a multiple of 16. That of the scores always makes pictures of [`SCORES_SIDE`].
#[derive(Module, Debug)]
pub struct Inverter {
    head: Head,
    blocks: Vec<Block>,
    picture: Conv,
}

impl Inverter {
    /// An inverter with random weights, drawn from the device's generator (`Device::seed`).
    pub fn new(layer: Layer, device: &Device) -> Self {
        Self::with_width(layer, 1.0, device)
    }

    /// The same with `width` times the usual channels (those of the dense head stay), in eights.
    pub fn with_width(layer: Layer, width: f64, device: &Device) -> Self {
        let (head, usual): (_, &[usize]) = match layer {
            Layer::Pool1 | Layer::Fire3 => (None, &[128, 64, 32]),
            Layer::Fire5 => (None, &[256, 128, 64, 32]),
            Layer::Fire9 => (None, &[128, 128, 96, 64, 32]),
            Layer::Scores => (Some(Dense::new(device)), &[PLACED, 64, 64, 64, 48, 32]),
        };
        // At least eight, so the cast loses nothing but what is rounded.
        let scaled = |channels: usize| ((channels as f64 * width / 8.0).round().max(1.0) as usize) * 8;
        let mut widths: Vec<usize> = usual.iter().map(|&channels| scaled(channels)).collect();
        if head.is_some() {
            widths[0] = PLACED;
        }
        let head = match head {
            Some(dense) => Head::Dense(dense),
            None => Head::Grid(leaky([layer.channels(), widths[0]], Geometry::new(2, 1), device)),
        };
        Self {
            head,
            blocks: widths.windows(2).map(|pair| Block::new(pair[0], pair[1], device)).collect(),
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
    fn scores_make_pictures_of_one_side() {
        let device = Device::flex();
        let scores = Tensor::zeros([2, Layer::Scores.channels(), 1, 1], &device);
        assert_eq!(Inverter::new(Layer::Scores, &device).forward(scores).dims(), [2, 3, SCORES_SIDE, SCORES_SIDE]);
    }

    #[test]
    fn every_inverter_is_small_enough_to_ship() {
        for layer in Layer::ALL {
            let weights = Inverter::new(layer, &Device::flex()).num_params();
            assert!(weights <= 1_300_000, "{layer}: {weights}");
        }
    }
}
