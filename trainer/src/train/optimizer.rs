//! The generator's optimizer: Adam, or Muon for kernels and Adam for biases.

use burn::module::ParamGroup;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdjustLrFn, ModuleOptimizer, Muon, MuonConfig, MuonState, Optimizer};
use burn::tensor::{Device, Tensor};
use deepsim::training::adam::adam;

use crate::config::choices::OptimizerChoice;

/// Returns the optimizer of a generator.
pub fn of_generator(choice: OptimizerChoice) -> ModuleOptimizer {
    match choice {
        OptimizerChoice::Adam => adam(),
        // Every convolution's kernel, and no bias.
        OptimizerChoice::Muon => adam().with_group(ParamGroup::from_predicate("weight"), KernelMuon::new(), None),
    }
}

/// Muon for kernels of convolutions: `[outputs, inputs, kernel, kernel]` is taken as the matrix `[outputs, inputs * kernel * kernel]`. The
/// step is as long as one of Adam's usually is (Liu et al. 2025, section 2.2), so that the same learning rate fits both.
#[derive(Clone)]
struct KernelMuon(Muon);

impl KernelMuon {
    fn new() -> Self {
        let momentum = MomentumConfig { momentum: 0.95, dampening: 0.0, nesterov: true };
        Self(MuonConfig::new().with_momentum(momentum).with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW).build())
    }
}

impl Optimizer for KernelMuon {
    type State<const D: usize> = MuonState<2>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<MuonState<2>>,
    ) -> (Tensor<D>, Option<MuonState<2>>) {
        let shape = weights.dims();
        let flat = [shape[0], shape[1..].iter().product()];
        let (weights, state) = self.0.step::<2>(rate, weights.reshape(flat), gradient.reshape(flat), state);
        (weights.reshape(shape), state)
    }

    fn to_device<const D: usize>(state: MuonState<2>, device: &Device) -> MuonState<2> {
        Muon::to_device::<2>(state, device)
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;
    use burn::tensor::Device;
    use deepsim::Layer;
    use deepsim::nets::inverter::{Inverter, InverterShape};

    use super::*;

    /// Returns an inverter after a few steps on one picture's error, its optimizer, and the error before each step.
    fn train(mut optimizer: ModuleOptimizer, start: &Inverter, steps: usize) -> (Inverter, ModuleOptimizer, Vec<f32>) {
        let device = Device::flex();
        let features = Tensor::<4>::ones([1, 64, 7, 7], &device);
        let mut inverter = start.clone();
        let mut errors = Vec::new();
        for _ in 0..steps {
            let error = (inverter.forward(features.clone()) - 0.5).square().mean();
            errors.push(error.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(error.backward(), &inverter);
            inverter = optimizer.step(1e-3, inverter, gradients);
        }
        (inverter, optimizer, errors)
    }

    #[test]
    fn every_optimizer_learns_and_goes_on_from_its_saved_state() {
        let device = Device::flex().autodiff();
        device.seed(0);
        let shape = InverterShape { width: 0.1, ..Layer::Pool1.into() };
        let start = Inverter::new(shape, &device);
        for choice in [OptimizerChoice::Adam, OptimizerChoice::Muon] {
            let (_, _, wanted) = train(of_generator(choice), &start, 6);
            assert!(wanted[5] < 0.9 * wanted[0], "{choice:?}: {wanted:?}");
            let (half, optimizer, _) = train(of_generator(choice), &start, 3);
            let saved = optimizer.into_bytes().unwrap();
            let again = of_generator(choice).from_bytes(saved).unwrap();
            let (_, _, found) = train(again, &half, 3);
            assert_eq!(found, wanted[3..], "{choice:?}");
        }
    }
}
