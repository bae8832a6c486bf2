//! The two loops in which all the time goes, for whatever vectors the machine has: 16 floats (AVX-512), 8 (AVX2), 4 (NEON, wasm).
//!
//! Both keep a tile of sums in registers: `M` channels by `N` vectors. Each vector loaded is used `M` times and each weight `N`
//! times, so the multiplication units are the limit and not memory.

use pulp::Simd;

/// Vectors of pixels in a tile of [`correlate`].
pub(super) const VECTORS: usize = 3;

/// Channels in a tile of [`correlate`]: as many as leave registers for the pixels. (pulp promises 32 for wasm; engines on x86 have 16.)
pub(super) const fn channels<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 && !cfg!(target_arch = "wasm32") { 8 } else { 4 }
}

/// Sums over taps: `sums[m][i] = sum over channels and taps of weights[channel][tap][m] * planes[channel][offsets[tap] + i]`, for
/// `M` outputs and `N` vectors from `planes`' start. `sums` holds `M` rows, `row` floats apart.
#[inline(always)]
pub(super) fn correlate<S: Simd, const M: usize, const N: usize>(
    simd: S,
    planes: &[f32],
    channel: usize,
    offsets: &[usize],
    weights: &[f32],
    sums: &mut [f32],
    row: usize,
) {
    let mut tile = [[simd.splat_f32s(0.0); N]; M];
    let length = N * S::F32_LANES;
    // A phase between the strides may have no tap: its sums are zero.
    for (source, weights) in weights.chunks_exact((M * offsets.len()).max(1)).enumerate() {
        let planes = &planes[source * channel..];
        for (&offset, weights) in offsets.iter().zip(weights.chunks_exact(M)) {
            let (pixels, _) = S::as_simd_f32s(&planes[offset..offset + length]);
            // Plain loops: what goes through the standard library's adaptors here may be kept in memory.
            for m in 0..M {
                let weight = simd.splat_f32s(weights[m]);
                for n in 0..N {
                    tile[m][n] = simd.mul_add_e_f32s(weight, pixels[n], tile[m][n]);
                }
            }
        }
    }
    for m in 0..M {
        let (sums, _) = S::as_mut_simd_f32s(&mut sums[m * row..m * row + length]);
        sums[..N].copy_from_slice(&tile[m]);
    }
}

/// Sums over pixels: `sums[m][n] += sum over i < length of left[lefts[m] + i] * right[rights[n] + i]`. `length` is a multiple
/// of the vector's.
#[inline(always)]
pub(super) fn contract<S: Simd, const M: usize, const N: usize>(
    simd: S,
    left: &[f32],
    lefts: [usize; M],
    right: &[f32],
    rights: [usize; N],
    length: usize,
) -> [[f32; N]; M] {
    let mut tile = [[simd.splat_f32s(0.0); N]; M];
    let lefts: [&[S::f32s]; M] = std::array::from_fn(|m| S::as_simd_f32s(&left[lefts[m]..][..length]).0);
    let rights: [&[S::f32s]; N] = std::array::from_fn(|n| S::as_simd_f32s(&right[rights[n]..][..length]).0);
    // Plain loops: what goes through the standard library's adaptors here may be compiled without the vectors.
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
    let mut sums = [[0.0; N]; M];
    for m in 0..M {
        for n in 0..N {
            sums[m][n] = simd.reduce_sum_f32s(tile[m][n]);
        }
    }
    sums
}
