//! Channels become pixels (Shi et al. 2016, "sub-pixel convolution"), on all threads of the processor.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::kernels::flex::{dense, dims, floats, runs_on_flex, tensor};
use crate::kernels::parallel;

/// Moves channels to pixels: `[batch, channels * factor^2, height, width]` -> `[batch, channels, factor * height, factor * width]`. The channels of a picture's
/// channel are the rows, and in each row the columns, that a pixel becomes.
pub fn shuffle(x: Tensor<4>, factor: usize) -> Tensor<4> {
    if runs_on_flex(&x) {
        return Tensor::from_dispatch(<Dispatch as Shuffle>::shuffle(x.into_dispatch(), factor));
    }
    let [batch, channels, height, width] = x.dims();
    let channels = channels / (factor * factor);
    let x: Tensor<6> = x.reshape([batch, channels, factor, factor, height, width]); // [batch, channels, factor, factor, h, w]
    x.permute([0, 1, 4, 2, 5, 3]).reshape([batch, channels, factor * height, factor * width]) // [batch, channels, factor h, factor w]
}

/// The operation that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait Shuffle: Backend {
    fn shuffle(x: FloatTensor<Self>, factor: usize) -> FloatTensor<Self>;
}

impl Shuffle for Flex {
    fn shuffle(x: FlexTensor, factor: usize) -> FlexTensor {
        let [batch, channels, height, width] = dims(&x);
        let x = dense(x);
        let x = floats(&x);
        let mut y = parallel::zeros(x.len());
        // Rows of the result that come of the same row of a picture's channel.
        let rows: Vec<(usize, &mut [f32])> = y.chunks_exact_mut((factor * factor * width).max(1)).enumerate().collect();
        parallel::for_each(rows, |(number, y)| {
            let (channel, row) = (number / height, number % height);
            for (down, y) in y.chunks_exact_mut(factor * width).enumerate() {
                for across in 0..factor {
                    let from = ((channel * factor + down) * factor + across) * height + row;
                    for (y, x) in y[across..].iter_mut().step_by(factor).zip(&x[from * width..][..width]) {
                        *y = *x;
                    }
                }
            }
        });
        tensor(y, [batch, channels / (factor * factor), factor * height, factor * width])
    }
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
    struct ShuffleBackward;

    impl Backward<Flex, 1> for ShuffleBackward {
        type State = usize;

        fn backward(self, ops: Ops<usize, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let [node] = ops.parents;
            let dy = dense(gradients.consume::<Flex>(&ops.node));
            let Some(node) = node else { return };
            gradients.register::<Flex>(node.id, gathered(&dy, ops.state));
        }
    }

    /// Moves pixels back to channels.
    fn gathered(dy: &FlexTensor, factor: usize) -> FlexTensor {
        let [batch, channels, large_height, large_width] = dims(dy);
        let [height, width] = [large_height / factor, large_width / factor];
        let dy = floats(dy);
        let mut dx = parallel::zeros(dy.len());
        parallel::for_each(dx.chunks_exact_mut((height * width).max(1)).enumerate().collect(), |(number, dx)| {
            let (channel, phase) = (number / (factor * factor), number % (factor * factor));
            for (row, dx) in dx.chunks_exact_mut(width).enumerate() {
                let from = (channel * large_height + row * factor + phase / factor) * large_width + phase % factor;
                for (dx, dy) in dx.iter_mut().zip(dy[from..].iter().step_by(factor)) {
                    *dx = *dy;
                }
            }
        });
        tensor(dx, [batch, channels * factor * factor, height, width])
    }

    impl<C: CheckpointStrategy> Shuffle for Autodiff<Flex, C> {
        fn shuffle(x: FloatTensor<Self>, factor: usize) -> FloatTensor<Self> {
            let node = x.node();
            let y = Flex::shuffle(x.into_primitive(), factor);
            match ShuffleBackward.prepare::<C>([node]).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(factor, y),
                OpsKind::UnTracked(prepared) => prepared.finish(y),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn each_channel_is_a_pixel_of_a_square_and_gradients_go_the_same_way_back() {
        let device = Device::flex();
        for (batch, channels, factor, height, width) in [(1, 1, 2, 1, 1), (2, 3, 4, 5, 7), (1, 2, 3, 6, 40)] {
            let count = batch * channels * factor * factor * height * width;
            let values: Vec<f32> = (0..count).map(|at| at as f32).collect();
            let shape = [batch, channels * factor * factor, height, width];
            let x = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &device).autodiff().require_grad();
            let y = shuffle(x.clone(), factor);
            let [large_height, large_width] = [factor * height, factor * width];
            assert_eq!(y.dims(), [batch, channels, large_height, large_width]);
            let expected = |at: usize| {
                let (channel, row, column) = (at / (large_height * large_width), at / large_width % large_height, at % large_width);
                let phase = channel * factor * factor + row % factor * factor + column % factor;
                (phase * height * width + row / factor * width + column / factor) as f32
            };
            let shuffled: Vec<f32> = y.clone().into_data().iter().collect();
            assert_eq!(shuffled, (0..count).map(expected).collect::<Vec<_>>());
            let gradient: Vec<f32> = x.grad(&(y.clone() * y.detach()).sum().backward()).unwrap().into_data().iter().collect();
            assert_eq!(gradient, values, "each value is the gradient of its own product");
        }
    }
}
