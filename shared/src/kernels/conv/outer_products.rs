//! The gradient of the weights where pictures are small: for each tap a sum over pixels of outer products, of the gradients of the output channels and the
//! values of the input channels. Vectors hold channels and not pixels: short rows leave no lane empty, and no vector is added up across its lanes.

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::phases::{Block, WIDEST, blocks, split_by_block};
use super::run::{Job, sized};
use super::tile::{self, Source};
use crate::kernels::parallel;

/// Pixels of an output that is small.
const SMALL: usize = 256;

/// Input channels that are gone through together: as many as the widest tile has. The length of every tile divides it.
const TILE: usize = 48;

/// Kernels whose positions are put together at a time: few enough for the nearest cache.
const FOLDED: usize = 256;

thread_local! {
    /// Gradients of the outputs, `[block][pixel][channel of block]`; inputs `[pixel][TILE]`; those that a tap reads, `[output pixel][TILE]`.
    static BUFFERS: RefCell<[Vec<f32>; 3]> = const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// Returns whether a convolution's outputs are small enough, and its channels many enough. Not in wasm: its short vectors have few empty lanes, and visitors
/// would download the code.
pub(super) fn fits(job: &Job) -> bool {
    if cfg!(target_arch = "wasm32") {
        return false;
    }
    let pixels = job.geometry.output(job.height) * job.geometry.output(job.width);
    pixels <= SMALL && job.inputs >= 16 && job.outputs >= WIDEST && !job.geometry.double
}

/// Adds the gradients of some pictures.
pub(super) struct OuterProducts<'a> {
    pub(super) job: &'a Job,
    /// Of the pictures: `[inputs, height, width]`.
    pub(super) x: &'a [f32],
    /// Outputs, and their gradients after the activation.
    pub(super) y: &'a [f32],
    pub(super) dy: &'a [f32],
    /// The sums, `[taps][outputs][inputs]`, and those of the bias.
    pub(super) sums: &'a mut [f32],
    pub(super) bias: &'a mut [f32],
}

impl WithSimd for OuterProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let &Job { geometry, inputs, outputs, height, width, .. } = self.job;
        let (pixels, area) = (self.y.len() / outputs, height * width);
        let blocks = blocks(outputs, tile::channels::<S>());
        let [mut gradients, mut values, mut read] = BUFFERS.take();
        let channels = blocks.iter().map(|block| block.width).sum::<usize>();
        let gradients_by_block = sized(&mut gradients, channels * pixels);
        self.lay_out_gradients(&blocks, gradients_by_block);
        let values_by_pixel = sized(&mut values, self.x.len() / inputs * TILE).as_chunks_mut().0;
        let read_by_pixel = sized(&mut read, pixels * TILE);
        for first in (0..inputs).step_by(TILE) {
            let count = TILE.min(inputs - first);
            for (x, values) in self.x.chunks_exact(inputs * area).zip(values_by_pixel.chunks_exact_mut(area)) {
                by_pixel(&x[first * area..][..count * area], values);
            }
            for tap in 0..geometry.kernel * geometry.kernel {
                self.read(tap, values_by_pixel, read_by_pixel.as_chunks_mut().0);
                for block in &blocks {
                    let mut found = [0.0; WIDEST * TILE];
                    let weights = &gradients_by_block[block.first * pixels..][..block.width * pixels];
                    let source = Source { planes: read_by_pixel, channel: TILE, offsets: &[0], weights };
                    tile::strip(simd, block.width, source, &mut found, TILE, count.next_multiple_of(S::F32_LANES));
                    let sums = self.sums[(tap * outputs + block.first) * inputs..].chunks_mut(inputs);
                    for (sums, found) in sums.zip(found.chunks_exact(TILE)).take(block.wanted) {
                        sums[first..][..count].iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
                    }
                }
            }
        }
        BUFFERS.set([gradients, values, read]);
    }
}

impl OuterProducts<'_> {
    /// Writes the gradients before the activation, `[block][pixel][channel of block]`, and adds those of the bias.
    #[inline(always)]
    fn lay_out_gradients(&mut self, blocks: &[Block], gradients: &mut [f32]) {
        let &Job { geometry, outputs, height, width, slope, .. } = self.job;
        let (each, pixels) = (geometry.output(height) * geometry.output(width), self.y.len() / outputs);
        for (block, gradients) in split_by_block(blocks, pixels, gradients) {
            for (picture, gradients) in gradients.chunks_exact_mut(each * block.width).enumerate() {
                for channel in 0..block.wanted {
                    let output = block.first + channel;
                    let first = (picture * outputs + output) * each;
                    let mut total = 0.0;
                    for (at, gradients) in (first..first + each).zip(gradients.chunks_exact_mut(block.width)) {
                        let gradient = if self.y[at] > 0.0 { self.dy[at] } else { slope * self.dy[at] };
                        gradients[channel] = gradient;
                        total += gradient;
                    }
                    self.bias[output] += total;
                }
            }
        }
    }

    /// Copies what a tap of the kernel reads for each output pixel: zeros outside of the picture.
    #[inline(always)]
    fn read(&self, tap: usize, values: &[[f32; TILE]], read: &mut [[f32; TILE]]) {
        let &Job { geometry, height, width, .. } = self.job;
        let (down, right) = (tap / geometry.kernel, tap % geometry.kernel);
        let mut read = read.iter_mut();
        for values in values.chunks_exact(height * width) {
            for y in 0..geometry.output(height) {
                // Above or left of the picture these wrap around, to more than it has.
                let row = (y * geometry.stride + down).wrapping_sub(geometry.padding);
                for (x, read) in (0..geometry.output(width)).zip(&mut read) {
                    let column = (x * geometry.stride + right).wrapping_sub(geometry.padding);
                    *read = if row < height && column < width { values[row * width + column] } else { [0.0; TILE] };
                }
            }
        }
    }
}

/// Copies channels, at most [`TILE`], so that those of a pixel are side by side.
#[inline(always)]
fn by_pixel(x: &[f32], values: &mut [[f32; TILE]]) {
    for (channel, x) in x.chunks_exact(values.len()).enumerate() {
        values.iter_mut().zip(x).for_each(|(values, x)| values[channel] = *x);
    }
}

/// Returns the gradients of kernels of so many positions, `[outputs][inputs][positions]`, from parts of their sums.
pub(super) fn fold(positions: usize, parts: &[&[f32]]) -> Vec<f32> {
    let kernels = parts.first().map_or(0, |part| part.len() / positions);
    let mut weights = parallel::zeros(kernels * positions);
    let share = kernels.div_ceil(parallel::threads()).max(1);
    parallel::for_each(weights.chunks_mut(share * positions).enumerate().collect(), |(number, weights)| {
        for (at, weights) in weights.chunks_mut(FOLDED * positions).enumerate() {
            let first = number * share + at * FOLDED;
            for part in parts {
                for (position, part) in part.chunks_exact(kernels).enumerate() {
                    for (kernel, value) in weights.chunks_exact_mut(positions).zip(&part[first..]) {
                        kernel[position] += value;
                    }
                }
            }
        }
    });
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::conv::arch::arch;
    use crate::kernels::conv::geometry::Geometry;
    use crate::kernels::conv::run::tests::noise;

    #[test]
    fn outer_products_are_the_sums_over_pixels() {
        let geometries = [
            Geometry::new(1, 0),
            Geometry::new(2, 1),
            Geometry::new(3, 1),
            Geometry::new(3, 0).with_stride(2),
            Geometry::new(5, 2).with_stride(2),
        ];
        for geometry in geometries {
            // Miri is a thousand times as slow.
            for (height, width, inputs, outputs) in [(5, 7, 17, 9), (4, 3, 50, 13)].into_iter().take(if cfg!(miri) { 1 } else { 2 }) {
                let (batch, slope) = (3, 0.3);
                let job = Job { geometry, batch, inputs, outputs, height, width, slope };
                let (rows, columns, taps) = (geometry.output(height), geometry.output(width), geometry.kernel * geometry.kernel);
                let x = noise(batch * inputs * height * width, 1);
                let [y, dy] = [2, 3].map(|seed| noise(batch * outputs * rows * columns, seed));
                let (mut sums, mut bias) = (vec![0.0; taps * outputs * inputs], vec![0.0; outputs]);
                arch().dispatch(OuterProducts { job: &job, x: &x, y: &y, dy: &dy, sums: &mut sums, bias: &mut bias });
                let found = fold(taps, &[&sums]);
                for output in 0..outputs {
                    let gradient = |at: usize| f64::from(if y[at] > 0.0 { dy[at] } else { slope * dy[at] });
                    let pixels =
                        |picture: usize| (0..rows * columns).map(move |at| (at, (picture * outputs + output) * rows * columns + at));
                    let of_bias: f64 = (0..batch).flat_map(pixels).map(|(_, at)| gradient(at)).sum();
                    assert!(
                        (of_bias - f64::from(bias[output])).abs() < 1e-4,
                        "{job:?}: the bias {output} is {of_bias}, not {}",
                        bias[output]
                    );
                    for (input, tap) in (0..inputs).flat_map(|input| (0..taps).map(move |tap| (input, tap))) {
                        let read = |picture: usize, at: usize| {
                            let row = (at / columns * geometry.stride + tap / geometry.kernel).checked_sub(geometry.padding)?;
                            let column = (at % columns * geometry.stride + tap % geometry.kernel).checked_sub(geometry.padding)?;
                            let inside = row < height && column < width;
                            inside.then(|| f64::from(x[((picture * inputs + input) * height + row) * width + column]))
                        };
                        let products = (0..batch).flat_map(|picture| pixels(picture).map(move |(at, whole)| (picture, at, whole)));
                        let sum: f64 = products.map(|(picture, at, whole)| read(picture, at).unwrap_or(0.0) * gradient(whole)).sum();
                        let weight = found[(output * inputs + input) * taps + tap];
                        assert!((sum - f64::from(weight)).abs() < 1e-3, "{job:?}: {output} {input} {tap} is {sum}, not {weight}");
                    }
                }
            }
        }
    }
}
