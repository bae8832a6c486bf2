//! The sum of a residual block, on all threads of the processor: burn's own is made by one.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::kernels::flex::{dense, floats, floats_mut, runs_on_flex};
use crate::kernels::parallel;

/// Values that are added faster by one thread.
const FEW: usize = 1 << 14;

/// Returns the sum of `x` and a change of it, of the same shape. The change's memory is used again where nothing else needs it.
pub fn add(x: Tensor<4>, change: Tensor<4>) -> Tensor<4> {
    if runs_on_flex(&x) {
        return Tensor::from_dispatch(<Dispatch as Add>::add(x.into_dispatch(), change.into_dispatch()));
    }
    x + change // the same shape
}

/// The operation that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait Add: Backend {
    fn add(x: FloatTensor<Self>, change: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Add for Flex {
    fn add(x: FlexTensor, change: FlexTensor) -> FlexTensor {
        let (x, mut sum) = (dense(x), dense(change));
        let part = floats(&x).len().div_ceil(parallel::threads()).max(FEW);
        let parts = floats_mut(&mut sum).chunks_mut(part).zip(floats(&x).chunks(part)).collect();
        parallel::for_each(parts, |(sum, x): (&mut [f32], &[f32])| {
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum += x;
            }
        });
        sum
    }
}

/// The way back, where autodiff is compiled in.
mod backward {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops};

    use super::*;

    #[derive(Debug)]
    struct AddBackward;

    impl Backward<Flex, 2> for AddBackward {
        type State = ();

        fn backward(self, ops: Ops<(), 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let gradient = gradients.consume::<Flex>(&ops.node);
            for node in ops.parents.into_iter().flatten() {
                gradients.register::<Flex>(node.id, gradient.clone());
            }
        }
    }

    impl<C: CheckpointStrategy> Add for Autodiff<Flex, C> {
        fn add(x: FloatTensor<Self>, change: FloatTensor<Self>) -> FloatTensor<Self> {
            let nodes = [x.node(), change.node()];
            let sum = Flex::add(x.into_primitive(), change.into_primitive());
            AddBackward.prepare::<C>(nodes).compute_bound().stateless(sum)
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn sums_and_gradients_are_burns() {
        let device = Device::flex();
        for shape in [[1, 1, 2, 3], [2, 5, 70, 50]] {
            let random = || Tensor::<4>::random(shape, Distribution::Default, &device);
            let (x, change, weights) = (random(), random(), random());
            let outcome = |sum: fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
                let [x, change] = [&x, &change].map(|tensor| tensor.clone().autodiff().require_grad());
                let y = sum(x.clone(), change.clone());
                let gradients = (y.clone() * y.clone() * weights.clone().autodiff()).sum().backward();
                [y.inner(), x.grad(&gradients).unwrap(), change.grad(&gradients).unwrap()].map(Tensor::into_data)
            };
            assert_eq!(outcome(add), outcome(|x, change| x + change), "{shape:?}");
        }
        // What is still needed stays as it is.
        let kept = Tensor::<4>::ones([1, 1, 1, 2], &device);
        let sum = add(kept.clone(), kept.clone());
        assert_eq!([kept, sum].map(|tensor| tensor.into_data().iter::<f32>().sum::<f32>()), [2.0, 4.0]);
    }
}
