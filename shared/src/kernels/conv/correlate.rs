//! The sums of a convolution: strips of positions, block by block of target channels, for all pictures of a group.

use pulp::{Simd, WithSimd};

use super::band::Band;
use super::geometry::Side;
use super::phases::{Block, Phase};
use super::tile::{self, Source};

/// Positions between two looks at where rows end. A multiple of every tile's length.
const STRIP: usize = 192;

/// The sums of all phases and blocks, for one picture or several.
pub(super) struct Correlate<'a, 'y> {
    pub(super) phases: &'a [Phase],
    pub(super) blocks: &'a [Block],
    pub(super) pictures: usize,
    /// Channels to read, and floats from one to the next.
    pub(super) sources: usize,
    pub(super) channel: usize,
    /// Of the pictures, one after the other.
    pub(super) planes: &'a [f32],
    /// Where the sums go.
    pub(super) side: &'a Side,
    /// Bias and slope of the activation.
    pub(super) after: Option<(&'a [f32], f32)>,
    pub(super) band: Band<'y>,
}

impl WithSimd for Correlate<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let pitch = self.side.pitch;
        let Band { rows, mut channels } = self.band;
        let longest = self.phases.iter().map(|phase| phase.length(pitch)).max().unwrap_or(0);
        let last = longest.min(rows.end * pitch);
        let mut sums = [0.0; 8 * STRIP];
        let (source, target) = (self.sources * self.channel, channels.len() / self.pictures);
        for start in (rows.start * pitch..last).step_by(STRIP) {
            // A block's weights stay in the nearest cache while all pictures use them.
            for (block, picture) in self.blocks.iter().flat_map(|block| (0..self.pictures).map(move |picture| (block, picture))) {
                let now = &mut channels[picture * target + block.first..][..block.wanted];
                for phase in self.phases {
                    let end = phase.length(pitch).min(start + STRIP).min(last);
                    if end <= start {
                        continue;
                    }
                    let source = Source {
                        planes: &self.planes[picture * source + start..],
                        channel: self.channel,
                        offsets: &phase.offsets,
                        weights: phase.weights(block, self.sources),
                    };
                    tile::strip(simd, block.width, source, &mut sums, STRIP, end - start);
                    if let Some((bias, slope)) = self.after {
                        for (sums, bias) in sums.chunks_exact_mut(STRIP).zip(&bias[block.first..block.first + block.wanted]) {
                            for sum in &mut sums[..end - start] {
                                let value = *sum + bias;
                                *sum = if value > 0.0 { value } else { slope * value };
                            }
                        }
                    }
                    for (y, sums) in now.iter_mut().zip(sums.chunks_exact(STRIP)) {
                        scatter(self.side, phase, rows.start, start, &sums[..end - start], y);
                    }
                }
            }
        }
    }
}

/// Puts sums, from position `start` of the phase on, where its pixels are in a band that begins at row `top` of the phase; what lies between the rows is
/// dropped.
#[inline(always)]
fn scatter(side: &Side, phase: &Phase, top: usize, start: usize, sums: &[f32], y: &mut [f32]) {
    let mut at = 0;
    while at < sums.len() {
        let (row, column) = ((start + at) / side.pitch, (start + at) % side.pitch);
        let length = (side.pitch - column).min(sums.len() - at);
        if column < phase.count.1 {
            let sums = &sums[at..at + length.min(phase.count.1 - column)];
            let first = (phase.first.0 + (row - top) * side.step) * side.width + phase.first.1 + column * side.step;
            if side.step == 1 {
                y[first..first + sums.len()].copy_from_slice(sums);
            } else {
                for (y, sum) in y[first..].iter_mut().step_by(side.step).zip(sums) {
                    *y = *sum;
                }
            }
        }
        at += length;
    }
}
