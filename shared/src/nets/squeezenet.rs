//! SqueezeNet 1.1 (Iandola et al. 2016): the network that is inverted, and the comparator of the loss.

use burn::module::Module;
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::he_normal::HeNormal;
use crate::Layer;
use crate::kernels::conv::Geometry;
use crate::kernels::pool::max_pool;

/// The mean RGB of ImageNet with which the weights were trained, 0..255.
const MEAN_RGB: [f32; 3] = [123.68, 116.779, 103.939];

/// Tensors of a convolution, and of three.
const CONV: usize = 2;
const FIRE: usize = 3 * CONV;

/// The network's parts, the first layer whose features need them, and their number of tensors.
const PARTS: [(&str, Layer, usize); 10] = [
    ("conv1", Layer::Pool1, CONV),
    ("fire2", Layer::Fire3, FIRE),
    ("fire3", Layer::Fire3, FIRE),
    ("fire4", Layer::Fire5, FIRE),
    ("fire5", Layer::Fire5, FIRE),
    ("fire6", Layer::Fire9, FIRE),
    ("fire7", Layer::Fire9, FIRE),
    ("fire8", Layer::Fire9, FIRE),
    ("fire9", Layer::Fire9, FIRE),
    ("conv10", Layer::Scores, CONV),
];

/// Squeeze with 1x1, expand with 1x1 and 3x3 side by side.
#[derive(Module, Debug)]
struct Fire {
    squeeze1x1: Conv,
    expand1x1: Conv,
    expand3x3: Conv,
}

impl Fire {
    fn new(input: usize, squeeze: usize, expand: usize, device: &Device) -> Self {
        Self {
            squeeze1x1: conv_relu([input, squeeze], Geometry::new(1, 0), device),
            expand1x1: conv_relu([squeeze, expand], Geometry::new(1, 0), device),
            expand3x3: conv_relu([squeeze, expand], Geometry::new(3, 1), device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let squeezed = self.squeeze1x1.forward(x); // [batch, squeeze, h, w]
        let one = self.expand1x1.forward(squeezed.clone()); // [batch, expand, h, w]
        let three = self.expand3x3.forward(squeezed); // [batch, expand, h, w]
        Tensor::cat(vec![one, three], 1) // [batch, 2 expand, h, w]
    }
}

/// SqueezeNet 1.1. Field names are the weight file's names.
#[derive(Module, Debug)]
pub struct SqueezeNet {
    conv1: Conv,
    fire2: Fire,
    fire3: Fire,
    fire4: Fire,
    fire5: Fire,
    fire6: Fire,
    fire7: Fire,
    fire8: Fire,
    fire9: Fire,
    conv10: Conv,
}

impl SqueezeNet {
    /// Creates the network with weights of zero, for weights to be loaded into (`ModelFile::apply`).
    pub fn new(device: &Device) -> Self {
        Self {
            conv1: conv_relu([3, 64], Geometry::new(3, 0).with_stride(2), device),
            fire2: Fire::new(64, 16, 64, device),
            fire3: Fire::new(128, 16, 64, device),
            fire4: Fire::new(128, 32, 128, device),
            fire5: Fire::new(256, 32, 128, device),
            fire6: Fire::new(256, 48, 192, device),
            fire7: Fire::new(384, 48, 192, device),
            fire8: Fire::new(384, 64, 256, device),
            fire9: Fire::new(512, 64, 256, device),
            conv10: conv_relu([512, 1000], Geometry::new(1, 0), device),
        }
    }

    /// Returns whether a layer's features need a tensor of this name.
    pub fn needs(layer: Layer, tensor: &str) -> bool {
        let part = tensor.split('.').next().unwrap_or(tensor);
        PARTS.iter().any(|&(name, first, _)| name == part && first <= layer)
    }

    /// Returns how many tensors a layer's features need.
    pub fn tensors(layer: Layer) -> usize {
        PARTS.iter().filter(|(_, first, _)| *first <= layer).map(|(_, _, tensors)| tensors).sum()
    }

    /// Creates the network with weights drawn from a seed (He et al. 2015), the same on every device; biases of zero.
    pub fn random(seed: u64, device: &Device) -> Self {
        Self::new(device).map(&mut HeNormal::new(seed, 2.0))
    }

    /// Returns the features of one layer for pictures `[batch, 3, side, side]` in [-1, 1]: `[batch, channels, grid, grid]`.
    pub fn features(&self, pictures: Tensor<4>, layer: Layer) -> Tensor<4> {
        self.forward(pictures, layer, |_, _| {})
    }

    /// Returns the features of several layers in one pass, in the order asked for. Nothing past the deepest is computed.
    pub fn features_of(&self, pictures: Tensor<4>, layers: &[Layer]) -> Vec<Tensor<4>> {
        let Some(&deepest) = layers.iter().max() else {
            return Vec::new();
        };
        let mut seen = Vec::new();
        let last = self.forward(pictures, deepest, |layer, features| {
            if layers.contains(&layer) {
                seen.push((layer, features.clone()));
            }
        });
        let found = |layer: Layer| seen.iter().find(|(name, _)| *name == layer).map(|(_, features)| features.clone());
        layers.iter().map(|&layer| found(layer).unwrap_or_else(|| last.clone())).collect()
    }

    /// Returns the scores of classes without the last ReLU, `[batch, 1000]`: below zero it would let no gradient through, and no class that a picture does
    /// not show at all could be climbed to.
    pub fn linear_scores(&self, pictures: Tensor<4>) -> Tensor<2> {
        let x = self.features(pictures, Layer::Fire9); // [batch, 512, n/16 - 1, n/16 - 1]
        let x = self.conv10.clone().activated(1.0).forward(x); // [batch, 1000, n/16 - 1, n/16 - 1]
        x.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2) // [batch, 1000]
    }

    /// Runs up to `last` and returns its features; `visit` sees each layer's features on the way there.
    fn forward(&self, pictures: Tensor<4>, last: Layer, mut visit: impl FnMut(Layer, &Tensor<4>)) -> Tensor<4> {
        let x = self.conv1.forward(normalise(pictures)); // [batch, 64, n/2 - 1, n/2 - 1]
        let x = max_pool(x); // [batch, 64, n/4 - 1, n/4 - 1]
        if last == Layer::Pool1 {
            return x;
        }
        visit(Layer::Pool1, &x);
        let x = self.fire3.forward(self.fire2.forward(x)); // [batch, 128, n/4 - 1, n/4 - 1]
        if last == Layer::Fire3 {
            return x;
        }
        visit(Layer::Fire3, &x);
        let x = self.fire5.forward(self.fire4.forward(max_pool(x))); // [batch, 256, n/8 - 1, n/8 - 1]
        if last == Layer::Fire5 {
            return x;
        }
        visit(Layer::Fire5, &x);
        let x = self.fire7.forward(self.fire6.forward(max_pool(x))); // [batch, 384, n/16 - 1, n/16 - 1]
        let x = self.fire9.forward(self.fire8.forward(x)); // [batch, 512, n/16 - 1, n/16 - 1]
        if last == Layer::Fire9 {
            return x;
        }
        visit(Layer::Fire9, &x);
        let x = self.conv10.forward(x); // [batch, 1000, n/16 - 1, n/16 - 1]
        adaptive_avg_pool2d(x, [1, 1]) // [batch, 1000, 1, 1]
    }
}

/// Creates a convolution with weights of zero, to be loaded into.
fn conv_relu(channels: [usize; 2], geometry: Geometry, device: &Device) -> Conv {
    Conv::new(channels, geometry, 0.0, device).activated(0.0)
}

/// Converts pictures from [-1, 1] to the range that the weights were trained on: 0..255 minus the mean RGB.
fn normalise(pictures: Tensor<4>) -> Tensor<4> {
    let shift = MEAN_RGB.map(|mean| 127.5 - mean);
    let shift = Tensor::<1>::from_floats(shift, &pictures.device()).reshape([1, 3, 1, 1]); // [1, 3, 1, 1]
    pictures.mul_scalar(127.5) + shift // [batch, 3, side, side]
}
