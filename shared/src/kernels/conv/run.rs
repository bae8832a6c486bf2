//! Convolutions of whole batches on slices: `[batch, channels, height, width]`, dense.

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::band::Band;
use super::correlate::Correlate;
use super::geometry::{Geometry, Plan, Side};
use super::phases::{backward, blocks, forward};
use super::planes;
use super::tile;
use super::weight_gradient::{self, WeightGradient};
use super::winograd::{self, Squares};
use crate::kernels::parallel;

/// Floats of the planes of pictures that are gone through together: half of a cache of 2 MiB.
const GROUPED: usize = 256 * 1024;

/// Floats that are copied faster on one thread.
const SHARED: usize = 32 * 1024;

thread_local! {
    /// Planes of one picture, kept for the next: fresh memory would cost more than filling it. Taken while in use, so that a thread
    /// that waits for others may begin another convolution.
    static INPUT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The sizes of a convolution, and what comes after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) geometry: Geometry,
    pub(super) batch: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// The factor of negative outputs: 0 is ReLU, 1 no activation.
    pub(super) slope: f32,
}

/// Gradients; of the input and of weights and bias where they were asked for.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    pub(super) input: Option<Vec<f32>>,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) bias: Option<Vec<f32>>,
}

/// Returns the convolution of `x`, plus bias, activated.
pub(super) fn convolve(job: &Job, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    convolve_by(winograd::pays(job.geometry, job.inputs, job.outputs), job, x, weights, bias)
}

/// Convolves directly, or by squares (Winograd).
fn convolve_by(squares: bool, job: &Job, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let plan = Plan::new(job.geometry, job.height, job.width);
    let arch = arch();
    let blocks = blocks(job.outputs, arch.dispatch(BlockWidth));
    let (source, target) = (job.inputs * plan.input.pixels(), job.outputs * plan.output.pixels());
    let mut y = parallel::zeros(job.batch * target);
    let (inputs, slope) = (job.inputs, job.slope);
    let squares = squares.then(|| Squares::new(job.geometry, job.height, job.width));
    let (phases, weights) = match squares {
        Some(_) => (Vec::new(), winograd::transform_weights(weights, inputs, &blocks)),
        None => (forward(&plan, weights, inputs, &blocks), Vec::new()),
    };
    let side = squares.as_ref().map_or(&plan.input, |squares| &squares.input);
    let target_side = squares.as_ref().map_or(&plan.output, |squares| &squares.output);
    let correlate = |pictures: usize, planes: &[f32], channel: usize, band: Band<'_>| match &squares {
        Some(squares) => {
            let Band { rows, channels } = band;
            let mut channels = channels.into_iter();
            for planes in planes.chunks(inputs * channel).take(pictures) {
                let band = Band { rows: rows.clone(), channels: channels.by_ref().take(job.outputs).collect() };
                arch.dispatch(winograd::Convolve { squares, planes, inputs, weights: &weights, blocks: &blocks, bias, slope, band });
            }
        }
        None => {
            let (phases, after) = (&phases[..], Some((bias, slope)));
            let (blocks, side) = (&blocks[..], target_side);
            arch.dispatch(Correlate { phases, blocks, pictures, sources: inputs, planes, channel, side, after, band });
        }
    };
    if job.batch >= parallel::threads() {
        let group = group_size(job.batch, inputs * side.channel());
        parallel::for_each(y.chunks_mut(group * target).enumerate().collect(), |(number, y)| {
            let pictures = y.len() / target;
            let x = &x[number * group * source..];
            let band = Band::whole(target_side, y);
            in_planes(side, x, source, pictures, 1, |planes, channel| correlate(pictures, planes, channel, band));
        });
        return y;
    }
    for (picture, y) in y.chunks_mut(target).enumerate() {
        let bands = Band::split(target_side, y, parallel::threads());
        in_planes(side, &x[picture * source..], source, 1, parallel::threads(), |planes, channel| {
            parallel::for_each(bands, |band| correlate(1, planes, channel, band));
        });
    }
    y
}

/// Returns the gradients of a convolution with output `y`, from the gradient `dy` of that.
pub(super) fn gradients(job: &Job, x: &[f32], weights: &[f32], y: &[f32], dy: &[f32], of_input: bool, of_weights: bool) -> Gradients {
    let plan = Plan::new(job.geometry, job.height, job.width);
    let arch = arch();
    let blocks = blocks(job.inputs, arch.dispatch(BlockWidth));
    let phases = if of_input { backward(&plan, weights, job.inputs, job.outputs, &blocks) } else { Vec::new() };
    let (source, target) = (job.inputs * plan.input.pixels(), job.outputs * plan.output.pixels());
    let share = job.batch.div_ceil(parallel::threads()).max(1);
    let group = group_size(job.batch, (job.outputs * plan.output.channel()).max(job.inputs * plan.input.channel()));
    let mut dx = parallel::zeros(if of_input { job.batch * source } else { 0 });
    let parts: Vec<(usize, &mut [f32])> = if of_input {
        (0..job.batch).step_by(share).zip(dx.chunks_mut(share * source)).collect()
    } else {
        (0..job.batch).step_by(share).map(|first| (first, Default::default())).collect()
    };
    // One sum of weight gradients a thread, added up in order: the same for the same number of threads.
    let sums = parallel::map(parts, |(first, dx)| {
        let mut taps = vec![0.0; if of_weights { job.outputs * job.inputs * plan.taps.len() } else { 0 }];
        let mut bias = vec![0.0; job.outputs];
        let mut dx = dx.chunks_mut(group * source);
        let end = (first + share).min(job.batch);
        for first in (first..end).step_by(group) {
            let pictures = group.min(end - first);
            let mut buffer = OUTPUT.take();
            let channel = plan.output.channel();
            let planes = sized(&mut buffer, pictures * job.outputs * channel);
            for (number, planes) in planes.chunks_exact_mut(job.outputs * channel).enumerate() {
                let range = (first + number) * target..(first + number + 1) * target;
                let (y, dy) = (&y[range.clone()], &dy[range]);
                arch.dispatch(SplitGradient { side: &plan.output, y, dy, slope: job.slope, planes, bias: &mut bias });
            }
            if let Some(y) = dx.next() {
                let (blocks, side) = (&blocks, &plan.input);
                let sources = job.outputs;
                let band = Band::whole(side, y);
                arch.dispatch(Correlate { phases: &phases, blocks, pictures, sources, planes, channel, side, after: None, band });
            }
            if of_weights {
                in_planes(&plan.input, &x[first * source..], source, pictures, 1, |x, x_channel| {
                    let (inputs, outputs, sums) = (job.inputs, job.outputs, &mut taps[..]);
                    arch.dispatch(WeightGradient { plan: &plan, pictures, x, x_channel, dz: planes, inputs, outputs, sums });
                });
            }
            OUTPUT.set(buffer);
        }
        (taps, bias)
    });
    Gradients {
        weights: of_weights.then(|| weight_gradient::fold(&plan, &sums.iter().map(|(taps, _)| taps.as_slice()).collect::<Vec<_>>())),
        bias: of_weights.then(|| weight_gradient::total(sums.iter().map(|(_, bias)| bias.as_slice()))),
        input: of_input.then_some(dx),
    }
}

/// Returns how many pictures of a batch a thread goes through together, with `each` floats of planes a picture: small ones share the way of the weights
/// from the cache, and of large ones only one finds room in it.
fn group_size(batch: usize, each: usize) -> usize {
    let share = batch.div_ceil(parallel::threads()).max(1);
    let groups = share.div_ceil((GROUPED / each.max(1)).max(1));
    share.div_ceil(groups)
}

/// Calls `work` with the planes of the first pictures of `x`, `length` floats each, one picture after the other, and the distance between
/// channels. So many threads make the planes.
fn in_planes<R>(side: &Side, x: &[f32], length: usize, pictures: usize, threads: usize, work: impl FnOnce(&[f32], usize) -> R) -> R {
    // The last vector may read past the picture: into the next, or not at all.
    if side.is_dense() && x.len() >= pictures * length + 16 {
        return work(x, side.pixels());
    }
    let mut buffer = INPUT.take();
    let planes = sized(&mut buffer, pictures * (length / side.pixels()) * side.channel());
    split(side, &x[..pictures * length], planes, threads);
    let result = work(planes, side.channel());
    INPUT.set(buffer);
    result
}

/// Copies channels into planes, on so many threads.
fn split(side: &Side, x: &[f32], planes: &mut [f32], threads: usize) {
    let arch = arch();
    let channels = (x.len() / side.pixels()).div_ceil(threads).max(1);
    if threads == 1 || x.len() < SHARED {
        return arch.dispatch(Split { side, x, planes });
    }
    let parts = x.chunks(channels * side.pixels()).zip(planes.chunks_mut(channels * side.channel()));
    parallel::for_each(parts.collect(), |(x, planes)| arch.dispatch(Split { side, x, planes }));
}

/// Returns the first floats of a buffer that grows as needed.
fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

struct BlockWidth;

impl WithSimd for BlockWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        tile::channels::<S>()
    }
}

/// [`planes::split`].
struct Split<'a> {
    side: &'a Side,
    x: &'a [f32],
    planes: &'a mut [f32],
}

impl WithSimd for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        planes::split(self.side, self.x, self.planes);
    }
}

/// [`planes::split_gradient`].
struct SplitGradient<'a> {
    side: &'a Side,
    y: &'a [f32],
    dy: &'a [f32],
    slope: f32,
    planes: &'a mut [f32],
    bias: &'a mut [f32],
}

impl WithSimd for SplitGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        planes::split_gradient(self.side, self.y, self.dy, self.slope, self.planes, self.bias);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_give_what_the_direct_way_gives() {
        let noise =
            |count: usize, seed: usize| (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect::<Vec<_>>();
        for padding in [0, 1, 2] {
            for (height, width) in [(3, 3), (7, 8), (16, 15), (9, 120)] {
                for (batch, inputs, outputs) in [(1, 3, 16), (3, 17, 5)] {
                    let geometry = Geometry::new(3, padding);
                    let job = Job { geometry, batch, inputs, outputs, height, width, slope: 0.3 };
                    let (x, weights) = (noise(batch * inputs * height * width, 1), noise(outputs * inputs * 9, 2));
                    let bias = noise(outputs, 3);
                    let [direct, squares] = [false, true].map(|squares| convolve_by(squares, &job, &x, &weights, &bias));
                    let largest = direct.iter().fold(0.0f32, |most, value| most.max(value.abs()));
                    let off = direct.iter().zip(&squares).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
                    assert!(off <= 3e-6 * largest, "{job:?}: {off} of {largest}");
                }
            }
        }
    }
}
