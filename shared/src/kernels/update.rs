//! What training does to every weight at each step, in one pass over memory: Adam's step and the moving average. burn's operations make a pass each, fifteen
//! and three, on one thread.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use pulp::Arch;

use crate::kernels::flex::{dense, floats, floats_mut, runs_on_flex};
use crate::kernels::parallel;

/// Values that are not worth another thread.
const FEW: usize = 1 << 14;

/// The numbers of one step of Adam (Kingma & Ba 2015, algorithm 1, with the two corrections at the end of section 2).
#[derive(Debug, Clone, Copy)]
pub struct AdamNumbers {
    /// What is kept of the mean of the gradients, beta 1.
    pub mean_decay: f32,
    /// What is kept of the mean of their squares, beta 2.
    pub square_decay: f32,
    /// The factor of the mean, sqrt(1 - beta 2^t) / (1 - beta 1^t).
    pub correction: f32,
    /// Added to the root of the squares' mean, epsilon sqrt(1 - beta 2^t).
    pub least: f32,
    /// The learning rate.
    pub rate: f32,
}

/// Weights, and Adam's two moments of their gradients.
#[derive(Debug)]
pub struct AdamTensors<const D: usize> {
    /// The weights.
    pub weights: Tensor<D>,
    /// The mean of the gradients.
    pub mean: Tensor<D>,
    /// The mean of their squares.
    pub square: Tensor<D>,
}

/// Takes one step of Adam with a gradient of the weights' shape.
pub fn step_adam<const D: usize>(state: AdamTensors<D>, gradient: Tensor<D>, numbers: AdamNumbers) -> AdamTensors<D> {
    let AdamTensors { weights, mean, square } = state;
    if runs_on_flex(&weights) {
        let [weights, gradient, mean, square] = [weights, gradient, mean, square].map(Tensor::into_dispatch);
        let (weights, mean, square) = <Dispatch as Update>::step_adam(weights, gradient, mean, square, numbers);
        let [weights, mean, square] = [weights, mean, square].map(Tensor::from_dispatch);
        return AdamTensors { weights, mean, square };
    }
    let AdamNumbers { mean_decay, square_decay, correction, least, rate } = numbers;
    // All of these have the weights' shape.
    let mean = mean.mul_scalar(mean_decay) + gradient.clone().mul_scalar(1.0 - mean_decay);
    let square = square.mul_scalar(square_decay) + gradient.square().mul_scalar(1.0 - square_decay);
    let step = mean.clone().mul_scalar(correction) / square.clone().sqrt().add_scalar(least);
    AdamTensors { weights: weights - step.mul_scalar(rate), mean, square }
}

/// Moves values a share of the way to others of the same shape.
pub fn approach<const D: usize>(values: Tensor<D>, others: Tensor<D>, share: f64) -> Tensor<D> {
    if runs_on_flex(&values) {
        let moved = <Dispatch as Update>::approach(values.into_dispatch(), others.into_dispatch(), share as f32);
        return Tensor::from_dispatch(moved);
    }
    values.clone() + (others - values).mul_scalar(share)
}

/// The operations that burn's dispatch calls.
#[backend_extension(Flex)]
trait Update: Backend {
    fn step_adam(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        numbers: AdamNumbers,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn approach(values: FloatTensor<Self>, others: FloatTensor<Self>, share: f32) -> FloatTensor<Self>;
}

impl Update for Flex {
    fn step_adam(
        weights: FlexTensor,
        gradient: FlexTensor,
        mean: FlexTensor,
        square: FlexTensor,
        numbers: AdamNumbers,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [mut weights, gradient, mut mean, mut square] = [weights, gradient, mean, square].map(dense);
        let each = part(floats(&gradient).len());
        let moments = floats_mut(&mut mean).chunks_mut(each).zip(floats_mut(&mut square).chunks_mut(each));
        let changed = floats_mut(&mut weights).chunks_mut(each).zip(moments);
        let parts = changed.zip(floats(&gradient).chunks(each)).collect();
        parallel::for_each(parts, |((weights, (mean, square)), gradient)| {
            Arch::new().dispatch(|| adam(weights, mean, square, gradient, numbers));
        });
        (weights, mean, square)
    }

    fn approach(values: FlexTensor, others: FlexTensor, share: f32) -> FlexTensor {
        let [mut values, others] = [values, others].map(dense);
        let each = part(floats(&others).len());
        let parts = floats_mut(&mut values).chunks_mut(each).zip(floats(&others).chunks(each)).collect();
        parallel::for_each(parts, |(values, others)| Arch::new().dispatch(|| blend(values, others, share)));
        values
    }
}

/// Returns the number of values of one thread's part.
fn part(length: usize) -> usize {
    length.div_ceil(parallel::threads()).max(FEW)
}

/// Takes one step of Adam, in the order of burn's operations, so that the results are the same bit for bit.
#[inline(always)]
fn adam(weights: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32], numbers: AdamNumbers) {
    let AdamNumbers { mean_decay, square_decay, correction, least, rate } = numbers;
    let (mean_share, square_share) = (1.0 - mean_decay, 1.0 - square_decay);
    for (((weight, mean), square), &gradient) in weights.iter_mut().zip(mean).zip(square).zip(gradient) {
        *mean = *mean * mean_decay + gradient * mean_share;
        *square = *square * square_decay + gradient * gradient * square_share;
        *weight -= *mean * correction / (square.sqrt() + least) * rate;
    }
}

#[inline(always)]
fn blend(values: &mut [f32], others: &[f32], share: f32) {
    for (value, &other) in values.iter_mut().zip(others) {
        *value += (other - *value) * share;
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn an_approach_is_what_burns_operations_make() {
        let device = Device::flex();
        // Of one thread, and of several; a view, too, whose neighbours must stay.
        for length in [5, 3 * FEW] {
            let [all, others] = [2 * length, length].map(|length| Tensor::<1>::random([length], Distribution::Default, &device));
            let values = all.clone().narrow(0, 1, length);
            let wanted = (values.clone() + (others.clone() - values.clone()).mul_scalar(0.3)).into_data();
            let kept = all.clone().into_data();
            assert_eq!(approach(values, others, 0.3).into_data(), wanted);
            assert_eq!(all.into_data(), kept);
        }
    }
}
