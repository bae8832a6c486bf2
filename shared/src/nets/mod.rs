//! The networks, each in a file of its own. None is generic over a backend: burn's `Device` decides where they run.

pub mod activations;
pub mod discriminator;
pub mod efficientnet;
pub mod inverter;
pub mod squeezenet;

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Initializer, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

/// Leaky ReLU's slope below zero, in the inverter and the discriminator (0.3 in the paper's generator).
pub(crate) const LEAK: f64 = 0.3;

/// He et al.'s normal initialisation for layers followed by a leaky ReLU: gain sqrt(2 / (1 + slope^2)).
pub(crate) fn he_normal() -> Initializer {
    Initializer::KaimingNormal { gain: (2.0 / (1.0 + LEAK * LEAK)).sqrt(), fan_out_only: false }
}

/// A square convolution with weights from `initializer` and a bias of zeros.
pub(crate) fn conv(
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    initializer: Initializer,
    device: &Device,
) -> Conv2d {
    let mut conv = Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(false)
        .with_initializer(initializer)
        .init(device);
    conv.bias = Some(zero_bias(channels[1], device));
    conv
}

/// A bias of zeros, `[channels]`.
pub(crate) fn zero_bias(channels: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Zeros.init([channels], device)
}
