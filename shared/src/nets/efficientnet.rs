//! EfficientNet-Lite0: the judge. No loss has seen it, so its opinion of an inversion is an independent one.

use burn::module::{Module, Param};
use burn::tensor::module::{adaptive_avg_pool2d, conv2d};
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::weights;
use crate::kernels::conv::Geometry;

/// (repeats, kernel, stride, expansion, input channels, output channels)
pub(crate) const STAGES: [(usize, usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
];

/// Inverted residual: widen with 1x1, one filter a channel, narrow with 1x1. Batch norm is folded into weights and biases.
#[derive(Module, Debug)]
struct Block {
    expand: Option<Conv>,
    depthwise: Depthwise,
    project: Conv,
    residual: bool,
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let wide = match &self.expand {
            Some(expand) => relu6(expand.forward(x.clone())), // [batch, expansion x input, h, w]
            None => x.clone(),
        };
        let filtered = relu6(self.depthwise.forward(wide)); // [batch, expansion x input, h / stride, w / stride]
        let narrow = self.project.forward(filtered); // [batch, output, h / stride, w / stride]
        if self.residual { narrow + x } else { narrow }
    }
}

/// EfficientNet-Lite0 with its classifier. Field names are the weight file's names.
#[derive(Module, Debug)]
pub struct EfficientNet {
    stem: Conv,
    blocks: Vec<Block>,
    head: Conv,
    // A 1x1 convolution over one position is the file's [1000, 1280] matrix, and needs no transposition.
    classifier: Conv,
}

/// The judge's output for pictures.
pub struct Judgement {
    /// Pooled features, `[batch, 1280]`.
    pub pooled: Tensor<2>,
    /// Class logits, `[batch, 1000]`, in ImageNet's order.
    pub logits: Tensor<2>,
}

impl EfficientNet {
    /// Creates the network with weights of zero, for weights to be loaded into (`ModelFile::apply`).
    pub fn new(device: &Device) -> Self {
        let mut blocks = Vec::new();
        for (repeats, kernel, stride, expansion, input, output) in STAGES {
            for repeat in 0..repeats {
                let (input, stride) = if repeat == 0 { (input, stride) } else { (output, 1) };
                let wide = input * expansion;
                blocks.push(Block {
                    expand: (expansion > 1).then(|| pointwise([input, wide], device)),
                    depthwise: Depthwise::new(wide, kernel, stride, device),
                    project: pointwise([wide, output], device),
                    residual: stride == 1 && input == output,
                });
            }
        }
        Self {
            stem: Conv::new([3, 32], Geometry::new(3, 0).with_stride(2), 0.0, device),
            blocks,
            head: pointwise([320, 1280], device),
            classifier: pointwise([1280, 1000], device),
        }
    }

    /// Returns what several stages (counted from 1) make of pictures `[batch, 3, side, side]` in [-1, 1], in the order asked for. Nothing
    /// past the deepest is computed.
    pub fn features_of(&self, pictures: Tensor<4>, stages: &[usize]) -> Vec<Tensor<4>> {
        let mut x = self.stem(pictures); // [batch, 32, side / 2, side / 2]
        let mut blocks = self.blocks.iter();
        let mut seen = Vec::new();
        for (repeats, ..) in STAGES.iter().take(stages.iter().copied().max().unwrap_or(0)) {
            for block in blocks.by_ref().take(*repeats) {
                x = block.forward(x); // [batch, output, h, w]
            }
            seen.push(x.clone());
        }
        stages.iter().filter_map(|stage| seen.get(stage.checked_sub(1)?).cloned()).collect()
    }

    fn stem(&self, pictures: Tensor<4>) -> Tensor<4> {
        // The weights expect (x - 127) / 128 of x in 0..255.
        let x = pictures.mul_scalar(127.5 / 128.0).add_scalar(0.5 / 128.0); // [batch, 3, side, side]
        relu6(self.stem.forward(same(x, 3, 2))) // [batch, 32, side / 2, side / 2]
    }

    /// Judges pictures `[batch, 3, side, side]` in [-1, 1]; it was trained at side 224.
    pub fn judge(&self, pictures: Tensor<4>) -> Judgement {
        let mut x = self.stem(pictures); // [batch, 32, side / 2, side / 2]
        for block in &self.blocks {
            x = block.forward(x); // [batch, output, h, w]
        }
        let x = relu6(self.head.forward(x)); // [batch, 1280, side / 32, side / 32]
        let x = adaptive_avg_pool2d(x, [1, 1]); // [batch, 1280, 1, 1]
        Judgement {
            pooled: x.clone().flatten(1, 3),                  // [batch, 1280]
            logits: self.classifier.forward(x).flatten(1, 3), // [batch, 1000]
        }
    }
}

/// One filter a channel.
#[derive(Module, Debug)]
struct Depthwise {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    kernel: usize,
    #[module(skip)]
    stride: usize,
}

impl Depthwise {
    fn new(channels: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        Self { weight: weights([channels, 1, kernel, kernel], 0.0, device), bias: weights([channels], 0.0, device), kernel, stride }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, channels, ..] = x.dims();
        let options = ConvOptions::new([self.stride, self.stride], [0, 0], [1, 1], channels);
        let padded = same(x, self.kernel, self.stride);
        conv2d(padded, self.weight.val(), Some(self.bias.val()), options) // [batch, channels, height / stride, width / stride]
    }
}

fn pointwise(channels: [usize; 2], device: &Device) -> Conv {
    Conv::new(channels, Geometry::new(1, 0), 0.0, device)
}

fn relu6(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 6.0)
}

/// Pads as TensorFlow's SAME does: as many outputs as strides fit; an odd pixel of padding goes right and bottom.
fn same(x: Tensor<4>, kernel: usize, stride: usize) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let padding = |size: usize| {
        let total = ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
        (total / 2, total - total / 2)
    };
    let ((top, bottom), (left, right)) = (padding(height), padding(width));
    x.pad((left, right, top, bottom), PadMode::Constant(0.0)) // [batch, channels, height + top + bottom, width + left + right]
}
