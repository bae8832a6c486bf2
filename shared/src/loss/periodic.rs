//! Errors that repeat with the strides of the networks: a checkerboard or a plaid on every inversion.

use burn::tensor::Tensor;

use super::mean_square;

/// The stride of SqueezeNet's deepest layer that keeps a grid, pixels: the shorter ones divide it.
const PERIOD: usize = 16;

/// Returns the mean square, `[1]`, of what errors `[batch, channels, height, width]` have in common at the same place of all cells of 16 pixels: their mean
/// over the cells of a picture, less its own mean. What does not repeat averages out. Pixels beyond the last whole cell do not count, and a picture smaller
/// than a cell has no such error.
pub fn periodic_square(errors: Tensor<4>) -> Tensor<1> {
    let [batch, channels, height, width] = errors.dims();
    let (rows, columns) = (height / PERIOD, width / PERIOD);
    if rows == 0 || columns == 0 {
        return Tensor::zeros([1], &errors.device());
    }
    let means = errors
        .slice([0..batch, 0..channels, 0..rows * PERIOD, 0..columns * PERIOD]) // [batch, channels, 16 rows, 16 columns]
        .reshape([batch * channels, rows, PERIOD, columns * PERIOD]) // [batch * channels, rows, 16, 16 columns]
        .mean_dim(1) // [batch * channels, 1, 16, 16 columns]
        .reshape([batch * channels, PERIOD, columns, PERIOD]) // [batch * channels, 16, columns, 16]
        .mean_dim(2); // [batch * channels, 16, 1, 16]
    let mean = means.clone().mean_dim(1).mean_dim(3); // [batch * channels, 1, 1, 1]
    mean_square(means - mean)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};

    use super::*;

    /// Returns a picture `[1, 2, 64, 80]` of stripes: +1 and -1, each so many columns wide.
    fn stripes(wide: usize) -> Tensor<4> {
        let columns = Tensor::<1, Int>::arange(0..80, &Device::flex()).float(); // [80]
        let signs = columns.div_scalar(wide as f64).floor().remainder_scalar(2.0).mul_scalar(2.0).sub_scalar(1.0); // [80]
        signs.reshape([1, 1, 1, 80]).expand([1, 2, 64, 80])
    }

    #[test]
    fn only_what_repeats_counts() {
        for (wide, expected) in [(1, 1.0), (2, 1.0), (4, 1.0), (8, 1.0), (80, 0.0), (20, 0.0)] {
            let found = periodic_square(stripes(wide)).into_scalar::<f32>();
            assert!((found - expected).abs() < 0.05, "stripes of {wide}: {found}");
        }
        let small = periodic_square(stripes(1).slice([0..1, 0..2, 0..64, 0..15])).into_scalar::<f32>();
        assert_eq!(small, 0.0, "smaller than a cell");
    }
}
