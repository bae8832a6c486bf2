//! Convolutions of 3x3 kernels by minimal filtering ([`super::filter`]): fewer multiplications than weights an output.
//!
//! Each tile of outputs comes from a square of inputs. Laid out in phases ([`super::geometry`]), each of these inputs is one constant distance away for all
//! tiles, so both transforms run over whole rows; between them are sums over channels, which are [`tile::correlate`] with one tap.

use std::array;
use std::cell::RefCell;
use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::band::Band;
use super::filter::{Filter, LANES, along_both_axes};
use super::geometry::Side;
use super::phases::{Block, WIDEST, split_by_block};
use super::tile::{self, Source};
use super::way::Tiles;
use crate::kernels::parallel;

thread_local! {
    /// Transformed inputs of a strip, `[P * P][channel][STRIP]` with [`BEYOND`] after each point, and their products with the weights of a block, `[P * P][WIDEST][STRIP]`.
    static TRANSFORMED: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Transforms the kernels that `kernel` finds by target and source channel to `[block][point][source][channel of block]`.
pub(super) fn transform_weights<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize>(
    kernel: impl Fn(usize, usize) -> [f32; 9] + Sync,
    sources: usize,
    blocks: &[Block],
) -> Vec<f32> {
    let mut packed = vec![0.0; blocks.iter().map(|block| block.width * sources * P * P).sum()];
    parallel::for_each(split_by_block(blocks, sources * P * P, &mut packed), |(block, packed)| {
        for source in 0..sources {
            let mut kernels = [[[0.0; LANES]; 3]; 3];
            for channel in 0..block.wanted {
                for (values, value) in kernels.as_flattened_mut().iter_mut().zip(kernel(block.first + channel, source)) {
                    values[channel] = value;
                }
            }
            let transformed = along_both_axes(&kernels, F::kernel);
            for (point, values) in transformed.as_flattened().iter().enumerate() {
                let row = &mut packed[(point * sources + source) * block.width..];
                // Of a known length, so that a copy is a move of registers.
                match block.width {
                    8 => row[..8].copy_from_slice(&values[..8]),
                    6 => row[..6].copy_from_slice(&values[..6]),
                    _ => row[..4].copy_from_slice(&values[..4]),
                }
            }
        }
    });
    packed
}

/// A convolution of pictures, or of a band of each.
pub(super) struct Convolve<'a, 'y> {
    pub(super) tiles: &'a Tiles,
    pub(super) pictures: usize,
    /// Of the pictures, one after the other.
    pub(super) planes: &'a [f32],
    pub(super) sources: usize,
    /// [`transform_weights`] of all blocks.
    pub(super) weights: &'a [f32],
    pub(super) blocks: &'a [Block],
    pub(super) bias: &'a [f32],
    pub(super) slope: f32,
    pub(super) band: Band<'y>,
}

/// Floats that the last vector of a strip may reach beyond it.
const BEYOND: usize = 16;

/// Positions of one picture in a strip.
struct Segment {
    picture: usize,
    /// The first one's position in the picture.
    from: usize,
    /// The first one's position in the strip.
    at: usize,
    count: usize,
}

/// Returns the segments of a strip of `count` positions from `start` on, where each picture has `each`. Not inlined: once for all filters in the page's
/// modules.
#[inline(never)]
fn segments(start: usize, count: usize, each: usize) -> Vec<Segment> {
    let segment = |picture: usize| {
        let begin = start.max(picture * each);
        let end = (start + count).min((picture + 1) * each);
        Segment { picture, from: begin - picture * each, at: begin - start, count: end - begin }
    };
    (start / each..(start + count).div_ceil(each)).map(segment).collect()
}

/// A convolution by one filter.
pub(super) struct By<'a, 'y, F, const R: usize, const P: usize, const O: usize>(pub(super) Convolve<'a, 'y>, pub(super) PhantomData<F>);

impl<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for By<'_, '_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Convolve { tiles, pictures, planes, sources, weights, blocks, bias, slope, band } = self.0;
        let (strip, points) = (F::STRIP, P * P);
        let stride = sources * strip + BEYOND;
        let [mut transformed, mut products] = TRANSFORMED.take();
        transformed.resize((points * stride).max(transformed.len()), 0.0);
        products.resize((WIDEST * points * strip).max(products.len()), 0.0);
        let Band { rows, mut channels } = band;
        let (source, target) = (sources * tiles.input.channel(), channels.len() / pictures);
        let first = rows.start * tiles.output.pitch;
        let each = tiles.positions().min(rows.end * tiles.output.pitch).saturating_sub(first);
        for start in (0..pictures * each).step_by(strip) {
            let count = strip.min(pictures * each - start);
            let segments = segments(start, count, each);
            // One channel after the other: the last vector of a segment may reach beyond it, to where the next one is written.
            for channel in 0..sources {
                for segment in &segments {
                    simd.vectorize(TransformInputs::<F, R, P, O> {
                        side: &tiles.input,
                        planes: &planes[segment.picture * source + channel * tiles.input.channel()..][..tiles.input.channel()],
                        start: first + segment.from,
                        count: segment.count,
                        transformed: &mut transformed[channel * strip + segment.at..],
                        stride,
                        filter: PhantomData,
                    });
                }
            }
            for block in blocks {
                for point in 0..points {
                    let length = block.width * sources;
                    let weights = &weights[block.first * sources * points + point * length..][..length];
                    let source = Source { planes: &transformed[point * stride..], channel: strip, offsets: &[0], weights };
                    tile::strip(simd, block.width, source, &mut products[point * WIDEST * strip..], strip, count);
                }
                for channel in 0..block.wanted {
                    let products = &mut products[channel * strip..];
                    let after = (bias[block.first + channel], slope);
                    simd.vectorize(TransformProducts::<F, R, P, O> { products, count, after, filter: PhantomData });
                    for segment in &segments {
                        let outputs = |point: usize| &products[point * WIDEST * strip + segment.at..][..segment.count];
                        let outputs = array::from_fn(|x| array::from_fn(|column| outputs(x * O + column)));
                        let y = &mut channels[segment.picture * target + block.first + channel];
                        write::<O>(&tiles.output, rows.start, first + segment.from, outputs, y);
                    }
                }
            }
        }
        TRANSFORMED.set([transformed, products]);
    }
}

/// The transform of `count` tiles' inputs in one channel.
pub(super) struct TransformInputs<'a, F, const R: usize, const P: usize, const O: usize> {
    pub(super) side: &'a Side,
    pub(super) planes: &'a [f32],
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) transformed: &'a mut [f32],
    /// Floats from one point to the next.
    pub(super) stride: usize,
    pub(super) filter: PhantomData<F>,
}

impl<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for TransformInputs<'_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { side: &Side { step, plane, pitch, .. }, planes, start, count, transformed, stride, .. } = self;
        let vectors = count.div_ceil(S::F32_LANES);
        let read = |y: usize, x: usize| {
            let first = (y % step * step + x % step) * plane + (y / step) * pitch + x / step + start;
            S::as_simd_f32s(&planes[first..][..vectors * S::F32_LANES]).0
        };
        let inputs: [[&[S::f32s]; R]; R] = array::from_fn(|y| array::from_fn(|x| read(y, x)));
        let (transformed, _) = S::as_mut_simd_f32s(transformed);
        let stride = stride / S::F32_LANES;
        for i in 0..vectors {
            let mut columns = [[simd.splat_f32s(0.0); P]; R];
            for x in 0..R {
                columns[x] = F::inputs(simd, array::from_fn(|y| inputs[y][x][i]));
            }
            for y in 0..P {
                let row = F::inputs(simd, array::from_fn(|x| columns[x][y]));
                for x in 0..P {
                    transformed[(y * P + x) * stride + i] = row[x];
                }
            }
        }
    }
}

/// The transform of one channel's products `[P * P][WIDEST][STRIP]` back to outputs, with bias and the slope of the activation: in place,
/// `[O * O][WIDEST][STRIP]`.
struct TransformProducts<'a, F, const R: usize, const P: usize, const O: usize> {
    products: &'a mut [f32],
    count: usize,
    after: (f32, f32),
    filter: PhantomData<F>,
}

impl<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for TransformProducts<'_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (products, _) = S::as_mut_simd_f32s(self.products);
        let stride = WIDEST * F::STRIP / S::F32_LANES;
        let (bias, slope) = (simd.splat_f32s(self.after.0), simd.splat_f32s(self.after.1));
        let zero = simd.splat_f32s(0.0);
        for i in 0..self.count.div_ceil(S::F32_LANES) {
            let mut columns = [[zero; O]; P];
            for x in 0..P {
                columns[x] = F::outputs(simd, array::from_fn(|y| products[(y * P + x) * stride + i]));
            }
            for y in 0..O {
                let row = F::outputs(simd, array::from_fn(|x| columns[x][y]));
                for x in 0..O {
                    let value = simd.add_f32s(row[x], bias);
                    let positive = simd.greater_than_f32s(value, zero);
                    products[(y * O + x) * stride + i] = simd.select_f32s(positive, value, simd.mul_f32s(slope, value));
                }
            }
        }
    }
}

/// Puts tiles, from position `start` on, where their pixels are in a band that begins at row `top` of tiles.
#[inline(always)]
fn write<const O: usize>(side: &Side, top: usize, start: usize, outputs: [[&[f32]; O]; O], y: &mut [f32]) {
    let count = outputs[0][0].len();
    let mut at = 0;
    while at < count {
        let (row, column) = ((start + at) / side.pitch, (start + at) % side.pitch);
        let length = (side.pitch - column).min(count - at);
        for (down, outputs) in outputs.iter().enumerate().take(side.height - (row * O).min(side.height)) {
            let line = (row - top) * O + down;
            let pixels = &mut y[line * side.width..(line + 1) * side.width];
            let Some(pixels) = pixels.get_mut(column * O..) else { continue };
            let outputs = outputs.map(|outputs| &outputs[at..at + length]);
            let mut tiles = pixels.chunks_exact_mut(O);
            let whole = tiles.len();
            for (i, tile) in (&mut tiles).take(length).enumerate() {
                for (pixel, outputs) in tile.iter_mut().zip(outputs) {
                    *pixel = outputs[i];
                }
            }
            // The last tile may reach past the border.
            if whole < length {
                for (pixel, outputs) in tiles.into_remainder().iter_mut().zip(outputs) {
                    *pixel = outputs[whole];
                }
            }
        }
        at += length;
    }
}
