//! A convolution (or its way back to the input) as the loops want it: for each phase of the target, offsets to read at and weights
//! packed in the order in which they are used.

use super::geometry::{Plan, Side, Tap};

/// Where the sums of one phase come from and go to.
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
    /// Its pixels from first to last, with what lies between the rows.
    pub(super) const fn length(&self, pitch: usize) -> usize {
        if self.count.0 == 0 || self.count.1 == 0 { 0 } else { (self.count.0 - 1) * pitch + self.count.1 }
    }

    /// The weights of a block of target channels.
    pub(super) fn weights(&self, block: &Block, sources: usize) -> &[f32] {
        let stride = sources * self.offsets.len();
        &self.weights[block.first * stride..(block.first + block.width) * stride]
    }
}

/// Target channels that are computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The first channel.
    pub(super) first: usize,
    /// Channels computed, 4 or 8.
    pub(super) width: usize,
    /// Channels wanted; the others have weights of zero.
    pub(super) wanted: usize,
}

/// All channels in blocks of `width`; a last one of 4 where that is enough.
pub(super) fn blocks(channels: usize, width: usize) -> Vec<Block> {
    let block = |first: usize| {
        let wanted = width.min(channels - first);
        Block { first, width: if wanted <= 4 { 4 } else { width }, wanted }
    };
    (0..channels).step_by(width).map(block).collect()
}

/// The convolution itself: reads `plan.input`, writes `plan.output`. `weights` is `[outputs, inputs, kernel, kernel]`.
pub(super) fn forward(plan: &Plan, weights: &[f32], inputs: usize, blocks: &[Block]) -> Vec<Phase> {
    let Side { pitch, plane, .. } = plan.input;
    let offset = |tap: &Tap, row: usize, column: usize| plane * tap.input + (row + tap.dy) * pitch + column + tap.dx;
    let phase = |phase: usize| {
        let taps = plan.taps.iter().filter(|tap| tap.output == phase).collect();
        pack(&plan.output, phase, taps, offset, blocks, inputs, |output, input, tap| {
            let at = (output * inputs + input) * plan.positions;
            tap.kernel.iter().map(|position| weights[at + position]).sum()
        })
    };
    (0..plan.output.phases()).map(phase).collect()
}

/// The gradient of its input: reads `plan.output`, writes `plan.input`, over the same taps the other way.
pub(super) fn backward(plan: &Plan, weights: &[f32], inputs: usize, outputs: usize, blocks: &[Block]) -> Vec<Phase> {
    let Side { pitch, plane, margin, .. } = plan.output;
    let offset = |tap: &Tap, row: usize, column: usize| plane * tap.output + (row + margin - tap.dy) * pitch + column + margin - tap.dx;
    let phase = |phase: usize| {
        let taps = plan.taps.iter().filter(|tap| tap.input == phase).collect();
        pack(&plan.input, phase, taps, offset, blocks, outputs, |input, output, tap| {
            let at = (output * inputs + input) * plan.positions;
            tap.kernel.iter().map(|position| weights[at + position]).sum()
        })
    };
    (0..plan.input.phases()).map(phase).collect()
}

fn pack(
    target: &Side,
    phase: usize,
    taps: Vec<&Tap>,
    offset: impl Fn(&Tap, usize, usize) -> usize,
    blocks: &[Block],
    sources: usize,
    weight: impl Fn(usize, usize, &Tap) -> f32,
) -> Phase {
    let (y, rows, row) = target.axis(phase / target.step, target.height);
    let (x, columns, column) = target.axis(phase % target.step, target.width);
    let mut weights = Vec::with_capacity(blocks.iter().map(|block| block.width * sources * taps.len()).sum());
    for block in blocks {
        for source in 0..sources {
            for tap in &taps {
                let value = |at: usize| if at < block.wanted { weight(block.first + at, source, tap) } else { 0.0 };
                weights.extend((0..block.width).map(value));
            }
        }
    }
    // A tap above or left of the planes is one that no pixel of this phase has.
    let offsets = if rows == 0 || columns == 0 { Vec::new() } else { taps.iter().map(|tap| offset(tap, row, column)).collect() };
    Phase { offsets, weights, first: (y, x), count: (rows, columns) }
}
