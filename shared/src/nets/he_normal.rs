//! Weights that are drawn from a seed, the same on every device and in every browser (He et al. 2015).

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use super::block::GREY;
use crate::random::{gaussian, generator};

/// Draws a network's weights, on a plain device: normal, with the variance `gain_squared` / inputs. Biases stay as they are.
pub(crate) struct HeNormal {
    random: ChaCha8Rng,
    gain_squared: f64,
    /// The field whose layer makes the picture: grey, at first.
    picture: Option<&'static str>,
    path: Vec<String>,
}

impl HeNormal {
    /// Creates a source of weights that depend on the seed alone.
    pub(crate) fn new(seed: u64, gain_squared: f64) -> Self {
        Self { random: generator(seed), gain_squared, picture: None, path: Vec::new() }
    }

    /// Returns the same for a network in which the layer of this field makes a picture.
    pub(crate) fn with_picture(self, field: &'static str) -> Self {
        Self { picture: Some(field), ..self }
    }
}

impl ModuleMapper for HeNormal {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D == 1 {
            return param;
        }
        let (device, shape) = (param.lazy_device(), param.lazy_shape());
        // A linear layer's weights are [inputs, outputs], a convolution's [outputs, inputs, kernel, kernel].
        let inputs = if D == 2 { shape[0] } else { shape[1..].iter().product() };
        let paints = self.picture.is_some_and(|field| self.path.first().is_some_and(|first| first == field));
        let deviation = (self.gain_squared / inputs as f64).sqrt() * if paints { GREY } else { 1.0 };
        let values: Vec<f32> = (0..shape.num_elements()).map(|_| (gaussian(&mut self.random) * deviation) as f32).collect();
        Param::initialized(param.id, Tensor::from_data(TensorData::new(values, shape), &device))
    }
}
