//! Building blocks of the generators, of inverters and of decoders.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::{LEAK, he_gain};
use crate::kernels::add::add;
use crate::kernels::conv::Geometry;

/// The gain of the layer that makes the picture, a tenth of the usual one: the first pictures are grey, not noise.
pub(super) const GREY: f64 = 0.1;

/// Doubles the side: narrow at the low resolution, where it costs a quarter, repeat each pixel 2x2, then smooth what that left.
#[derive(Module, Debug)]
pub(super) struct Block {
    narrow: Conv,
    smooth: Conv,
}

impl Block {
    /// Creates a block from `input` to `output` channels.
    pub(super) fn new(input: usize, output: usize, device: &Device) -> Self {
        Self { narrow: leaky([input, output], Geometry::new(3, 1), device), smooth: leaky([output, output], Geometry::doubling(), device) }
    }

    /// Maps `[batch, input, h, w]` to `[batch, output, 2h, 2w]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.narrow.forward(x); // [batch, output, h, w]
        self.smooth.forward(x) // [batch, output, 2h, 2w]
    }
}

/// Adds two 3x3 convolutions to their input (He et al. 2016), which starts nearly as it is.
#[derive(Module, Debug)]
pub(super) struct Residual {
    first: Conv,
    second: Conv,
}

impl Residual {
    /// Creates a block of `channels` channels with random weights from the device's generator.
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        let channels = [channels, channels];
        Self { first: leaky(channels, Geometry::new(3, 1), device), second: Conv::new(channels, Geometry::new(3, 1), GREY, device) }
    }

    /// Returns the input `[batch, channels, h, w]` and what the convolutions make of it, added up.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let change = self.second.forward(self.first.forward(x.clone())); // [batch, channels, h, w]
        add(x, change) // [batch, channels, h, w]
    }
}

/// Returns a convolution with the networks' leaky ReLU.
pub(super) fn leaky(channels: [usize; 2], geometry: Geometry, device: &Device) -> Conv {
    Conv::new(channels, geometry, he_gain(), device).activated(LEAK)
}
