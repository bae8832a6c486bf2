//! Which minimal filtering ([`super::filter`]) computes a convolution, or the gradients of its input and its weights, and where it reads and writes.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::filter::{Doubling, DoublingBack, Filter, Four, Two};
use super::geometry::{Geometry, Side, plane};
use super::phases::Block;
use super::winograd::{By, Convolve, transform_weights};

/// Positions of a register tile with vectors of 4.
const TILE: usize = 8;

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

/// Returns the fastest way to the gradient of the weights. By four there is none.
pub(super) fn weights(geometry: Geometry, channels: [usize; 2], height: usize, width: usize) -> Option<Way> {
    fastest(geometry, Way::Doubling, channels, &Sides::forward(geometry, height, width))
        .map(|way| if way == Way::Four { Way::Two } else { way })
}

fn fastest(geometry: Geometry, doubling: Way, channels: [usize; 2], sides: &Sides) -> Option<Way> {
    let [inputs, outputs] = channels;
    let fewest = inputs.min(outputs);
    if geometry.kernel != 3 || geometry.stride != 1 || geometry.padding > 2 || fewest < 16 {
        return None;
    }
    match (geometry.double, lanes()) {
        (true, _) => Some(doubling),
        (_, 0..=4) => [Way::Two, Way::Four].into_iter().min_by_key(|way| way.cost(sides)),
        (_, 5..=8) => Some(Way::Two),
        _ => (fewest >= 64).then_some(Way::Two),
    }
}

/// Returns the floats of a vector of this processor.
pub(super) fn lanes() -> usize {
    arch().dispatch(Lanes)
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
