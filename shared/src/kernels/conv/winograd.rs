//! 3x3 convolutions with 4 multiplications an output in place of 9: F(2x2, 3x3) of Lavin & Gray 2016, section 4.1.
//!
//! Each 2x2 square of outputs comes from a 4x4 square of inputs. Laid out in 2x2 phases ([`super::geometry`]), each of the 16
//! inputs is one constant distance away for all squares, so both transforms run over whole rows; between them are 16 sums over
//! channels, which are [`tile::correlate`] with one tap.

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::band::Band;
use super::geometry::{Geometry, Side, plane};
use super::phases::{Block, split_by_block};
use super::tile::{self, Source};
use crate::kernels::parallel;

/// Positions transformed at a time: their inputs stay in cache, and every tile's length divides it.
const STRIP: usize = 48;

thread_local! {
    /// Transformed inputs of a strip, `[channel][16][STRIP]`.
    static TRANSFORMED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Returns whether Winograd is faster: with vectors of 4 it saves what takes the time, multiplications (measured in wasm: 1.5 to 1.9 times
/// as fast); with 16 they take less time than the transforms (0.6 times). And enough channels must share a transform.
pub(super) fn pays(geometry: Geometry, inputs: usize, outputs: usize) -> bool {
    let plain = geometry.kernel == 3 && geometry.stride == 1 && !geometry.double;
    plain && inputs >= 16 && outputs >= 16 && arch().dispatch(Lanes) <= 4
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// The positions at which squares are read and written.
pub(super) struct Squares {
    pub(super) input: Side,
    pub(super) output: Side,
}

impl Squares {
    pub(super) fn new(geometry: Geometry, height: usize, width: usize) -> Self {
        let (output_height, output_width) = (geometry.output(height), geometry.output(width));
        let (rows, pitch) = (output_height.div_ceil(2) + 1, output_width.div_ceil(2) + 1);
        let side = |height, width, shift| Side { height, width, step: 2, shift, margin: 0, pitch, plane: plane(rows, pitch) };
        Self { input: side(height, width, geometry.padding), output: side(output_height, output_width, 0) }
    }

    /// Squares from first to last, with what lies between the rows.
    const fn length(&self) -> usize {
        (self.output.height.div_ceil(2) - 1) * self.output.pitch + self.output.width.div_ceil(2)
    }
}

/// Transforms kernels `[outputs, inputs, 3, 3]`: G g G^T of each, as `[block][16][input][channel of block]`.
pub(super) fn transform_weights(weights: &[f32], inputs: usize, blocks: &[Block]) -> Vec<f32> {
    let mut packed = vec![0.0; blocks.iter().map(|block| block.width * inputs * 16).sum()];
    parallel::for_each(split_by_block(blocks, inputs * 16, &mut packed), |(block, packed)| {
        for channel in 0..block.wanted {
            for input in 0..inputs {
                let kernel = &weights[((block.first + channel) * inputs + input) * 9..][..9];
                for (k, value) in transform_kernel(kernel).into_iter().enumerate() {
                    packed[(k * inputs + input) * block.width + channel] = value;
                }
            }
        }
    });
    packed
}

fn transform_kernel(g: &[f32]) -> [f32; 16] {
    let along = |a: f32, b: f32, c: f32| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    let columns: [[f32; 4]; 3] = std::array::from_fn(|x| along(g[x], g[3 + x], g[6 + x]));
    let rows: [[f32; 4]; 4] = std::array::from_fn(|y| along(columns[0][y], columns[1][y], columns[2][y]));
    std::array::from_fn(|k| rows[k / 4][k % 4])
}

/// The sums of all blocks for one picture.
pub(super) struct Convolve<'a, 'y> {
    pub(super) squares: &'a Squares,
    pub(super) planes: &'a [f32],
    pub(super) inputs: usize,
    /// [`transform_weights`] of all blocks.
    pub(super) weights: &'a [f32],
    pub(super) blocks: &'a [Block],
    pub(super) bias: &'a [f32],
    pub(super) slope: f32,
    pub(super) band: Band<'y>,
}

impl WithSimd for Convolve<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut transformed = TRANSFORMED.take();
        transformed.resize((self.inputs * 16 * STRIP).max(transformed.len()), 0.0);
        let side = &self.squares.output;
        let Band { rows, mut channels } = self.band;
        let last = self.squares.length().min(rows.end * side.pitch);
        let mut products = [0.0; 16 * 8 * STRIP];
        let mut sums = [0.0; 4 * 8 * STRIP];
        for start in (rows.start * side.pitch..last).step_by(STRIP) {
            let count = STRIP.min(last - start);
            let input = &self.squares.input;
            for (planes, transformed) in self.planes.chunks_exact(input.channel()).zip(transformed.chunks_exact_mut(16 * STRIP)) {
                transform_inputs(simd, input, planes, start, count, transformed);
            }
            for block in self.blocks {
                let now = &mut channels[block.first..][..block.wanted];
                for k in 0..16 {
                    let stride = block.width * self.inputs;
                    let weights = &self.weights[block.first * self.inputs * 16 + k * stride..][..stride];
                    let source = Source { planes: &transformed[k * STRIP..], channel: 16 * STRIP, offsets: &[0], weights };
                    tile::strip(simd, block.width, source, &mut products[k * 8 * STRIP..], STRIP, count);
                }
                transform_products(simd, &products, &mut sums);
                for (channel, y) in now.iter_mut().enumerate() {
                    let phases: [&[f32]; 4] = std::array::from_fn(|phase| &sums[(phase * 8 + channel) * STRIP..][..count]);
                    write(side, rows.start, start, phases, self.bias[block.first + channel], self.slope, y);
                }
            }
        }
        TRANSFORMED.set(transformed);
    }
}

/// Transforms `count` squares of one channel: B^T d B.
#[inline(always)]
fn transform_inputs<S: Simd>(simd: S, side: &Side, planes: &[f32], start: usize, count: usize, transformed: &mut [f32]) {
    let vectors = count.div_ceil(S::F32_LANES);
    let read = |y: usize, x: usize| (y % 2 * 2 + x % 2) * side.plane + (y / 2) * side.pitch + x / 2 + start;
    let inputs: [&[S::f32s]; 16] = std::array::from_fn(|k| S::as_simd_f32s(&planes[read(k / 4, k % 4)..][..vectors * S::F32_LANES]).0);
    let (transformed, _) = S::as_mut_simd_f32s(transformed);
    let stride = STRIP / S::F32_LANES;
    for i in 0..vectors {
        let mut down = [[simd.splat_f32s(0.0); 4]; 4];
        for x in 0..4 {
            let d = |y: usize| inputs[y * 4 + x][i];
            down[0][x] = simd.sub_f32s(d(0), d(2));
            down[1][x] = simd.add_f32s(d(1), d(2));
            down[2][x] = simd.sub_f32s(d(2), d(1));
            down[3][x] = simd.sub_f32s(d(1), d(3));
        }
        for y in 0..4 {
            let d = down[y];
            transformed[(y * 4) * stride + i] = simd.sub_f32s(d[0], d[2]);
            transformed[(y * 4 + 1) * stride + i] = simd.add_f32s(d[1], d[2]);
            transformed[(y * 4 + 2) * stride + i] = simd.sub_f32s(d[2], d[1]);
            transformed[(y * 4 + 3) * stride + i] = simd.sub_f32s(d[1], d[3]);
        }
    }
}

/// Transforms products `[16][8][STRIP]` back: A^T m A, the outputs' four phases, `[4][8][STRIP]`.
#[inline(always)]
fn transform_products<S: Simd>(simd: S, products: &[f32], sums: &mut [f32]) {
    let stride = 8 * STRIP / S::F32_LANES;
    let (products, _) = S::as_simd_f32s(products);
    let (sums, _) = S::as_mut_simd_f32s(sums);
    for i in 0..stride {
        let mut down = [[simd.splat_f32s(0.0); 4]; 2];
        for x in 0..4 {
            let m = |y: usize| products[(y * 4 + x) * stride + i];
            down[0][x] = simd.add_f32s(m(0), simd.add_f32s(m(1), m(2)));
            down[1][x] = simd.sub_f32s(m(1), simd.add_f32s(m(2), m(3)));
        }
        for y in 0..2 {
            let d = down[y];
            sums[(y * 2) * stride + i] = simd.add_f32s(d[0], simd.add_f32s(d[1], d[2]));
            sums[(y * 2 + 1) * stride + i] = simd.sub_f32s(d[1], simd.add_f32s(d[2], d[3]));
        }
    }
}

/// Puts squares, from position `start` on, where their pixels are in a band that begins at row `top` of squares, with bias and activation.
#[inline(always)]
fn write(side: &Side, top: usize, start: usize, sums: [&[f32]; 4], bias: f32, slope: f32, y: &mut [f32]) {
    let activate = |sum: f32| {
        let value = sum + bias;
        if value > 0.0 { value } else { slope * value }
    };
    let count = sums[0].len();
    let mut at = 0;
    while at < count {
        let (row, column) = ((start + at) / side.pitch, (start + at) % side.pitch);
        let length = (side.pitch - column).min(count - at);
        for down in 0..2 {
            if row * 2 + down >= side.height {
                continue;
            }
            let line = (row - top) * 2 + down;
            let pixels = &mut y[line * side.width..(line + 1) * side.width];
            let Some(pixels) = pixels.get_mut(column * 2..) else { continue };
            let even = &sums[down * 2][at..at + length];
            let odd = &sums[down * 2 + 1][at..at + length];
            let whole = pixels.len() / 2;
            let mut pairs = pixels.chunks_exact_mut(2);
            for ((pair, even), odd) in (&mut pairs).zip(even).zip(odd) {
                pair[0] = activate(*even);
                pair[1] = activate(*odd);
            }
            // At an odd width the last square has half its pixels.
            if let (Some(last), Some(even)) = (pairs.into_remainder().first_mut(), even.get(whole)) {
                *last = activate(*even);
            }
        }
        at += length;
    }
}
