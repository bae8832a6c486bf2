//! The gradient of the weights: for each output channel, input channel and tap, a sum over pixels.

use pulp::{Simd, WithSimd};

use super::geometry::Plan;
use super::tile;
use crate::kernels::parallel;

/// Floats of both sides' planes that [`WeightGradient`] goes over at a time: half of a 1 MiB cache.
const CACHED: usize = 128 * 1024;

/// Adds the gradients of the taps, `[outputs, inputs, taps]`, of some pictures.
pub(super) struct WeightGradient<'a> {
    pub(super) plan: &'a Plan,
    pub(super) pictures: usize,
    /// The input's planes, picture after picture, and floats from one channel to the next.
    pub(super) x: &'a [f32],
    pub(super) x_channel: usize,
    /// The output gradient's planes, picture after picture.
    pub(super) dz: &'a [f32],
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) sums: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // With 16 registers nine sums leave three for one side, one for the other, and three to spare. For wasm pulp counts 32, and most processors have 16.
        if S::REGISTER_COUNT >= 32 && !cfg!(target_arch = "wasm32") { self.run::<S, 4, 6>(simd) } else { self.run::<S, 3, 3>(simd) }
    }
}

impl WeightGradient<'_> {
    #[inline(always)]
    fn run<S: Simd, const M: usize, const N: usize>(self, simd: S) {
        let Plan { input, output, taps, .. } = self.plan;
        let all = taps.len();
        let pictures = tile::Pictures { count: self.pictures, left: self.outputs * output.channel(), right: self.inputs * self.x_channel };
        let strip = (CACHED / (self.inputs * input.phases() + self.outputs * output.phases())).clamp(256, 4096);
        let strip = strip.next_multiple_of(16);
        for phase in 0..output.phases() {
            let (_, rows, row) = output.axis(phase / output.step, output.height);
            let (_, columns, column) = output.axis(phase % output.step, output.width);
            let length = ((rows.max(1) - 1) * output.pitch + columns).next_multiple_of(S::F32_LANES);
            if rows == 0 || columns == 0 {
                continue;
            }
            // (where the tap's gradient goes, what it reads)
            let mut rights = Vec::with_capacity(self.inputs * all);
            for channel in 0..self.inputs {
                for (at, tap) in taps.iter().enumerate().filter(|(_, tap)| tap.output == phase) {
                    let read = input.plane * tap.input + (row + tap.dy) * input.pitch + column + tap.dx;
                    rights.push((channel * all + at, channel * self.x_channel + read));
                }
            }
            let left = |channel: usize| channel * output.channel() + phase * output.plane + output.margin * (output.pitch + 1);
            for start in (0..length).step_by(strip) {
                let end = length.min(start + strip);
                for rights in rights.chunks(N) {
                    // What is missing at the edges of the tile is computed twice and used once.
                    let reads = std::array::from_fn::<usize, N, _>(|n| rights[n.min(rights.len() - 1)].1 + start);
                    for first in (0..self.outputs).step_by(M) {
                        let count = M.min(self.outputs - first);
                        let lefts = std::array::from_fn::<usize, M, _>(|m| left(first + m.min(count - 1)) + start);
                        let sums = tile::contract::<S, M, N>(simd, pictures, (self.dz, lefts), (self.x, reads), end - start);
                        for (m, sums) in sums.iter().enumerate().take(count) {
                            for ((at, _), sum) in rights.iter().zip(sums) {
                                self.sums[(first + m) * self.inputs * all + at] += sum;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns sums over tap gradients `[outputs, inputs, taps]`, each tap's added to the kernel positions that it stands for.
pub(super) fn fold(plan: &Plan, parts: &[&[f32]]) -> Vec<f32> {
    let taps = plan.taps.len();
    let kernels = parts.first().map_or(0, |part| part.len() / taps);
    let mut weights = parallel::zeros(kernels * plan.positions);
    let share = kernels.div_ceil(parallel::threads()).max(1);
    parallel::for_each(weights.chunks_mut(share * plan.positions).enumerate().collect(), |(number, weights)| {
        for part in parts {
            let part = &part[number * share * taps..];
            // Without a doubling the taps are the positions.
            if taps == plan.positions {
                weights.iter_mut().zip(part).for_each(|(weight, value)| *weight += value);
                continue;
            }
            for (weights, part) in weights.chunks_exact_mut(plan.positions).zip(part.chunks_exact(taps)) {
                for (tap, value) in plan.taps.iter().zip(part) {
                    for &position in &tap.kernel {
                        weights[position] += value;
                    }
                }
            }
        }
    });
    weights
}

/// Adds up parts of equal length.
pub(super) fn total<'a>(mut parts: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sum = parts.next().map(<[f32]>::to_vec).unwrap_or_default();
    for part in parts {
        for (sum, part) in sum.iter_mut().zip(part) {
            *sum += part;
        }
    }
    sum
}
