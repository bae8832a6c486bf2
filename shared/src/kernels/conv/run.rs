//! Convolutions of whole batches on slices: `[batch, channels, height, width]`, dense.

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::band::Band;
use super::correlate::Correlate;
use super::geometry::{Geometry, Plan, Side};
use super::phases::{blocks, forward};
use super::planes;
use super::tile;
use super::way::{self, Sides, Way};
use super::winograd;
use crate::kernels::parallel;

/// Floats of the planes of pictures that are gone through together: half of a cache of 2 MiB.
const GROUPED: usize = 256 * 1024;

/// Floats that are copied faster on one thread.
const SHARED: usize = 32 * 1024;

thread_local! {
    /// Planes of one picture, kept for the next: fresh memory would cost more than filling it. Taken while in use, so that a thread
    /// that waits for others may begin another convolution.
    static INPUT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
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

/// Returns the convolution of `x`, plus bias, activated.
pub(super) fn convolve(job: &Job, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let way = way::forward(job.geometry, [job.inputs, job.outputs], job.height, job.width);
    convolve_by(way, job, x, weights, bias)
}

/// Convolves by plain sums, or by minimal filtering.
pub(super) fn convolve_by(way: Option<Way>, job: &Job, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let plan = Plan::new(job.geometry, job.height, job.width);
    let arch = arch();
    let blocks = blocks(job.outputs, arch.dispatch(BlockWidth));
    let (source, target) = (job.inputs * plan.input.pixels(), job.outputs * plan.output.pixels());
    let mut y = parallel::zeros(job.batch * target);
    let (inputs, slope) = (job.inputs, job.slope);
    let tiles = way.map(|way| (way, way.tiles(&Sides::forward(job.geometry, job.height, job.width))));
    let (phases, weights) = match way {
        Some(way) => (Vec::new(), way.transform_weights(|output, input| kernel(weights, output * inputs + input), inputs, &blocks)),
        None => (forward(&plan, weights, inputs, &blocks), Vec::new()),
    };
    let (side, target_side) = tiles.as_ref().map_or((&plan.input, &plan.output), |(_, tiles)| (&tiles.input, &tiles.output));
    let correlate = |pictures: usize, planes: &[f32], channel: usize, band: Band<'_>| match &tiles {
        Some((way, tiles)) => {
            let (weights, blocks) = (&weights[..], &blocks[..]);
            way.convolve(winograd::Convolve { tiles, pictures, planes, sources: inputs, weights, blocks, bias, slope, band });
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

/// Returns a 3x3 kernel by its number.
pub(super) fn kernel(weights: &[f32], number: usize) -> [f32; 9] {
    weights.as_chunks().0[number]
}

/// Returns how many pictures of a batch a thread goes through together, with `each` floats of planes a picture: small ones share the way of the weights
/// from the cache, and of large ones only one finds room in it.
pub(super) fn group_size(batch: usize, each: usize) -> usize {
    let share = batch.div_ceil(parallel::threads()).max(1);
    let groups = share.div_ceil((GROUPED / each.max(1)).max(1));
    share.div_ceil(groups)
}

/// Calls `work` with the planes of the first pictures of `x`, `length` floats each, one picture after the other, and the distance between
/// channels. So many threads make the planes.
pub(super) fn in_planes<R>(
    side: &Side,
    x: &[f32],
    length: usize,
    pictures: usize,
    threads: usize,
    work: impl FnOnce(&[f32], usize) -> R,
) -> R {
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
pub(super) fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

pub(super) struct BlockWidth;

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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns numbers in [-1, 1] that look random.
    pub(in crate::kernels::conv) fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| ((at * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    #[test]
    fn minimal_filtering_gives_the_plain_sums() {
        let ways = [0, 1, 2]
            .map(|padding| Geometry::new(3, padding))
            .into_iter()
            .flat_map(|geometry| [(geometry, Way::Two), (geometry, Way::Four)]);
        for (geometry, way) in ways.chain([(Geometry::doubling(), Way::Doubling)]) {
            for (height, width) in [(3, 3), (7, 8), (16, 15), (9, 120)] {
                for (batch, inputs, outputs) in [(1, 3, 16), (5, 17, 5)] {
                    let job = Job { geometry, batch, inputs, outputs, height, width, slope: 0.3 };
                    let (x, weights) = (noise(batch * inputs * height * width, 1), noise(outputs * inputs * 9, 2));
                    let bias = noise(outputs, 3);
                    let [plain, minimal] = [None, Some(way)].map(|way| convolve_by(way, &job, &x, &weights, &bias));
                    let largest = plain.iter().fold(0.0f32, |most, value| most.max(value.abs()));
                    let off = plain.iter().zip(&minimal).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
                    assert!(off <= 5e-6 * largest, "{job:?}, {way:?}: {off} of {largest}");
                }
            }
        }
    }
}
