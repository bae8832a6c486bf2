//! A convolution's weights, and what it does with them.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::weights;
use crate::kernels::conv::{Geometry, convolve};

/// A square convolution with bias and activation.
#[derive(Module, Debug)]
pub struct Conv {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    geometry: Geometry,
    #[module(skip)]
    slope: f32,
}

impl Conv {
    /// Creates a convolution from `inputs` to `outputs` channels without activation: normal weights with the standard deviation gain /
    /// sqrt(inputs of an output), a bias of zeros.
    pub fn new([inputs, outputs]: [usize; 2], geometry: Geometry, gain: f64, device: &Device) -> Self {
        let Geometry { kernel, .. } = geometry;
        Self {
            weight: weights([outputs, inputs, kernel, kernel], gain, device),
            bias: weights([outputs], 0.0, device),
            geometry,
            slope: 1.0,
        }
    }

    /// Adds a leaky ReLU, which multiplies negative outputs by `slope`: 0 is ReLU.
    pub fn activated(self, slope: f32) -> Self {
        Self { slope, ..self }
    }

    /// Applies a fully connected layer, a 1x1 convolution of pictures of one pixel: `[batch, inputs, 1, 1]` to `[batch, outputs, 1, 1]`.
    /// They go through as one picture whose pixels are the batch: alone, each would fill one lane of a kernel's many.
    pub fn forward_dense(&self, x: Tensor<4>) -> Tensor<4> {
        let x = x.swap_dims(0, 2); // [1, inputs, batch, 1]
        self.forward(x).swap_dims(0, 2) // [batch, outputs, 1, 1]
    }

    /// Maps `[batch, inputs, side, side]` to `[batch, outputs, side', side']`, see [`Geometry::output`].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(x, self.weight.val(), self.bias.val(), self.geometry, self.slope)
    }
}
