//! The translator: features of one layer -> features of the layer before it, where an inverter knows how to make pictures already.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::block::{Block, Residual, leaky};
use super::conv::Conv;
use super::dense::{Dense, PLACED};
use super::he_gain;
use crate::Layer;
use crate::kernels::conv::Geometry;

/// Channels of the residual blocks at fire9's grid, and after the doubling.
const GRID: [usize; 2] = [224, 128];
/// Channels after the doubling of the scores' 4x4 grid.
const SCORES: usize = 96;

/// The layer that turns the features into a first grid.
#[derive(Module, Debug)]
enum Head {
    /// A 2x2 kernel padded by one gives back the position a side that the unpadded network lost.
    Grid(Conv),
    /// Scores have no grid.
    Dense(Dense),
}

/// Translates the scaled features of a layer into the scaled features of another one with twice the grid: fire9 into fire5, the scores into
/// fire9. It learns from features alone, without a picture and without the way back through the encoder.
#[derive(Module, Debug)]
pub struct Translator {
    head: Head,
    residual: Vec<Residual>,
    block: Block,
    last: Conv,
}

impl Translator {
    /// Creates a translator with random weights from the device's generator (`Device::seed`). `from` is scores or a grid layer with twice the
    /// stride of `to`; that of a grid has so many residual blocks.
    pub fn new(from: Layer, to: Layer, residuals: usize, device: &Device) -> Self {
        let (head, residuals, [narrow, wide]) = match from.stride() {
            Some(_) => (Head::Grid(leaky([from.channels(), GRID[0]], Geometry::new(2, 1), device)), residuals, GRID),
            None => (Head::Dense(Dense::new(device)), 0, [PLACED, SCORES]),
        };
        Self {
            head,
            residual: (0..residuals).map(|_| Residual::new(narrow, device)).collect(),
            block: Block::new(narrow, wide, device),
            // Features are what a ReLU gave: never negative.
            last: Conv::new([wide, to.channels()], Geometry::new(2, 0), he_gain(), device).activated(0.0),
        }
    }

    /// Returns the translation `[batch, channels, 2 grid + 1, 2 grid + 1]` of features `[batch, channels, grid, grid]`; that of scores
    /// `[batch, 1000, 1, 1]` is `[batch, 512, 7, 7]`.
    pub fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let x = match &self.head {
            Head::Grid(conv) => conv.forward(features),    // [batch, 224, grid + 1, grid + 1]
            Head::Dense(dense) => dense.forward(features), // [batch, 64, 4, 4]
        };
        let x = self.residual.iter().fold(x, |x, block| block.forward(x)); // [batch, width, h, h]
        let x = self.block.forward(x); // [batch, width, 2h, 2h]
        self.last.forward(x) // [batch, channels, 2h - 1, 2h - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translations_have_the_shape_of_the_other_layers_features() {
        let device = Device::flex();
        for side in [32, 48, 128] {
            let (from, to) = (Layer::Fire9, Layer::Fire5);
            let features = Tensor::zeros([1, from.channels(), from.grid(side), from.grid(side)], &device);
            let translated = Translator::new(from, to, 1, &device).forward(features);
            assert_eq!(translated.dims(), [1, to.channels(), to.grid(side), to.grid(side)], "at {side}");
        }
        let scores = Tensor::zeros([2, 1000, 1, 1], &device);
        assert_eq!(Translator::new(Layer::Scores, Layer::Fire9, 1, &device).forward(scores).dims(), [2, 512, 7, 7]);
    }
}
