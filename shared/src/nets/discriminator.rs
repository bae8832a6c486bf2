//! The discriminator, the paper's D: is this a real picture of these features, or an inverted one?

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::{LEAK, he_gain, he_normal};
use crate::Layer;
use crate::conv::Geometry;

/// (input channels, output channels, kernel, stride): the paper's five convolutions, padded so that small crops are enough.
const CONVS: [(usize, usize, usize, usize); 5] = [(3, 32, 7, 4), (32, 64, 5, 1), (64, 128, 3, 2), (128, 256, 3, 1), (256, 256, 3, 2)];

/// Sees a picture and the features that it should show.
///
/// The paper's dropout is left out: its random numbers differ from one backend to the next, and a training step should not.
#[derive(Module, Debug)]
pub struct Discriminator {
    convs: Vec<Conv>,
    embed1: Linear,
    embed2: Linear,
    decide1: Linear,
    decide2: Linear,
}

impl Discriminator {
    /// A discriminator of pictures and the features of `layer`, with random weights from the device's generator.
    pub fn new(layer: Layer, device: &Device) -> Self {
        let linear = |input, output| LinearConfig::new(input, output).with_initializer(he_normal()).init(device);
        let conv = |(input, output, kernel, stride)| {
            let geometry = Geometry::new(kernel, kernel / 2).with_stride(stride);
            Conv::new([input, output], geometry, he_gain(), device).activated(LEAK)
        };
        Self {
            convs: CONVS.map(conv).into(),
            embed1: linear(layer.channels(), 256),
            embed2: linear(256, 128),
            decide1: linear(256 + 128, 256),
            decide2: linear(256, 1),
        }
    }

    /// Logits `[batch, 1]`, positive for real, from pictures `[batch, 3, side, side]` and scaled features
    /// `[batch, channels, grid, grid]`.
    pub fn forward(&self, pictures: Tensor<4>, features: Tensor<4>) -> Tensor<2> {
        let mut x = pictures;
        for conv in &self.convs {
            x = conv.forward(x); // [batch, output, h / stride, w / stride]
        }
        let seen = global_average(x); // [batch, 256]
        let embedded = leaky_relu(self.embed1.forward(global_average(features)), f64::from(LEAK)); // [batch, 256]
        let embedded = leaky_relu(self.embed2.forward(embedded), f64::from(LEAK)); // [batch, 128]
        let joined = Tensor::cat(vec![seen, embedded], 1); // [batch, 384]
        let decision = leaky_relu(self.decide1.forward(joined), f64::from(LEAK)); // [batch, 256]
        self.decide2.forward(decision) // [batch, 1]
    }
}

/// The mean over positions: `[batch, channels, h, w]` -> `[batch, channels]`.
fn global_average(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2) // [batch, channels]
}
