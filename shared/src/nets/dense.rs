//! The paper's fully connected layers, scaled down: how the scores, which have no grid, get one.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::block::leaky;
use super::conv::Conv;
use crate::Layer;
use crate::kernels::conv::Geometry;

/// Channels between the two layers.
const EMBEDDED: usize = 384;
/// Channels of the grid.
pub(super) const PLACED: usize = 64;
/// Side of the grid, in positions.
const SIDE: usize = 4;

/// Two fully connected layers, 1000 -> 384 -> 64 channels of 4x4, as convolutions of one position.
#[derive(Module, Debug)]
pub(super) struct Dense {
    embed: Conv,
    place: Conv,
}

impl Dense {
    /// Creates the layers with random weights from the device's generator.
    pub(super) fn new(device: &Device) -> Self {
        let dense = |channels| leaky(channels, Geometry::new(1, 0), device);
        Self { embed: dense([Layer::Scores.channels(), EMBEDDED]), place: dense([EMBEDDED, PLACED * SIDE * SIDE]) }
    }

    /// Returns a grid `[batch, 64, 4, 4]` for scores `[batch, 1000, 1, 1]`.
    pub(super) fn forward(&self, scores: Tensor<4>) -> Tensor<4> {
        let x = self.embed.forward_dense(scores); // [batch, 384, 1, 1]
        let x = self.place.forward_dense(x); // [batch, 64 * 4 * 4, 1, 1]
        let [batch, ..] = x.dims();
        x.reshape([batch, PLACED, SIDE, SIDE]) // [batch, 64, 4, 4]
    }
}
