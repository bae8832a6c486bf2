//! The networks, each in a file of its own. None is generic over a backend: burn's `Device` decides where they run.

pub mod activations;
pub mod autoencoder;
mod block;
pub mod conv;
mod dense;
pub mod discriminator;
pub mod efficientnet;
pub mod exemplar;
pub(crate) mod he_normal;
pub mod inverter;
pub mod lapgan;
pub mod squeezenet;
pub mod stylist;
pub mod translator;
pub mod upscaler;

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Distribution, Shape, Tensor};

/// Leaky ReLU's slope below zero, in the inverter and the discriminator (0.3 in the paper's generator).
pub(crate) const LEAK: f32 = 0.3;

/// Returns the gain of He et al. for layers followed by a leaky ReLU: sqrt(2 / (1 + slope^2)).
pub(crate) fn he_gain() -> f64 {
    let slope = f64::from(LEAK);
    (2.0 / (1.0 + slope * slope)).sqrt()
}

/// Creates weights that are drawn when they are first needed: normal with the standard deviation gain / sqrt(inputs); zero for a gain of
/// zero. The page loads all of its weights and draws none: burn's `Initializer` would bring orthogonal matrices, and with them four
/// megabytes of matrix multiplication, into its wasm.
pub(crate) fn weights<const D: usize>(shape: [usize; D], gain: f64, device: &Device) -> Param<Tensor<D>> {
    let inputs: usize = shape[1..].iter().product();
    let deviation = gain / (inputs.max(1) as f64).sqrt();
    let draw = move |device: &Device, require_grad: bool| {
        let tensor = if cfg!(target_arch = "wasm32") || deviation == 0.0 {
            Tensor::zeros(shape, device)
        } else {
            Tensor::random(shape, Distribution::Normal(0.0, deviation), device)
        };
        if require_grad { tensor.require_grad() } else { tensor }
    };
    Param::uninitialized(ParamId::new(), draw, device.clone(), true, Shape::from(shape))
}
