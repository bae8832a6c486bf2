//! A convolution's weights, and what it does with them.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::conv::{Geometry, convolve};

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
    /// `[inputs, outputs]` channels; weights from `initializer`, a bias of zeros, no activation.
    pub fn new([inputs, outputs]: [usize; 2], geometry: Geometry, initializer: &Initializer, device: &Device) -> Self {
        let Geometry { kernel, .. } = geometry;
        let fan = kernel * kernel;
        Self {
            weight: initializer.init_with([outputs, inputs, kernel, kernel], Some(inputs * fan), Some(outputs * fan), device),
            bias: Initializer::Zeros.init([outputs], device),
            geometry,
            slope: 1.0,
        }
    }

    /// Followed by what multiplies negative outputs by `slope`: 0 is ReLU.
    pub fn activated(self, slope: f32) -> Self {
        Self { slope, ..self }
    }

    /// `[batch, inputs, side, side]` -> `[batch, outputs, side', side']`, see [`Geometry::output`].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(x, self.weight.val(), self.bias.val(), self.geometry, self.slope)
    }
}
