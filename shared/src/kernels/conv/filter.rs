//! Minimal filtering along one axis: fewer multiplications an output than the kernel has weights (Winograd 1980; Lavin & Gray 2016, section 4).
//!
//! Neighbouring outputs are computed together, as a *tile*: the inputs that they share and the kernel are transformed, multiplied point by point, and the
//! products transformed back. Along both axes one transform follows the other (section 4.1), so a tile has the squares of these numbers.

use std::array;

use pulp::Simd;

/// An algorithm for `O` outputs of a kernel of three weights from `R` inputs, with `P` multiplications.
pub(super) trait Filter<const R: usize, const P: usize, const O: usize> {
    /// Inputs from one tile to the next.
    const STEP: usize;
    /// Tiles that are transformed at a time: few enough to stay in cache. The length of every register tile divides it.
    const STRIP: usize;

    /// Transforms the kernel (G g).
    fn kernel(weights: [f32; 3]) -> [f32; P];

    /// Transforms the inputs of a tile (B^T d).
    fn inputs<S: Simd>(simd: S, inputs: [S::f32s; R]) -> [S::f32s; P];

    /// Transforms the products of a tile back to outputs (A^T m).
    fn outputs<S: Simd>(simd: S, products: [S::f32s; P]) -> [S::f32s; O];
}

/// An algorithm whose way back to the weights has as few multiplications: the same sums, each transform replaced by its adjoint.
pub(super) trait WeightFilter<const R: usize, const P: usize, const O: usize>: Filter<R, P, O> {
    /// Transforms the gradients of a tile's outputs to those of its products (A g).
    fn gradients<S: Simd>(simd: S, outputs: [S::f32s; O]) -> [S::f32s; P];

    /// Transforms the gradient of a transformed kernel to that of the kernel (G^T u).
    fn weights(transformed: [f32; P]) -> [f32; 3];
}

/// Squares of values that are transformed together, so that the compiler makes vectors of them.
pub(super) const LANES: usize = 8;

/// Applies the transform of one axis to squares of values along both axes, `[I][I]` to `[T][T]`.
#[inline(always)]
pub(super) fn along_both_axes<const I: usize, const T: usize>(
    values: &[[[f32; LANES]; I]; I],
    transform: impl Fn([f32; I]) -> [f32; T],
) -> [[[f32; LANES]; T]; T] {
    let mut columns = [[[0.0; LANES]; I]; T];
    for x in 0..I {
        for lane in 0..LANES {
            let column = transform(array::from_fn(|y| values[y][x][lane]));
            for y in 0..T {
                columns[y][x][lane] = column[y];
            }
        }
    }
    columns.map(|columns| {
        let mut transformed = [[0.0; LANES]; T];
        for lane in 0..LANES {
            let row = transform(columns.map(|column| column[lane]));
            for x in 0..T {
                transformed[x][lane] = row[x];
            }
        }
        transformed
    })
}

/// F(2, 3): two outputs with four multiplications. A 3x3 kernel takes 4 an output in place of 9.
pub(super) struct Two;

impl Filter<4, 4, 2> for Two {
    const STEP: usize = 2;
    const STRIP: usize = 48;

    #[inline(always)]
    fn kernel([a, b, c]: [f32; 3]) -> [f32; 4] {
        [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c]
    }

    #[inline(always)]
    fn inputs<S: Simd>(simd: S, d: [S::f32s; 4]) -> [S::f32s; 4] {
        [simd.sub_f32s(d[0], d[2]), simd.add_f32s(d[1], d[2]), simd.sub_f32s(d[2], d[1]), simd.sub_f32s(d[1], d[3])]
    }

    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::f32s; 4]) -> [S::f32s; 2] {
        [simd.add_f32s(m[0], simd.add_f32s(m[1], m[2])), simd.sub_f32s(m[1], simd.add_f32s(m[2], m[3]))]
    }
}

impl WeightFilter<4, 4, 2> for Two {
    #[inline(always)]
    fn gradients<S: Simd>(simd: S, g: [S::f32s; 2]) -> [S::f32s; 4] {
        [g[0], simd.add_f32s(g[0], g[1]), simd.sub_f32s(g[0], g[1]), simd.neg_f32s(g[1])]
    }

    #[inline(always)]
    fn weights(u: [f32; 4]) -> [f32; 3] {
        let (both, apart) = ((u[1] + u[2]) / 2.0, (u[1] - u[2]) / 2.0);
        [u[0] + both, apart, both + u[3]]
    }
}

/// F(4, 3): four outputs with six multiplications. A 3x3 kernel takes 2.25 an output; the transforms have more to add, and larger rounding errors.
pub(super) struct Four;

impl Filter<6, 6, 4> for Four {
    const STEP: usize = 4;
    // Vectors of 16 and of 8 have tiles of 48 and 16.
    const STRIP: usize = if cfg!(target_arch = "wasm32") { 24 } else { 48 };

    #[inline(always)]
    fn kernel([a, b, c]: [f32; 3]) -> [f32; 6] {
        let (even, far) = (a + c, a / 24.0 + c / 6.0);
        [a / 4.0, -(even + b) / 6.0, (b - even) / 6.0, far + b / 12.0, far - b / 12.0, c]
    }

    #[inline(always)]
    fn inputs<S: Simd>(simd: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
        let [two, four, five] = [2.0, 4.0, 5.0].map(|factor| simd.splat_f32s(factor));
        let even = simd.negate_mul_add_e_f32s(four, d[2], d[4]);
        let odd = simd.negate_mul_add_e_f32s(four, d[1], d[3]);
        let (far_even, far_odd) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
        [
            simd.mul_add_e_f32s(four, d[0], simd.negate_mul_add_e_f32s(five, d[2], d[4])),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            simd.mul_add_e_f32s(two, far_odd, far_even),
            simd.negate_mul_add_e_f32s(two, far_odd, far_even),
            simd.mul_add_e_f32s(four, d[1], simd.negate_mul_add_e_f32s(five, d[3], d[5])),
        ]
    }

    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
        let [two, four, eight] = [2.0, 4.0, 8.0].map(|factor| simd.splat_f32s(factor));
        let (even, odd) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
        let (far_even, far_odd) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
        [
            simd.add_f32s(m[0], simd.add_f32s(even, far_even)),
            simd.mul_add_e_f32s(two, far_odd, odd),
            simd.mul_add_e_f32s(four, far_even, even),
            simd.add_f32s(m[5], simd.mul_add_e_f32s(eight, far_odd, odd)),
        ]
    }
}

/// The two outputs around each input that nearest-neighbour doubling repeats, with three multiplications: the outer weights see what the neighbours differ
/// by. A 3x3 kernel takes 2.25 an output; its four different sums of weights ([`super::geometry`]) take 4.
pub(super) struct Doubling;

impl Filter<3, 3, 2> for Doubling {
    const STEP: usize = 1;
    const STRIP: usize = 48;

    #[inline(always)]
    fn kernel([a, b, c]: [f32; 3]) -> [f32; 3] {
        [a, a + b + c, c]
    }

    #[inline(always)]
    fn inputs<S: Simd>(simd: S, d: [S::f32s; 3]) -> [S::f32s; 3] {
        [simd.sub_f32s(d[0], d[1]), d[1], simd.sub_f32s(d[2], d[1])]
    }

    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::f32s; 3]) -> [S::f32s; 2] {
        [simd.add_f32s(m[0], m[1]), simd.add_f32s(m[1], m[2])]
    }
}

impl WeightFilter<3, 3, 2> for Doubling {
    #[inline(always)]
    fn gradients<S: Simd>(simd: S, g: [S::f32s; 2]) -> [S::f32s; 3] {
        [g[0], simd.add_f32s(g[0], g[1]), g[1]]
    }

    #[inline(always)]
    fn weights(u: [f32; 3]) -> [f32; 3] {
        [u[0] + u[1], u[1], u[1] + u[2]]
    }
}

/// The way back of [`Doubling`], from the gradients of both outputs around an input, and of the next on either side, to that of the input: the sum of three
/// products.
pub(super) struct DoublingBack;

impl Filter<4, 3, 1> for DoublingBack {
    const STEP: usize = 2;
    const STRIP: usize = 48;

    #[inline(always)]
    fn kernel(weights: [f32; 3]) -> [f32; 3] {
        Doubling::kernel(weights)
    }

    #[inline(always)]
    fn inputs<S: Simd>(simd: S, d: [S::f32s; 4]) -> [S::f32s; 3] {
        [simd.sub_f32s(d[3], d[1]), simd.add_f32s(d[1], d[2]), simd.sub_f32s(d[0], d[2])]
    }

    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::f32s; 3]) -> [S::f32s; 1] {
        [simd.add_f32s(m[0], simd.add_f32s(m[1], m[2]))]
    }
}
