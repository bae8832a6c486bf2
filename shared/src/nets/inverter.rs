//! The inverter, the paper's generator G: features of one layer -> picture.

use burn::module::Module;
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::{LEAK, he_normal};
use crate::Layer;
use crate::conv::Geometry;

/// Channels of the inverter where a position covers 1, 2, 4, 8 and 16 pixels: about a million weights, whatever the layer.
const fn widths(layer: Layer) -> [usize; 5] {
    match layer {
        Layer::Fire9 => [32, 64, 96, 128, 128],
        _ => [32, 64, 128, 256, 256],
    }
}

/// Doubles the side: narrow at the low resolution, where it costs a quarter, repeat each pixel 2x2, then smooth what that left.
#[derive(Module, Debug)]
struct Block {
    narrow: Conv,
    smooth: Conv,
}

impl Block {
    fn new(input: usize, output: usize, device: &Device) -> Self {
        Self { narrow: leaky([input, output], Geometry::new(3, 1), device), smooth: leaky([output, output], Geometry::doubling(), device) }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.narrow.forward(x); // [batch, output, h, w]
        self.smooth.forward(x) // [batch, output, 2h, 2w]
    }
}

fn leaky(channels: [usize; 2], geometry: Geometry, device: &Device) -> Conv {
    Conv::new(channels, geometry, &he_normal(), device).activated(LEAK)
}

/// Inverts the features of one grid layer. Fully convolutional: trained on crops, it runs on pictures of any side that is a
/// multiple of 16.
#[derive(Module, Debug)]
pub struct Inverter {
    head: Conv,
    blocks: Vec<Block>,
    picture: Conv,
}

/// Asked to invert a layer that has no grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no inverter for layer `{0}` yet: choose one of pool1, fire3, fire5, fire9")]
pub struct NoGrid(pub Layer);

impl Inverter {
    /// An inverter with random weights, drawn from the device's generator (`Device::seed`).
    ///
    /// # Errors
    /// If the layer has no grid.
    pub fn new(layer: Layer, device: &Device) -> Result<Self, NoGrid> {
        let stride = layer.stride().ok_or(NoGrid(layer))?;
        let doublings = stride.ilog2() as usize;
        let widths = widths(layer);
        // A tenth of the usual gain: the first pictures are grey, not noise.
        let grey = Initializer::KaimingNormal { gain: 0.1, fan_out_only: false };
        Ok(Self {
            // The unpadded network lost one position a side; a 2x2 kernel padded by one gives it back.
            head: leaky([layer.channels(), widths[doublings]], Geometry::new(2, 1), device),
            blocks: (0..doublings).rev().map(|at| Block::new(widths[at + 1], widths[at], device)).collect(),
            picture: Conv::new([widths[0], 3], Geometry::new(3, 1), &grey, device),
        })
    }

    /// Pictures `[batch, 3, side, side]`, about [-1, 1], from scaled features `[batch, channels, side / stride - 1, side / stride - 1]`.
    pub fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let mut x = self.head.forward(features); // [batch, width, side / stride, side / stride]
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
            let inverter = Inverter::new(layer, &device).unwrap();
            for side in [32, 48] {
                let grid = layer.grid(side);
                let features = Tensor::zeros([1, layer.channels(), grid, grid], &device);
                assert_eq!(inverter.forward(features).dims(), [1, 3, side, side], "{layer} at {side}");
            }
        }
    }

    #[test]
    fn scores_have_no_inverter_yet() {
        assert_eq!(Inverter::new(Layer::Scores, &Device::flex()).err(), Some(NoGrid(Layer::Scores)));
    }
}
