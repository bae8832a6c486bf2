//! The moving average of the inverter's weights, which is what is sampled, measured and shipped.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernels::update::approach;

/// A bias-corrected exponential moving average (as Adam's moments, Kingma & Ba 2015, section 3).
///
/// With decay b, the corrected average a_t = (1 - b) sum_i b^(t-i) w_i / (1 - b^t) is also
/// a_t = a_{t-1} + (1 - b) / (1 - b^t) (w_t - a_{t-1}), so the average itself is kept and no sum that starts at zero.
#[derive(Debug, Clone)]
pub struct Average<M> {
    module: M,
    decay: f64,
    updates: u64,
}

impl<M: Module> Average<M> {
    /// Creates an average that starts as the module's own weights, on a plain device. `updates` counts what went into it.
    pub const fn new(module: M, decay: f64, updates: u64) -> Self {
        Self { module, decay, updates }
    }

    /// Returns the averaged network.
    pub const fn module(&self) -> &M {
        &self.module
    }

    /// Returns the number of updates so far.
    pub const fn updates(&self) -> u64 {
        self.updates
    }

    /// Takes one more step's weights in; `module` must have the parameter ids of the average.
    pub fn update(self, module: &M) -> Self {
        let updates = self.updates + 1;
        let share = (1.0 - self.decay) / (1.0 - self.decay.powf(updates as f64));
        Self { module: blend(self.module, module, share), updates, ..self }
    }
}

/// Moves a network on a plain device a share of the way to another one that has its parameter ids.
pub fn blend<M: Module>(module: M, other: &M, share: f64) -> M {
    // burn's container of tensors of any rank by parameter id, used for weights.
    let mut weights = Weights(GradientsParams::new());
    other.visit(&mut weights);
    module.map(&mut Blend { weights, share })
}

struct Weights(GradientsParams);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val().inner());
    }
}

struct Blend {
    weights: Weights,
    share: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(new) = self.weights.0.remove::<D>(param.id) else {
            return param;
        };
        let id = param.id;
        Param::initialized(id, approach(param.into_value(), new, self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    #[test]
    fn the_average_is_adams_corrected_one() {
        let device = Device::flex();
        let start = LinearConfig::new(1, 1).with_bias(false).init(&device);
        let at = |value: f32| Linear { weight: Param::initialized(start.weight.id, Tensor::from_floats([[value]], &device)), bias: None };
        let (decay, seen) = (0.9f64, [3.0f32, -1.0, 4.0, 1.5]);
        let mut average = Average::new(start.clone(), decay, 0);
        let mut sum = 0.0;
        for (step, value) in seen.into_iter().enumerate() {
            average = average.update(&at(value));
            sum = decay * sum + (1.0 - decay) * f64::from(value);
            let corrected = sum / (1.0 - decay.powi(step as i32 + 1));
            let found = average.module().weight.val().into_scalar::<f32>();
            assert!((f64::from(found) - corrected).abs() < 1e-6, "{found} is not {corrected}");
        }
        assert_eq!(average.updates(), 4);
    }
}
