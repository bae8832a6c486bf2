//! The gradient of the weights of 3x3 kernels by minimal filtering ([`super::filter`]): for each point of the transforms, each output channel and each input
//! channel, a sum over tiles.

use std::array;
use std::cell::RefCell;
use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::filter::{Doubling, LANES, Two, WeightFilter, along_both_axes};
use super::geometry::Side;
use super::tile;
use super::way::{Tiles, Way};
use super::winograd::TransformInputs;
use crate::kernels::parallel;

/// Floats of transformed planes of both sides that are gone over at a time: those of one point stay in cache.
const TRANSFORMED: usize = 1 << 20;

thread_local! {
    /// Transformed inputs and gradients, `[P * P][channel][picture][strip]`.
    static BUFFERS: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// The sums of some pictures.
pub(super) struct WeightSums<'a> {
    pub(super) tiles: &'a Tiles,
    pub(super) pictures: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Planes of the inputs and of the outputs' gradients, as `tiles` has them, picture after picture.
    pub(super) x: &'a [f32],
    pub(super) dz: &'a [f32],
    /// They are added to these, `[P * P][outputs][inputs]`.
    pub(super) sums: &'a mut [f32],
}

/// Returns the points of a way back to the weights.
pub(super) const fn points(way: Way) -> usize {
    if let Way::Doubling = way { 9 } else { 16 }
}

impl WeightSums<'_> {
    /// Adds the sums.
    pub(super) fn add(self, way: Way) {
        let arch = super::arch::arch();
        match way {
            Way::Doubling => arch.dispatch(By::<Doubling, 3, 3, 2>(self, PhantomData)),
            _ => arch.dispatch(By::<Two, 4, 4, 2>(self, PhantomData)),
        }
    }
}

/// Returns the gradients of kernels, `count` of 3x3, from parts of their sums.
pub(super) fn fold(way: Way, count: usize, parts: &[&[f32]]) -> Vec<f32> {
    match way {
        Way::Doubling => fold_by::<Doubling, 3, 3, 2>(count, parts),
        _ => fold_by::<Two, 4, 4, 2>(count, parts),
    }
}

fn fold_by<F: WeightFilter<R, P, O>, const R: usize, const P: usize, const O: usize>(count: usize, parts: &[&[f32]]) -> Vec<f32> {
    let mut weights = parallel::zeros(count * 9);
    let share = count.div_ceil(parallel::threads()).max(1);
    parallel::for_each(weights.chunks_mut(share * 9).enumerate().collect(), |(number, weights)| {
        for (at, weights) in weights.chunks_mut(LANES * 9).enumerate() {
            let (first, kernels) = (number * share + at * LANES, weights.len() / 9);
            let mut sums = [[[0.0; LANES]; P]; P];
            for part in parts {
                for (point, sums) in sums.as_flattened_mut().iter_mut().enumerate() {
                    let part = &part[point * count + first..][..kernels];
                    sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
                }
            }
            let found = along_both_axes(&sums, F::weights);
            for (kernel, weights) in weights.chunks_exact_mut(9).enumerate() {
                weights.iter_mut().zip(found.as_flattened()).for_each(|(weight, values)| *weight = values[kernel]);
            }
        }
    });
    weights
}

/// The sums by one filter.
struct By<'a, F, const R: usize, const P: usize, const O: usize>(WeightSums<'a>, PhantomData<F>);

impl<F: WeightFilter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for By<'_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as registers hold: see [`super::weight_gradient`].
        if S::REGISTER_COUNT >= 32 && !cfg!(target_arch = "wasm32") { self.run::<S, 4, 6>(simd) } else { self.run::<S, 3, 3>(simd) }
    }
}

impl<F: WeightFilter<R, P, O>, const R: usize, const P: usize, const O: usize> By<'_, F, R, P, O> {
    #[inline(always)]
    fn run<S: Simd, const M: usize, const N: usize>(self, simd: S) {
        let WeightSums { tiles, pictures, inputs, outputs, x, dz, sums } = self.0;
        let points = P * P;
        let positions = tiles.positions();
        let strip = (TRANSFORMED / (points * (inputs + outputs))).next_multiple_of(S::F32_LANES).min(positions);
        let group = if strip < positions { 1 } else { (TRANSFORMED / (points * (inputs + outputs) * strip)).clamp(1, pictures) };
        // Pictures lie side by side, so that vectors are full. The last one of a picture may reach beyond it.
        let row = group * strip.next_multiple_of(S::F32_LANES);
        let [mut seen, mut learned] = BUFFERS.take();
        seen.resize((points * inputs * row).max(seen.len()), 0.0);
        learned.resize((points * outputs * row).max(learned.len()), 0.0);
        let (x_channel, dz_channel) = (tiles.input.channel(), tiles.output.channel());
        let groups = x.chunks(group * inputs * x_channel).zip(dz.chunks(group * outputs * dz_channel));
        for (x, dz) in groups {
            let count = dz.len() / (outputs * dz_channel);
            for start in (0..positions).step_by(strip) {
                let length = strip.min(positions - start);
                let end = (count - 1) * strip + length;
                for (number, planes) in x.chunks_exact(x_channel).enumerate() {
                    let (picture, channel) = (number / inputs, number % inputs);
                    simd.vectorize(TransformInputs::<F, R, P, O> {
                        side: &tiles.input,
                        planes,
                        start,
                        count: length,
                        transformed: &mut seen[channel * row + picture * strip..],
                        stride: inputs * row,
                        filter: PhantomData,
                    });
                }
                for (number, planes) in dz.chunks_exact(dz_channel).enumerate() {
                    let (picture, channel) = (number / outputs, number % outputs);
                    simd.vectorize(TransformGradients::<F, R, P, O> {
                        side: &tiles.output,
                        planes,
                        start,
                        count: length,
                        transformed: &mut learned[channel * row + picture * strip..],
                        stride: outputs * row,
                        filter: PhantomData,
                    });
                }
                let whole = end.next_multiple_of(S::F32_LANES);
                for buffer in [&mut seen[..points * inputs * row], &mut learned[..points * outputs * row]] {
                    buffer.chunks_exact_mut(row).for_each(|row| row[end..whole].fill(0.0));
                }
                let pictures = tile::Pictures { count: 1, left: 0, right: 0 };
                for (point, sums) in sums.chunks_exact_mut(outputs * inputs).enumerate() {
                    let (left, right) = (&learned[point * outputs * row..], &seen[point * inputs * row..]);
                    for input in (0..inputs).step_by(N) {
                        // What is missing at the edges of a tile is computed twice and used once.
                        let rights = array::from_fn(|n| (input + n).min(inputs - 1) * row);
                        for output in (0..outputs).step_by(M) {
                            let lefts = array::from_fn(|m| (output + m).min(outputs - 1) * row);
                            let found = tile::contract::<S, M, N>(simd, pictures, (left, lefts), (right, rights), whole);
                            for (sums, found) in sums[output * inputs..].chunks_mut(inputs).zip(found) {
                                for (sum, found) in sums[input..].iter_mut().zip(found) {
                                    *sum += found;
                                }
                            }
                        }
                    }
                }
            }
        }
        BUFFERS.set([seen, learned]);
    }
}

/// The transform of the gradients of `count` tiles' outputs in one channel.
struct TransformGradients<'a, F, const R: usize, const P: usize, const O: usize> {
    side: &'a Side,
    planes: &'a [f32],
    start: usize,
    count: usize,
    transformed: &'a mut [f32],
    /// Floats from one point to the next.
    stride: usize,
    filter: PhantomData<F>,
}

impl<F: WeightFilter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for TransformGradients<'_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { side: &Side { plane, .. }, planes, start, count, transformed, stride, .. } = self;
        let vectors = count.div_ceil(S::F32_LANES);
        let read = |phase: usize| S::as_simd_f32s(&planes[phase * plane + start..][..vectors * S::F32_LANES]).0;
        let gradients: [[&[S::f32s]; O]; O] = array::from_fn(|y| array::from_fn(|x| read(y * O + x)));
        let (transformed, _) = S::as_mut_simd_f32s(transformed);
        let stride = stride / S::F32_LANES;
        for i in 0..vectors {
            let mut columns = [[simd.splat_f32s(0.0); P]; O];
            for x in 0..O {
                columns[x] = F::gradients(simd, array::from_fn(|y| gradients[y][x][i]));
            }
            for y in 0..P {
                let row = F::gradients(simd, array::from_fn(|x| columns[x][y]));
                for x in 0..P {
                    transformed[(y * P + x) * stride + i] = row[x];
                }
            }
        }
    }
}
