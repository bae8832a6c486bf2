//! A convolution (or its way back to the input) as the loops want it: for each phase of the target, offsets to read at and weights
//! packed in the order in which they are used.

use std::array;

use super::geometry::{Plan, Side, Tap};
use crate::kernels::parallel;

/// The input and output positions of the sums of one phase.
pub(super) struct Phase {
    /// Distance from a channel's planes to what the phase's first pixel reads, one a tap.
    pub(super) offsets: Vec<usize>,
    /// `[block][source channel][tap][channel of block]`.
    weights: Vec<f32>,
    /// Its first pixel (y, x) in the target, and how many there are down and across, `step` apart.
    pub(super) first: (usize, usize),
    pub(super) count: (usize, usize),
}

impl Phase {
    /// Returns the length from the first to the last pixel, gaps between the rows included.
    pub(super) const fn length(&self, pitch: usize) -> usize {
        if self.count.0 == 0 || self.count.1 == 0 { 0 } else { (self.count.0 - 1) * pitch + self.count.1 }
    }

    /// Returns the weights of a block of target channels.
    pub(super) fn weights(&self, block: &Block, sources: usize) -> &[f32] {
        let stride = sources * self.offsets.len();
        &self.weights[block.first * stride..(block.first + block.width) * stride]
    }
}

/// Channels of the widest block.
pub(super) const WIDEST: usize = 8;

/// Target channels that are computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The first channel.
    pub(super) first: usize,
    /// Channels computed: 4, 6 or 8.
    pub(super) width: usize,
    /// Channels wanted; the others have weights of zero.
    pub(super) wanted: usize,
}

/// Splits the channels into blocks of `width`; the last one has 4 where that is enough.
pub(super) fn blocks(channels: usize, width: usize) -> Vec<Block> {
    let block = |first: usize| {
        let wanted = width.min(channels - first);
        Block { first, width: if wanted <= 4 { 4 } else { width }, wanted }
    };
    (0..channels).step_by(width).map(block).collect()
}

/// Splits values that have `stride` a channel by block.
pub(super) fn split_by_block<'a>(blocks: &'a [Block], stride: usize, mut values: &'a mut [f32]) -> Vec<(&'a Block, &'a mut [f32])> {
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (part, rest) = values.split_at_mut(block.width * stride);
        parts.push((block, part));
        values = rest;
    }
    parts
}

/// Computes the convolution: reads `plan.input`, writes `plan.output`. `weights` is `[outputs, inputs, kernel, kernel]`.
pub(super) fn forward(plan: &Plan, weights: &[f32], inputs: usize, blocks: &[Block]) -> Vec<Phase> {
    let Side { pitch, plane, .. } = plan.input;
    let offset = |tap: &Tap, row: usize, column: usize| plane * tap.input + (row + tap.dy) * pitch + column + tap.dx;
    let kernel = |output: usize, input: usize| &weights[(output * inputs + input) * plan.positions..][..plan.positions];
    let phase = |phase: usize| {
        let taps: Vec<&Tap> = plan.taps.iter().filter(|tap| tap.output == phase).collect();
        let packed = pack(&taps, blocks, inputs, kernel);
        Phase::new(&plan.output, phase, &taps, offset, packed)
    };
    (0..plan.output.phases()).map(phase).collect()
}

/// Computes the gradient of the input: reads `plan.output`, writes `plan.input`, over the same taps in the other direction.
pub(super) fn backward(plan: &Plan, weights: &[f32], inputs: usize, outputs: usize, blocks: &[Block]) -> Vec<Phase> {
    let Side { pitch, plane, margin, .. } = plan.output;
    let offset = |tap: &Tap, row: usize, column: usize| plane * tap.output + (row + margin - tap.dy) * pitch + column + margin - tap.dx;
    let kernel = |input: usize, output: usize| &weights[(output * inputs + input) * plan.positions..][..plan.positions];
    let phase = |phase: usize| {
        let taps: Vec<&Tap> = plan.taps.iter().filter(|tap| tap.input == phase).collect();
        let packed = pack(&taps, blocks, outputs, kernel);
        Phase::new(&plan.input, phase, &taps, offset, packed)
    };
    (0..plan.input.phases()).map(phase).collect()
}

impl Phase {
    fn new(target: &Side, phase: usize, taps: &[&Tap], offset: impl Fn(&Tap, usize, usize) -> usize, weights: Vec<f32>) -> Self {
        let (y, rows, row) = target.axis(phase / target.step, target.height);
        let (x, columns, column) = target.axis(phase % target.step, target.width);
        // A tap above or left of the planes is one that no pixel of this phase has.
        let offsets = if rows == 0 || columns == 0 { Vec::new() } else { taps.iter().map(|tap| offset(tap, row, column)).collect() };
        Self { offsets, weights, first: (y, x), count: (rows, columns) }
    }
}

/// Puts weights in the order of their use, `[block][source][tap][channel of block]`; `kernel` finds those of a target and a source
/// channel.
fn pack<'a>(taps: &[&Tap], blocks: &[Block], sources: usize, kernel: impl Fn(usize, usize) -> &'a [f32] + Sync) -> Vec<f32> {
    let stride = sources * taps.len();
    let mut packed = vec![0.0; blocks.iter().map(|block| block.width * stride).sum()];
    parallel::for_each(split_by_block(blocks, stride, &mut packed), |(block, packed)| {
        let mut rows = packed.chunks_exact_mut(block.width);
        for source in 0..sources {
            let kernels: [&[f32]; WIDEST] = array::from_fn(|channel| kernel(block.first + channel.min(block.wanted - 1), source));
            // Nearly all weights are of whole blocks of 3x3 kernels, where a row is one vector. Blocks are narrower in wasm.
            let whole = (cfg!(not(target_arch = "wasm32")) && block.wanted == WIDEST && kernels[0].len() == 9)
                .then(|| kernels.map(|kernel| kernel.as_array::<9>().expect("the kernels of a convolution have one size")));
            // Channels innermost: one row of the packed weights after the other is written.
            for (tap, row) in taps.iter().zip(&mut rows) {
                if let (&[position @ 0..9], Some(kernels)) = (&tap.kernel[..], &whole) {
                    row.copy_from_slice(&kernels.map(|kernel| kernel[position]));
                    continue;
                }
                let row = row[..block.wanted].iter_mut().zip(&kernels);
                match tap.kernel[..] {
                    [position] => row.for_each(|(value, kernel)| *value = kernel[position]),
                    ref positions => row.for_each(|(value, kernel)| *value = positions.iter().map(|&position| kernel[position]).sum()),
                }
            }
        }
    });
    packed
}
