//! Adam (Kingma & Ba 2015), with the constants of DeePSiM (section 3.4).

use burn::optim::{Adam, AdamConfig, AdamState, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};

use crate::kernels::update::{AdamNumbers, AdamTensors, step_adam};

/// What is kept of the mean of the squared gradients, beta 2.
const SQUARE_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Returns Adam with the paper's constants.
pub fn adam() -> ModuleOptimizer {
    adam_with(0.9)
}

/// Returns Adam with another decay of the gradients' mean. Where no term of a loss but an adversary counts, half of the usual memory is steadier
/// (Radford et al. 2016, section 4).
pub fn adam_with(decay: f32) -> ModuleOptimizer {
    ModuleOptimizer::from(OnePassAdam { adam: config(decay).build(), decay })
}

fn config(decay: f32) -> AdamConfig {
    AdamConfig::new().with_beta_1(decay).with_beta_2(SQUARE_DECAY).with_epsilon(EPSILON)
}

/// burn's Adam with its state, computed in one pass over the weights on the processor.
#[derive(Clone)]
struct OnePassAdam {
    adam: Adam,
    decay: f32,
}

impl Optimizer for OnePassAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let Some(AdamState { mut momentum }) = state else {
            return self.adam.step(rate, weights, gradient, None);
        };
        let time = momentum.time as i32 + 1;
        let root = (1.0 - SQUARE_DECAY.powi(time)).sqrt();
        let numbers = AdamNumbers {
            mean_decay: self.decay,
            square_decay: SQUARE_DECAY,
            correction: root / (1.0 - self.decay.powi(time)),
            least: EPSILON * root,
            rate: rate as f32,
        };
        let next = step_adam(AdamTensors { weights, mean: momentum.moment_1, square: momentum.moment_2 }, gradient, numbers);
        (momentum.time, momentum.moment_1, momentum.moment_2) = (momentum.time + 1, next.mean, next.square);
        (next.weights, Some(AdamState { momentum }))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        Adam::to_device(state, device)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::LinearConfig;
    use burn::optim::GradientsParams;
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn the_steps_are_those_of_burns_adam_bit_for_bit() {
        let device = Device::flex().autodiff();
        // Weights of several threads, and a bias of one.
        let start = LinearConfig::new(300, 200).init(&device);
        let mut one_pass = (adam_with(0.5), start.clone());
        let mut burns = (config(0.5).init(), start);
        for step in 1..=5 {
            let x = Tensor::<2>::random([4, 300], Distribution::Normal(0.0, 1.0), &device);
            for (optimizer, network) in [&mut one_pass, &mut burns] {
                let error = (network.forward(x.clone()) - 1.0).square().mean();
                let gradients = GradientsParams::from_grads(error.backward(), network);
                *network = optimizer.step(1e-3 * f64::from(step), network.clone(), gradients);
            }
            let [found, wanted] = [&one_pass.1, &burns.1].map(|network| network.clone().valid().weight.val().into_data());
            assert_eq!(found, wanted, "after step {step}");
        }
    }
}
