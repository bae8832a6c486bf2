//! What generators are made of: inverters and decoders alike.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::{LEAK, he_gain};
use crate::conv::{Geometry, doubled};

/// The gain of the layer that makes the picture, a tenth of the usual one: the first pictures are grey, not noise.
pub(super) const GREY: f64 = 0.1;

/// Doubles the side: narrow at the low resolution, where it costs a quarter, repeat each pixel 2x2, then smooth what that left.
#[derive(Module, Debug)]
pub(super) struct Block {
    narrow: Conv,
    smooth: Conv,
    #[module(skip)]
    residual: bool,
}

impl Block {
    /// `input` to `output` channels.
    pub(super) fn new(input: usize, output: usize, device: &Device) -> Self {
        let (narrow, smooth) = (Geometry::new(3, 1), Geometry::doubling());
        Self { narrow: leaky([input, output], narrow, device), smooth: leaky([output, output], smooth, device), residual: false }
    }

    /// With what goes in added to what comes out, twice, and every place brought to the same size in between. Not for more channels
    /// out than in.
    pub(super) fn residual(self) -> Self {
        Self { residual: true, ..self }
    }

    /// `[batch, input, h, w]` -> `[batch, output, 2h, 2w]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let narrowed = self.narrow.forward(x.clone()); // [batch, output, h, w]
        if !self.residual {
            return self.smooth.forward(narrowed); // [batch, output, 2h, 2w]
        }
        let kept = x.narrow(1, 0, narrowed.dims()[1]); // [batch, output, h, w]
        let unit = of_unit_places(join(kept, narrowed)); // [batch, output, h, w]
        let smoothed = self.smooth.forward(unit.clone()); // [batch, output, 2h, 2w]
        join(doubled(unit), smoothed) // [batch, output, 2h, 2w]
    }
}

/// A sum that is about as large as its parts, of the same shape (He et al. 2016; the factor as in Karras et al. 2020).
pub(super) fn join(kept: Tensor<4>, added: Tensor<4>) -> Tensor<4> {
    (kept + added).mul_scalar(FRAC_1_SQRT_2) // as they are
}

/// What keeps places where nothing is from a division by zero.
const NOTHING: f64 = 1e-6;

/// Each place divided by the root mean square of its channels (Karras et al. 2018, section 4.2), `[batch, channels, h, w]`.
fn of_unit_places(x: Tensor<4>) -> Tensor<4> {
    let size = x.clone().square().mean_dim(1).add_scalar(NOTHING).sqrt(); // [batch, 1, h, w]
    x.div(size) // [batch, channels, h, w]
}

/// A convolution with the networks' leaky ReLU.
pub(super) fn leaky(channels: [usize; 2], geometry: Geometry, device: &Device) -> Conv {
    Conv::new(channels, geometry, he_gain(), device).activated(LEAK)
}
