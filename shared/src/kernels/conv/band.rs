//! Parts of the output that threads compute side by side: bands of rows, of all channels.

use std::ops::Range;

use super::geometry::Side;

/// Some rows of the output's channels.
pub(super) struct Band<'a> {
    /// Rows of a phase; each stands for `step` rows of the picture.
    pub(super) rows: Range<usize>,
    /// The pixels of these rows: one slice a channel, picture after picture.
    pub(super) channels: Vec<&'a mut [f32]>,
}

impl<'a> Band<'a> {
    /// Returns all rows of the channels of one picture or several.
    pub(super) fn whole(side: &Side, y: &'a mut [f32]) -> Self {
        Self { rows: 0..side.height.div_ceil(side.step), channels: y.chunks_exact_mut(side.pixels()).collect() }
    }

    /// Splits the channels of a picture into bands of nearly as many rows each, at most `count`.
    pub(super) fn split(side: &Side, y: &'a mut [f32], count: usize) -> Vec<Self> {
        let rows = side.height.div_ceil(side.step);
        let each = rows.div_ceil(count).max(1);
        let mut bands: Vec<Self> =
            (0..rows).step_by(each).map(|first| Self { rows: first..(first + each).min(rows), channels: Vec::new() }).collect();
        for channel in y.chunks_exact_mut(side.pixels()) {
            for (band, pixels) in bands.iter_mut().zip(channel.chunks_mut(each * side.step * side.width)) {
                band.channels.push(pixels);
            }
        }
        bands
    }
}
