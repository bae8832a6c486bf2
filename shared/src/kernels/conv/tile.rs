//! The loops in which most of the time goes, for whatever vectors the machine has: 16 floats (AVX-512), 8 (AVX2), 4 (NEON, wasm).
//!
//! They keep a tile of sums in registers: `M` channels by `N` vectors. Each vector loaded is used `M` times and each weight `N`
//! times, so the multiplication units are the limit and not memory. That holds only while the compiler sees nothing else to put
//! into registers: each tile is a function of its own, never inlined, and its loops are plain ones.

use pulp::{Simd, WithSimd};

/// Returns the number of channels in a tile of [`correlate`]: as many as leave registers for the pixels. (pulp promises 32 for wasm;
/// engines on x86 have 16.)
///
/// With 16 registers and fused multiplication six channels by two vectors fill 15: 12 sums, two vectors of pixels, one weight. Four by three
/// would fill all 16, and the compiler wants one more and keeps sums in memory.
pub(super) const fn channels<S: Simd>() -> usize {
    if cfg!(all(target_arch = "wasm32", feature = "relaxed-simd")) {
        6
    } else if cfg!(target_arch = "wasm32") {
        4
    } else if S::REGISTER_COUNT >= 32 {
        8
    } else {
        6
    }
}

/// Vectors of pixels in a tile of [`correlate`].
const fn vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 && !cfg!(all(target_arch = "wasm32", feature = "relaxed-simd")) { 3 } else { 2 }
}

/// The input of [`correlate`].
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// From the tile's first pixel on.
    pub(super) planes: &'a [f32],
    /// Floats from one channel to the next.
    pub(super) channel: usize,
    /// One a tap.
    pub(super) offsets: &'a [usize],
    /// `[channel][tap][m]`.
    pub(super) weights: &'a [f32],
}

/// Sums over channels and taps: `sums[m][i] = sum of weights[channel][tap][m] * planes[channel][offsets[tap] + i]`, for `M` outputs
/// and `N` vectors. `sums` holds `M` rows, `row` floats apart.
#[inline(never)]
pub(super) fn correlate<S: Simd, const M: usize, const N: usize>(simd: S, source: Source<'_>, sums: &mut [f32], row: usize) {
    simd.vectorize(Correlate::<M, N> { source, sums, row });
}

/// Computes the sums of `length` positions for `width` channels, `row` floats apart.
#[inline(always)]
pub(super) fn strip<S: Simd>(simd: S, width: usize, source: Source<'_>, sums: &mut [f32], row: usize, length: usize) {
    let mut at = 0;
    while at < length {
        let vectors = (length - at).div_ceil(S::F32_LANES).min(vectors::<S>());
        let source = Source { planes: &source.planes[at..], ..source };
        let sums = &mut sums[at..];
        let reaches_into_the_next = vectors * S::F32_LANES > source.channel;
        if let ([offset], false) = (source.offsets, reaches_into_the_next) {
            let source = Source { planes: &source.planes[*offset..], ..source };
            match (width, vectors) {
                (8, 3) => multiply::<S, 8, 3>(simd, source, sums, row),
                (8, 2) => multiply::<S, 8, 2>(simd, source, sums, row),
                (8, _) => multiply::<S, 8, 1>(simd, source, sums, row),
                (6, 2) => multiply::<S, 6, 2>(simd, source, sums, row),
                (6, _) => multiply::<S, 6, 1>(simd, source, sums, row),
                (_, 3) => multiply::<S, 4, 3>(simd, source, sums, row),
                (_, 2) => multiply::<S, 4, 2>(simd, source, sums, row),
                (_, _) => multiply::<S, 4, 1>(simd, source, sums, row),
            }
        } else {
            match (width, vectors) {
                (8, 3) => correlate::<S, 8, 3>(simd, source, sums, row),
                (8, 2) => correlate::<S, 8, 2>(simd, source, sums, row),
                (8, _) => correlate::<S, 8, 1>(simd, source, sums, row),
                (6, 2) => correlate::<S, 6, 2>(simd, source, sums, row),
                (6, _) => correlate::<S, 6, 1>(simd, source, sums, row),
                (_, 3) => correlate::<S, 4, 3>(simd, source, sums, row),
                (_, 2) => correlate::<S, 4, 2>(simd, source, sums, row),
                (_, _) => correlate::<S, 4, 1>(simd, source, sums, row),
            }
        }
        at += vectors * S::F32_LANES;
    }
}

struct Correlate<'a, const M: usize, const N: usize> {
    source: Source<'a>,
    sums: &'a mut [f32],
    row: usize,
}

impl<const M: usize, const N: usize> WithSimd for Correlate<'_, M, N> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "through the standard library's adaptors the tile would be kept in memory")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Source { planes, channel, offsets, weights } = self.source;
        let mut tile = [[simd.splat_f32s(0.0); N]; M];
        let length = N * S::F32_LANES;
        // A phase between the strides may have no tap: its sums are zero.
        for (source, weights) in weights.chunks_exact((M * offsets.len()).max(1)).enumerate() {
            let planes = &planes[source * channel..];
            for (&offset, weights) in offsets.iter().zip(weights.chunks_exact(M)) {
                let (pixels, _) = S::as_simd_f32s(&planes[offset..offset + length]);
                for m in 0..M {
                    let weight = simd.splat_f32s(weights[m]);
                    for n in 0..N {
                        tile[m][n] = simd.mul_add_e_f32s(weight, pixels[n], tile[m][n]);
                    }
                }
            }
        }
        for m in 0..M {
            let (sums, _) = S::as_mut_simd_f32s(&mut self.sums[m * self.row..m * self.row + length]);
            sums[..N].copy_from_slice(&tile[m]);
        }
    }
}

/// Sums over channels, as [`correlate`] with one tap, where a tile is no longer than a channel: the loop over taps, and looking for the end of the planes at
/// each of them, would take as long as the sums.
#[inline(never)]
fn multiply<S: Simd, const M: usize, const N: usize>(simd: S, source: Source<'_>, sums: &mut [f32], row: usize) {
    simd.vectorize(Multiply::<M, N> { source, sums, row });
}

struct Multiply<'a, const M: usize, const N: usize> {
    source: Source<'a>,
    sums: &'a mut [f32],
    row: usize,
}

impl<const M: usize, const N: usize> WithSimd for Multiply<'_, M, N> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "through the standard library's adaptors the tile would be kept in memory")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Source { planes, channel, weights, .. } = self.source;
        let mut tile = [[simd.splat_f32s(0.0); N]; M];
        let length = N * S::F32_LANES;
        for (planes, weights) in planes.chunks(channel).zip(weights.chunks_exact(M)) {
            let (pixels, _) = S::as_simd_f32s(&planes[..length]);
            for m in 0..M {
                let weight = simd.splat_f32s(weights[m]);
                for n in 0..N {
                    tile[m][n] = simd.mul_add_e_f32s(weight, pixels[n], tile[m][n]);
                }
            }
        }
        for m in 0..M {
            let (sums, _) = S::as_mut_simd_f32s(&mut self.sums[m * self.row..m * self.row + length]);
            sums[..N].copy_from_slice(&tile[m]);
        }
    }
}

/// Pictures that [`contract`] sums over, and floats from one to the next on each side.
#[derive(Clone, Copy)]
pub(super) struct Pictures {
    pub(super) count: usize,
    pub(super) left: usize,
    pub(super) right: usize,
}

/// Returns sums over pixels: `sums[m][n] = sum over i < length of left[lefts[m] + i] * right[rights[n] + i]`, and over pictures. `length`
/// is a multiple of the vector's.
#[inline(never)]
pub(super) fn contract<S: Simd, const M: usize, const N: usize>(
    simd: S,
    pictures: Pictures,
    (left, lefts): (&[f32], [usize; M]),
    (right, rights): (&[f32], [usize; N]),
    length: usize,
) -> [[f32; N]; M] {
    simd.vectorize(Contract { pictures, left, lefts, right, rights, length })
}

struct Contract<'a, const M: usize, const N: usize> {
    pictures: Pictures,
    left: &'a [f32],
    lefts: [usize; M],
    right: &'a [f32],
    rights: [usize; N],
    length: usize,
}

impl<const M: usize, const N: usize> WithSimd for Contract<'_, M, N> {
    type Output = [[f32; N]; M];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [[f32; N]; M] {
        let Self { pictures, left, lefts, right, rights, length } = self;
        let mut tile = [[simd.splat_f32s(0.0); N]; M];
        for picture in 0..pictures.count {
            let (left, right) = (&left[picture * pictures.left..], &right[picture * pictures.right..]);
            let lefts: [&[S::f32s]; M] = std::array::from_fn(|m| S::as_simd_f32s(&left[lefts[m]..][..length]).0);
            let rights: [&[S::f32s]; N] = std::array::from_fn(|n| S::as_simd_f32s(&right[rights[n]..][..length]).0);
            for i in 0..length / S::F32_LANES {
                let mut right = [simd.splat_f32s(0.0); N];
                for n in 0..N {
                    right[n] = rights[n][i];
                }
                for m in 0..M {
                    let left = lefts[m][i];
                    for n in 0..N {
                        tile[m][n] = simd.mul_add_e_f32s(left, right[n], tile[m][n]);
                    }
                }
            }
        }
        let mut sums = [[0.0; N]; M];
        for m in 0..M {
            for n in 0..N {
                sums[m][n] = simd.reduce_sum_f32s(tile[m][n]);
            }
        }
        sums
    }
}
