//! Pictures continued beyond their border, and cropped, with gradients of their own on the processor.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::PadMode;

use crate::kernels::flex::{dense, dims, floats, runs_on_flex, tensor};
use crate::kernels::parallel;

/// What lies outside a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// The picture's mirror image; the outermost pixels are not repeated.
    Mirror,
    /// The outermost pixels.
    Edge,
}

/// Continues pictures by `by` pixels on each side: `[batch, channels, height, width]` -> `[batch, channels, height + 2 by, width + 2 by]`. A mirror
/// image needs sides of more than `by` pixels.
pub fn pad(x: Tensor<4>, by: usize, padding: Padding) -> Tensor<4> {
    if runs_on_flex(&x) {
        return Tensor::from_dispatch(<Dispatch as Borders>::pad(x.into_dispatch(), by, padding));
    }
    let mode = match padding {
        Padding::Mirror => PadMode::Reflect,
        Padding::Edge => PadMode::Edge,
    };
    x.pad((by, by, by, by), mode)
}

/// Removes `by` pixels on each side: `[batch, channels, height, width]` -> `[batch, channels, height - 2 by, width - 2 by]`.
pub fn crop(x: Tensor<4>, by: usize) -> Tensor<4> {
    if runs_on_flex(&x) {
        return Tensor::from_dispatch(<Dispatch as Borders>::crop(x.into_dispatch(), by));
    }
    let [_, _, height, width] = x.dims();
    x.narrow(2, by, height - 2 * by).narrow(3, by, width - 2 * by)
}

/// The operations that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait Borders: Backend {
    fn pad(x: FloatTensor<Self>, by: usize, padding: Padding) -> FloatTensor<Self>;

    fn crop(x: FloatTensor<Self>, by: usize) -> FloatTensor<Self>;
}

impl Borders for Flex {
    fn pad(x: FlexTensor, by: usize, padding: Padding) -> FlexTensor {
        let [batch, channels, height, width] = dims(&x);
        let [wide_height, wide_width] = [height + 2 * by, width + 2 * by];
        let x = dense(x);
        let columns = sources(width, by, padding);
        let rows = sources(height, by, padding);
        let mut y = Vec::with_capacity(batch * channels * wide_height * wide_width);
        for x in floats(&x).chunks_exact(height * width) {
            for &row in &rows {
                let x = &x[row * width..][..width];
                y.extend(columns[..by].iter().map(|&column| x[column]));
                y.extend_from_slice(x);
                y.extend(columns[by + width..].iter().map(|&column| x[column]));
            }
        }
        tensor(y, [batch, channels, wide_height, wide_width])
    }

    fn crop(x: FlexTensor, by: usize) -> FlexTensor {
        let [batch, channels, height, width] = dims(&x);
        let [rows, columns] = [height - 2 * by, width - 2 * by];
        let x = dense(x);
        let mut y = Vec::with_capacity(batch * channels * rows * columns);
        for x in floats(&x).chunks_exact(height * width) {
            for row in x.chunks_exact(width).skip(by).take(rows) {
                y.extend_from_slice(&row[by..by + columns]);
            }
        }
        tensor(y, [batch, channels, rows, columns])
    }
}

/// Returns, for each position along a continued side, the pixel that lies there.
fn sources(side: usize, by: usize, padding: Padding) -> Vec<usize> {
    let last = side - 1;
    let source = |at: usize| match padding {
        Padding::Edge => at.saturating_sub(by).min(last),
        Padding::Mirror if at < by => by - at,
        Padding::Mirror if at - by > last => 2 * last - (at - by),
        Padding::Mirror => at - by,
    };
    (0..side + 2 * by).map(source).collect()
}

/// The way back, where autodiff is compiled in.
mod backward {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use super::*;

    /// The input's shape, the width of the border and what it is.
    type State = ([usize; 4], usize, Option<Padding>);

    #[derive(Debug)]
    struct BordersBackward;

    impl Backward<Flex, 1> for BordersBackward {
        type State = State;

        fn backward(self, ops: Ops<State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let [node] = ops.parents;
            let dy = dense(gradients.consume::<Flex>(&ops.node));
            let (shape, by, padding) = ops.state;
            let Some(node) = node else { return };
            let dx = match padding {
                Some(padding) => pad_gradient(&dy, shape, by, padding),
                None => crop_gradient(&dy, shape, by),
            };
            gradients.register::<Flex>(node.id, dx);
        }
    }

    /// Adds each continued pixel's gradient to that of its source.
    fn pad_gradient(dy: &FlexTensor, shape: [usize; 4], by: usize, padding: Padding) -> FlexTensor {
        let [_, _, height, width] = shape;
        let [_, _, wide_height, wide_width] = dims(dy);
        let columns = sources(width, by, padding);
        let rows = sources(height, by, padding);
        let mut dx = parallel::zeros(shape.iter().product());
        let channels = dx.chunks_exact_mut(height * width).zip(floats(dy).chunks_exact(wide_height * wide_width));
        parallel::for_each(channels.collect(), |(dx, dy)| {
            for (&row, dy) in rows.iter().zip(dy.chunks_exact(wide_width)) {
                let dx = &mut dx[row * width..][..width];
                for (dx, dy) in dx.iter_mut().zip(&dy[by..]) {
                    *dx += dy;
                }
                for at in (0..by).chain(by + width..wide_width) {
                    dx[columns[at]] += dy[at];
                }
            }
        });
        tensor(dx, shape)
    }

    /// Puts zeros around a gradient.
    fn crop_gradient(dy: &FlexTensor, shape: [usize; 4], by: usize) -> FlexTensor {
        let [_, _, height, width] = shape;
        let [_, _, rows, columns] = dims(dy);
        let mut dx = parallel::zeros(shape.iter().product());
        for (dx, dy) in dx.chunks_exact_mut(height * width).zip(floats(dy).chunks_exact(rows * columns)) {
            for (dx, dy) in dx.chunks_exact_mut(width).skip(by).zip(dy.chunks_exact(columns)) {
                dx[by..by + columns].copy_from_slice(dy);
            }
        }
        tensor(dx, shape)
    }

    impl<C: CheckpointStrategy> Borders for Autodiff<Flex, C> {
        fn pad(x: FloatTensor<Self>, by: usize, padding: Padding) -> FloatTensor<Self> {
            tracked::<C>(x, by, Some(padding), |x| Flex::pad(x, by, padding))
        }

        fn crop(x: FloatTensor<Self>, by: usize) -> FloatTensor<Self> {
            tracked::<C>(x, by, None, |x| Flex::crop(x, by))
        }
    }

    /// Applies an operation and notes its way back.
    fn tracked<C: CheckpointStrategy>(
        x: FloatTensor<Autodiff<Flex, C>>,
        by: usize,
        padding: Option<Padding>,
        operation: impl FnOnce(FlexTensor) -> FlexTensor,
    ) -> FloatTensor<Autodiff<Flex, C>> {
        let node = x.node();
        let x = x.into_primitive();
        let shape = dims(&x);
        let y = operation(x);
        match BordersBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((shape, by, padding), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
