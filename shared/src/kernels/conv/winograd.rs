//! Convolutions of 3x3 kernels by minimal filtering ([`super::filter`]): fewer multiplications than weights an output.
//!
//! Each tile of outputs comes from a square of inputs. Laid out in phases ([`super::geometry`]), each of these inputs is one constant distance away for all
//! tiles, so both transforms run over whole rows; between them are sums over channels, which are [`tile::correlate`] with one tap.

use std::array;
use std::cell::RefCell;
use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::band::Band;
use super::filter::{Doubling, DoublingBack, Filter, Four, Two};
use super::geometry::{Geometry, Side, plane};
use super::phases::{Block, split_by_block};
use super::tile::{self, Source};
use crate::kernels::parallel;

/// Positions of a register tile with vectors of 4.
const TILE: usize = 8;

/// Channels of the widest block.
const WIDEST: usize = 8;

thread_local! {
    /// Transformed inputs of a strip, `[P * P][channel][STRIP]`, and their products with the weights of a block, `[P * P][WIDEST][STRIP]`.
    static TRANSFORMED: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// How the outputs of a convolution, or the gradient of its input, are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Two outputs along each axis at a time.
    Two,
    /// Four.
    Four,
    /// Two, around each pixel that was doubled.
    Doubling,
    /// The way back of that.
    DoublingBack,
}

/// Sides of the pictures that a [`Way`] reads and writes, and zeros before what it reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides {
    input: [usize; 2],
    output: [usize; 2],
    padding: usize,
}

impl Sides {
    /// Returns those of a convolution of a picture.
    pub(super) const fn forward(geometry: Geometry, height: usize, width: usize) -> Self {
        Self { input: [height, width], output: [geometry.output(height), geometry.output(width)], padding: geometry.padding }
    }

    /// Returns those of the gradient of its input. Around the gradient of the output are as many zeros as let each weight meet each pixel.
    pub(super) const fn back(geometry: Geometry, height: usize, width: usize) -> Self {
        let Self { input, output, padding } = Self::forward(geometry, height, width);
        Self { input: output, output: input, padding: if geometry.double { 1 } else { 2 - padding } }
    }
}

/// Returns the fastest way of a convolution from and to so many channels, or nothing where plain sums are faster. Multiplications take the less of the time,
/// the longer the vectors are: with vectors of 4 as few as possible are best, with those of 16 many channels must share a transform.
pub(super) fn forward(geometry: Geometry, channels: [usize; 2], height: usize, width: usize) -> Option<Way> {
    fastest(geometry, Way::Doubling, channels, &Sides::forward(geometry, height, width))
}

/// Returns the fastest way to the gradient of the input.
pub(super) fn back(geometry: Geometry, channels: [usize; 2], height: usize, width: usize) -> Option<Way> {
    fastest(geometry, Way::DoublingBack, channels, &Sides::back(geometry, height, width))
}

/// Returns the fastest way to the gradient of the weights. It has no way by four: its transforms would take what it saves.
pub(super) fn weights(geometry: Geometry, channels: [usize; 2], height: usize, width: usize) -> Option<Way> {
    fastest(geometry, Way::Doubling, channels, &Sides::forward(geometry, height, width))
        .map(|way| if way == Way::Four { Way::Two } else { way })
}

fn fastest(geometry: Geometry, doubling: Way, channels: [usize; 2], sides: &Sides) -> Option<Way> {
    let lanes = arch().dispatch(Lanes);
    let [inputs, outputs] = channels;
    let fewest = inputs.min(outputs);
    if geometry.kernel != 3 || geometry.stride != 1 || geometry.padding > 2 || fewest < 16 {
        return None;
    }
    match (geometry.double, lanes) {
        (true, _) => Some(doubling),
        (_, 0..=4) => [Way::Two, Way::Four].into_iter().min_by_key(|way| way.cost(sides)),
        (_, 5..=8) => Some(Way::Two),
        _ => (fewest >= 64).then_some(Way::Two),
    }
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

impl Way {
    /// Returns the multiplications for each input and output channel, and as many as take the time of reading the weights once.
    const fn cost(self, sides: &Sides) -> usize {
        const READING: usize = 8;
        let points = if let Self::Four = self { 36 } else { 16 };
        (self.tiles(sides).positions().next_multiple_of(TILE) + READING) * points
    }

    /// Returns where tiles are read and written.
    pub(super) const fn tiles(self, sides: &Sides) -> Tiles {
        match self {
            Self::Two => Tiles::new::<Two, 4, 4, 2>(sides),
            Self::Four => Tiles::new::<Four, 6, 6, 4>(sides),
            Self::Doubling => Tiles::new::<Doubling, 3, 3, 2>(sides),
            Self::DoublingBack => Tiles::new::<DoublingBack, 4, 3, 1>(sides),
        }
    }

    /// Transforms the kernels that `kernel` finds by target and source channel to `[block][point][source][channel of block]`.
    pub(super) fn transform_weights(self, kernel: impl Fn(usize, usize) -> [f32; 9] + Sync, sources: usize, blocks: &[Block]) -> Vec<f32> {
        match self {
            Self::Two => transform_weights::<Two, 4, 4, 2>(kernel, sources, blocks),
            Self::Four => transform_weights::<Four, 6, 6, 4>(kernel, sources, blocks),
            Self::Doubling => transform_weights::<Doubling, 3, 3, 2>(kernel, sources, blocks),
            Self::DoublingBack => transform_weights::<DoublingBack, 4, 3, 1>(kernel, sources, blocks),
        }
    }

    /// Computes the sums of all blocks for one picture.
    pub(super) fn convolve(self, job: Convolve<'_, '_>) {
        match self {
            Self::Two => arch().dispatch(By::<Two, 4, 4, 2>(job, PhantomData)),
            Self::Four => arch().dispatch(By::<Four, 6, 6, 4>(job, PhantomData)),
            Self::Doubling => arch().dispatch(By::<Doubling, 3, 3, 2>(job, PhantomData)),
            Self::DoublingBack => arch().dispatch(By::<DoublingBack, 4, 3, 1>(job, PhantomData)),
        }
    }
}

/// Where tiles are read and written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    pub(super) input: Side,
    pub(super) output: Side,
}

impl Tiles {
    const fn new<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize>(sides: &Sides) -> Self {
        let &Sides { input: [height, width], output: [output_height, output_width], padding } = sides;
        // At a step of 1 the padding right of a row is the padding left of the next.
        let (rows, pitch) = (output_height.div_ceil(O) + (R - 1) / F::STEP, output_width.div_ceil(O) + 1);
        let plane = plane(rows, pitch);
        Self {
            input: Side { height, width, step: F::STEP, shift: padding, margin: 0, pitch, plane },
            output: Side { height: output_height, width: output_width, step: O, shift: 0, margin: 0, pitch, plane },
        }
    }

    /// Returns the tiles from first to last, with what lies between the rows.
    pub(super) const fn positions(&self) -> usize {
        let Side { height, width, step, pitch, .. } = self.output;
        (height.div_ceil(step) - 1) * pitch + width.div_ceil(step)
    }
}

fn transform_weights<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize>(
    kernel: impl Fn(usize, usize) -> [f32; 9] + Sync,
    sources: usize,
    blocks: &[Block],
) -> Vec<f32> {
    let mut packed = vec![0.0; blocks.iter().map(|block| block.width * sources * P * P).sum()];
    parallel::for_each(split_by_block(blocks, sources * P * P, &mut packed), |(block, packed)| {
        for source in 0..sources {
            for channel in 0..block.wanted {
                let kernel = kernel(block.first + channel, source);
                let columns: [[f32; P]; 3] = array::from_fn(|x| F::kernel([kernel[x], kernel[3 + x], kernel[6 + x]]));
                for y in 0..P {
                    for (x, value) in F::kernel(columns.map(|column| column[y])).into_iter().enumerate() {
                        packed[((y * P + x) * sources + source) * block.width + channel] = value;
                    }
                }
            }
        }
    });
    packed
}

/// A convolution of one picture, or of a band of it.
pub(super) struct Convolve<'a, 'y> {
    pub(super) tiles: &'a Tiles,
    pub(super) planes: &'a [f32],
    pub(super) sources: usize,
    /// [`Way::transform_weights`] of all blocks.
    pub(super) weights: &'a [f32],
    pub(super) blocks: &'a [Block],
    pub(super) bias: &'a [f32],
    pub(super) slope: f32,
    pub(super) band: Band<'y>,
}

/// A convolution by one filter.
struct By<'a, 'y, F, const R: usize, const P: usize, const O: usize>(Convolve<'a, 'y>, PhantomData<F>);

impl<F: Filter<R, P, O>, const R: usize, const P: usize, const O: usize> WithSimd for By<'_, '_, F, R, P, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Convolve { tiles, planes, sources, weights, blocks, bias, slope, band } = self.0;
        let (strip, points) = (F::STRIP, P * P);
        let [mut transformed, mut products] = TRANSFORMED.take();
        transformed.resize((sources * points * strip).max(transformed.len()), 0.0);
        products.resize((WIDEST * points * strip).max(products.len()), 0.0);
        let Band { rows, mut channels } = band;
        let last = tiles.positions().min(rows.end * tiles.output.pitch);
        for start in (rows.start * tiles.output.pitch..last).step_by(strip) {
            let count = strip.min(last - start);
            for (channel, planes) in planes.chunks_exact(tiles.input.channel()).enumerate() {
                let (transformed, stride) = (&mut transformed[channel * strip..], sources * strip);
                simd.vectorize(TransformInputs::<F, R, P, O> {
                    side: &tiles.input,
                    planes,
                    start,
                    count,
                    transformed,
                    stride,
                    filter: PhantomData,
                });
            }
            for block in blocks {
                for point in 0..points {
                    let stride = block.width * sources;
                    let weights = &weights[block.first * sources * points + point * stride..][..stride];
                    let source = Source { planes: &transformed[point * sources * strip..], channel: strip, offsets: &[0], weights };
                    tile::strip(simd, block.width, source, &mut products[point * WIDEST * strip..], strip, count);
                }
                for (channel, y) in channels[block.first..][..block.wanted].iter_mut().enumerate() {
                    let products = &mut products[channel * strip..];
                    let after = (bias[block.first + channel], slope);
                    simd.vectorize(TransformProducts::<F, R, P, O> { products, count, after, filter: PhantomData });
                    let outputs = array::from_fn(|x| array::from_fn(|column| &products[(x * O + column) * WIDEST * strip..][..count]));
                    write::<O>(&tiles.output, rows.start, start, outputs, y);
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
    #[expect(clippy::needless_range_loop, reason = "through the standard library's adaptors the tile would be kept in memory")]
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
    #[expect(clippy::needless_range_loop, reason = "through the standard library's adaptors the tile would be kept in memory")]
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
