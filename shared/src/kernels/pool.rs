//! SqueezeNet's maximum pooling, with its own gradient on the processor: from the two pictures, without a tensor of indices.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use pulp::Arch;

use crate::kernels::flex::{dense, dims, floats, runs_on_flex, tensor};
use crate::kernels::parallel;

/// Side of the window.
const KERNEL: usize = 3;
/// Pixels from one window to the next.
const STRIDE: usize = 2;

/// Returns the maximum of each 3x3 window at stride 2, unpadded, rounding down: `[batch, channels, n, m]` -> `[batch, channels, (n - 3) / 2
/// + 1, (m - 3) / 2 + 1]`. Where a window has several, the first one gets the gradient.
pub fn max_pool(x: Tensor<4>) -> Tensor<4> {
    if runs_on_flex(&x) {
        return Tensor::from_dispatch(<Dispatch as MaxPool>::max_pool(x.into_dispatch()));
    }
    max_pool2d(x, MaxPoolOptions::new([KERNEL, KERNEL]).with_stride([STRIDE, STRIDE]))
}

/// The operation that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait MaxPool: Backend {
    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl MaxPool for Flex {
    fn max_pool(x: FlexTensor) -> FlexTensor {
        let [batch, channels, height, width] = dims(&x);
        let (rows, columns) = (pooled(height), pooled(width));
        let x = dense(x);
        let mut y = parallel::zeros(batch * channels * rows * columns);
        let pictures = floats(&x).chunks_exact(height * width).zip(y.chunks_exact_mut(rows * columns)).collect();
        parallel::for_each(pictures, |(x, y)| Arch::new().dispatch(|| pool(x, width, y, columns)));
        tensor(y, [batch, channels, rows, columns])
    }
}

/// Windows along a side.
const fn pooled(side: usize) -> usize {
    if side < KERNEL { 0 } else { (side - KERNEL) / STRIDE + 1 }
}

/// Pools one channel.
#[inline(always)]
fn pool(x: &[f32], width: usize, y: &mut [f32], columns: usize) {
    let mut tallest = vec![0.0; width];
    for (row, y) in y.chunks_exact_mut(columns).enumerate() {
        let rows = &x[row * STRIDE * width..][..KERNEL * width];
        for (at, tallest) in tallest.iter_mut().enumerate() {
            *tallest = largest(rows[at], largest(rows[width + at], rows[2 * width + at]));
        }
        for (at, y) in y.iter_mut().enumerate() {
            let window = &tallest[at * STRIDE..][..KERNEL];
            *y = largest(window[0], largest(window[1], window[2]));
        }
    }
}

/// Returns the larger value, or NaN if either is NaN: a maximum must not hide it.
#[inline(always)]
fn largest(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// The way back, where autodiff is compiled in.
mod backward {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use super::*;

    #[derive(Debug)]
    struct MaxPoolBackward;

    impl Backward<Flex, 1> for MaxPoolBackward {
        /// Input and output.
        type State = (FlexTensor, FlexTensor);

        fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let [node] = ops.parents;
            let dy = dense(gradients.consume::<Flex>(&ops.node));
            let (x, y) = ops.state;
            let [batch, channels, height, width] = dims(&x);
            let [_, _, rows, columns] = dims(&y);
            let mut dx = parallel::zeros(batch * channels * height * width);
            let inputs = floats(&x).chunks_exact(height * width).zip(dx.chunks_exact_mut(height * width));
            let outputs = floats(&y).chunks_exact(rows * columns).zip(floats(&dy).chunks_exact(rows * columns));
            parallel::for_each(inputs.zip(outputs).collect(), |((x, dx), (y, dy))| route_gradient(x, dx, width, y, dy, columns));
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, tensor(dx, [batch, channels, height, width]));
            }
        }
    }

    /// Adds each output's gradient of one channel to the first pixel of its window that is as large.
    fn route_gradient(x: &[f32], dx: &mut [f32], width: usize, y: &[f32], dy: &[f32], columns: usize) {
        for (at, (y, dy)) in y.iter().zip(dy).enumerate() {
            let corner = at / columns * STRIDE * width + at % columns * STRIDE;
            let window = (0..KERNEL * KERNEL).map(|at| corner + at / KERNEL * width + at % KERNEL);
            if let Some(pixel) = window.into_iter().find(|&pixel| x[pixel] == *y) {
                dx[pixel] += dy;
            }
        }
    }

    impl<C: CheckpointStrategy> MaxPool for Autodiff<Flex, C> {
        fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
            let node = x.node();
            let x = dense(x.into_primitive());
            let y = Flex::max_pool(x.clone());
            match MaxPoolBackward.prepare::<C>([node]).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish((x, y.clone()), y),
                OpsKind::UnTracked(prepared) => prepared.finish(y),
            }
        }
    }
}
