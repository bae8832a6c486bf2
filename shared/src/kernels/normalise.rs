//! Instance normalisation with scale, shift and activation in one, with its own gradient on the processor.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::{leaky_relu, relu};
use pulp::Arch;

use crate::kernels::flex::{dense, dims, floats, runs_on_flex, tensor};
use crate::kernels::parallel;

/// Keeps the normalisation of a plain channel finite: added to the variance.
pub(crate) const EPSILON: f32 = 1e-3;
/// Values of a sum in single precision before it goes to one in double precision.
const SUMMED: usize = 4096;
/// Sums side by side: as many as the widest vectors have lanes.
const LANES: usize = 16;

/// Normalises each channel of each picture `[batch, channels, height, width]` to mean 0 and variance 1 (Ulyanov et al. 2016), multiplies it by
/// `scale`, adds `shift`, both `[batch, channels]` or `[1, channels]` for all pictures, and multiplies what is negative by `slope` (0: ReLU, 1:
/// nothing).
pub fn normalise(x: Tensor<4>, scale: Tensor<2>, shift: Tensor<2>, slope: f32) -> Tensor<4> {
    if runs_on_flex(&x) {
        let y = <Dispatch as Normalise>::normalise(x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch(), slope);
        return Tensor::from_dispatch(y);
    }
    let [rows, channels] = scale.dims();
    let centred = x.clone() - x.mean_dims(&[2, 3]); // [batch, channels, h, w]
    let deviation = centred.clone().square().mean_dims(&[2, 3]).add_scalar(EPSILON).sqrt(); // [batch, channels, 1, 1]
    let z = centred * (scale.reshape([rows, channels, 1, 1]) / deviation) + shift.reshape([rows, channels, 1, 1]); // [batch, channels, h, w]
    match slope {
        1.0 => z,
        0.0 => relu(z),
        _ => leaky_relu(z, f64::from(slope)),
    }
}

/// The operation that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait Normalise: Backend {
    fn normalise(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
}

impl Normalise for Flex {
    fn normalise(x: FlexTensor, scale: FlexTensor, shift: FlexTensor, slope: f32) -> FlexTensor {
        let [x, scale, shift] = [x, scale, shift].map(dense);
        run(&x, &scale, &shift, slope).0
    }
}

/// What a channel of a picture is normalised by.
#[derive(Debug, Clone, Copy)]
struct Statistics {
    mean: f32,
    /// One over the standard deviation.
    inverse: f32,
}

/// Returns the output and each channel's statistics.
fn run(x: &FlexTensor, scale: &FlexTensor, shift: &FlexTensor, slope: f32) -> (FlexTensor, Vec<Statistics>) {
    let shape = dims(x);
    let pixels = shape[2] * shape[3];
    let mut y = parallel::zeros(shape.iter().product());
    let channels = floats(x).chunks_exact(pixels).zip(y.chunks_exact_mut(pixels));
    // One row of scales serves every picture.
    let factors = floats(scale).iter().zip(floats(shift)).cycle();
    let parts = channels.zip(factors).collect();
    let statistics = parallel::map(parts, |((x, y), (&scale, &shift))| Arch::new().dispatch(|| channel(x, y, scale, shift, slope)));
    (tensor(y, shape), statistics)
}

/// Normalises one channel of one picture.
#[inline(always)]
fn channel(x: &[f32], y: &mut [f32], scale: f32, shift: f32, slope: f32) -> Statistics {
    let pixels = x.len() as f64;
    // Single precision holds these means well.
    let mean = (sum(x, x, |x, _| x) / pixels) as f32;
    let variance = (sum(x, x, |x, _| (x - mean) * (x - mean)) / pixels) as f32;
    let inverse = 1.0 / (variance + EPSILON).sqrt();
    let factor = scale * inverse;
    for (y, x) in y.iter_mut().zip(x) {
        let z = (x - mean) * factor + shift;
        *y = if z > 0.0 { z } else { slope * z };
    }
    Statistics { mean, inverse }
}

/// Returns the sum of `term` over pairs of values.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let parts = a.chunks(SUMMED).zip(b.chunks(SUMMED)).map(|(a, b)| {
        let mut lanes = [0.0; LANES];
        let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = whole_a.remainder().iter().zip(whole_b.remainder()).map(|(&a, &b)| term(a, b)).sum::<f32>();
        for (a, b) in whole_a.zip(whole_b) {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += term(a, b);
            }
        }
        f64::from(lanes.iter().sum::<f32>() + rest)
    });
    parts.sum()
}

/// The way back, where autodiff is compiled in.
mod backward {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use super::*;

    #[derive(Debug, Clone)]
    struct Kept {
        x: FlexTensor,
        y: FlexTensor,
        scale: FlexTensor,
        statistics: Vec<Statistics>,
        slope: f32,
    }

    #[derive(Debug)]
    struct NormaliseBackward;

    impl Backward<Flex, 3> for NormaliseBackward {
        type State = Kept;

        fn backward(self, ops: Ops<Kept, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let parents = ops.parents;
            let dy = dense(gradients.consume::<Flex>(&ops.node));
            let Kept { x, y, scale, statistics, slope } = ops.state;
            let shape = dims(&x);
            let pixels = shape[2] * shape[3];
            let mut dx = parallel::zeros(shape.iter().product());
            let inputs = floats(&x).chunks_exact(pixels).zip(dx.chunks_exact_mut(pixels));
            let outputs = floats(&y).chunks_exact(pixels).zip(floats(&dy).chunks_exact(pixels));
            let factors = statistics.iter().zip(floats(&scale).iter().cycle());
            let parts = inputs.zip(outputs).zip(factors).collect();
            let found = parallel::map(parts, |(((x, dx), (y, dy)), (statistics, scale))| {
                Arch::new().dispatch(|| channel_gradient(x, dx, y, dy, *statistics, *scale, slope))
            });
            let [nx, nscale, nshift] = parents;
            if let Some(node) = nx {
                gradients.register::<Flex>(node.id, tensor(dx, shape));
            }
            let factors = scale.shape();
            let of = |pick: fn(&[f32; 2]) -> f32| {
                let mut total = vec![0.0; factors[0] * factors[1]];
                let length = total.len();
                for (at, found) in found.iter().enumerate() {
                    total[at % length] += pick(found);
                }
                tensor(total, [factors[0], factors[1]])
            };
            if let Some(node) = nscale {
                gradients.register::<Flex>(node.id, of(|found| found[0]));
            }
            if let Some(node) = nshift {
                gradients.register::<Flex>(node.id, of(|found| found[1]));
            }
        }
    }

    /// Writes the gradient of one channel's input. Returns those of its scale and shift.
    #[inline(always)]
    fn channel_gradient(x: &[f32], dx: &mut [f32], y: &[f32], dy: &[f32], statistics: Statistics, scale: f32, slope: f32) -> [f32; 2] {
        let Statistics { mean, inverse } = statistics;
        // The gradient before the activation.
        for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
            *dx = if *y > 0.0 { *dy } else { slope * *dy };
        }
        // Sums over a channel, which the next layer's gradients hold in single precision as well.
        let of_shift = sum(dx, x, |dz, _| dz) as f32;
        let of_scale = sum(dx, x, |dz, x| dz * ((x - mean) * inverse)) as f32;
        let pixels = x.len() as f32;
        let (factor, mean_dz, along) = (scale * inverse, of_shift / pixels, inverse * of_scale / pixels);
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx = factor * (*dx - mean_dz - (x - mean) * along);
        }
        [of_scale, of_shift]
    }

    impl<C: CheckpointStrategy> Normalise for Autodiff<Flex, C> {
        fn normalise(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
            let nodes = [x.node(), scale.node(), shift.node()];
            let [x, scale, shift] = [x, scale, shift].map(|tensor| dense(tensor.into_primitive()));
            let (y, statistics) = run(&x, &scale, &shift, slope);
            match NormaliseBackward.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(Kept { x, y: y.clone(), scale, statistics, slope }, y),
                OpsKind::UnTracked(prepared) => prepared.finish(y),
            }
        }
    }
}
