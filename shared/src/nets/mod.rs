//! The networks, each in a file of its own. None is generic over a backend: burn's `Device` decides where they run.

pub mod activations;
pub mod conv;
pub mod discriminator;
pub mod efficientnet;
pub mod exemplar;
pub mod inverter;
pub mod squeezenet;

use burn::nn::Initializer;

/// Leaky ReLU's slope below zero, in the inverter and the discriminator (0.3 in the paper's generator).
pub(crate) const LEAK: f32 = 0.3;

/// He et al.'s normal initialisation for layers followed by a leaky ReLU: gain sqrt(2 / (1 + slope^2)).
pub(crate) fn he_normal() -> Initializer {
    let slope = f64::from(LEAK);
    Initializer::KaimingNormal { gain: (2.0 / (1.0 + slope * slope)).sqrt(), fan_out_only: false }
}
