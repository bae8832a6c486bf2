//! The Laplacian pyramid (Burt & Adelson 1983): a small picture, and for each doubling of its side what the enlarged picture lacks.

use burn::tensor::{Tensor, TensorData};

use crate::kernels::border::{Padding, pad};
use crate::kernels::conv::{Geometry, convolve};
use crate::kernels::shuffle::shuffle;

/// The filter of Burt and Adelson with a = 3/8, in sixteenths.
const FILTER: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];
/// The taps of an enlarged row that fall on a small pixel's neighbours and itself: for the even pixels and for the odd ones, in eighths.
const EXPANDED: [[f32; 3]; 2] = [[1.0, 6.0, 1.0], [0.0, 4.0, 4.0]];

/// Channels of pictures.
const CHANNELS: usize = 3;

/// Blurs pictures and keeps every second pixel: `[batch, 3, side, side]` -> `[batch, 3, side / 2, side / 2]`, for even sides of at least 4. Beyond
/// its border a picture is its mirror image.
pub fn reduce(pictures: Tensor<4>) -> Tensor<4> {
    let size = FILTER.len();
    let kernel = |_phase: usize, at: usize| FILTER[at / size] * FILTER[at % size] / 256.0;
    let (weights, bias) = each_channel(&pictures, 1, size, kernel);
    let padded = pad(pictures, size / 2, Padding::Mirror); // [batch, 3, side + 4, side + 4]
    convolve(padded, weights, bias, Geometry::new(size, 0).with_stride(2), 1.0) // [batch, 3, side / 2, side / 2]
}

/// Doubles the side of pictures by the same filter: `[batch, 3, side, side]` -> `[batch, 3, 2 side, 2 side]`. Beyond the border lie its pixels.
pub fn expand(pictures: Tensor<4>) -> Tensor<4> {
    // Zeros between the pixels and then the filter, times four: each of the four pixels that one becomes sees 3x3 small ones.
    let kernel = |phase: usize, at: usize| EXPANDED[phase / 2][at / 3] * EXPANDED[phase % 2][at % 3] / 64.0;
    let (weights, bias) = each_channel(&pictures, 4, 3, kernel);
    let padded = pad(pictures, 1, Padding::Edge); // [batch, 3, side + 2, side + 2]
    let phases = convolve(padded, weights, bias, Geometry::new(3, 0), 1.0); // [batch, 12, side, side]
    shuffle(phases, 2) // [batch, 3, 2 side, 2 side]
}

/// Returns the weights `[3 * phases, 3, size, size]` and the bias `[3 * phases]` that apply a kernel to each channel alone, once for each phase.
fn each_channel(pictures: &Tensor<4>, phases: usize, size: usize, kernel: impl Fn(usize, usize) -> f32) -> (Tensor<4>, Tensor<1>) {
    let device = pictures.device();
    let area = size * size;
    let mut weights = vec![0.0_f32; CHANNELS * phases * CHANNELS * area];
    for channel in 0..CHANNELS {
        for phase in 0..phases {
            let start = ((channel * phases + phase) * CHANNELS + channel) * area;
            for (at, weight) in weights[start..start + area].iter_mut().enumerate() {
                *weight = kernel(phase, at);
            }
        }
    }
    let weights = TensorData::new(weights, [CHANNELS * phases, CHANNELS, size, size]);
    (Tensor::from_data(weights, &device), Tensor::zeros([CHANNELS * phases], &device))
}

/// A picture as its coarsest version and residuals.
#[derive(Debug, Clone)]
pub struct Pyramid {
    /// `[batch, 3, coarsest, coarsest]`.
    pub coarsest: Tensor<4>,
    /// What the enlarged picture lacks at each finer side, the smallest first: `[batch, 3, 2 coarsest, 2 coarsest]` and so on.
    pub residuals: Vec<Tensor<4>>,
}

impl Pyramid {
    /// Takes pictures `[batch, 3, side, side]` apart, down to a side of `coarsest` pixels; `side` is that times a power of two.
    pub fn of(pictures: Tensor<4>, coarsest: usize) -> Self {
        let mut residuals = Vec::new();
        let mut current = pictures;
        while current.dims()[3] > coarsest {
            let small = reduce(current.clone()); // [batch, 3, side / 2, side / 2]
            residuals.push(current - expand(small.clone())); // [batch, 3, side, side]
            current = small;
        }
        residuals.reverse();
        Self { coarsest: current, residuals }
    }

    /// Returns the pictures at each side, the coarsest first; the last are those that the pyramid was made of.
    pub fn pictures(&self) -> Vec<Tensor<4>> {
        let mut pictures = vec![self.coarsest.clone()];
        for residual in &self.residuals {
            let under = expand(pictures[pictures.len() - 1].clone()); // [batch, 3, side, side]
            pictures.push(under + residual.clone()); // [batch, 3, side, side]
        }
        pictures
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn largest(tensor: Tensor<4>) -> f32 {
        tensor.abs().max().into_scalar()
    }

    #[test]
    fn a_pyramid_gives_the_picture_back() {
        let pictures = Tensor::<4>::random([2, 3, 64, 64], Distribution::Uniform(-1.0, 1.0), &Device::flex());
        let pyramid = Pyramid::of(pictures.clone(), 8);
        assert_eq!(pyramid.coarsest.dims(), [2, 3, 8, 8]);
        assert_eq!(pyramid.residuals.iter().map(|residual| residual.dims()[3]).collect::<Vec<_>>(), [16, 32, 64]);
        let back = pyramid.pictures();
        assert_eq!(back.len(), 4);
        assert!(largest(back[3].clone() - pictures) < 1e-6);
    }

    #[test]
    fn plain_pictures_stay_plain_and_leave_no_residual() {
        let plain = Tensor::<4>::full([1, 3, 16, 16], 0.7, &Device::flex());
        let pyramid = Pyramid::of(plain, 8);
        assert!(largest(pyramid.coarsest.sub_scalar(0.7)) < 1e-6);
        assert!(largest(pyramid.residuals[0].clone()) < 1e-6);
    }

    #[test]
    fn a_single_pixel_is_spread_as_the_filter_says() {
        let device = Device::flex();
        let mut values = vec![0.0_f32; 3 * 64];
        values[8 * 4 + 4] = 1.0; // Channel 0, row 4, column 4.
        let small = Tensor::from_data(TensorData::new(values, [1, 3, 8, 8]), &device);
        let large: Vec<f32> = expand(small.clone()).into_data().iter().collect(); // 3 x 16 x 16
        for (row, column) in [(8, 8), (8, 9), (9, 9), (7, 8), (6, 10), (5, 8), (8, 11)] {
            // The filter on zero-filled pixels, times four: taps at a distance of at most two.
            let tap = |at: usize| FILTER.get((at + 2).wrapping_sub(8)).map_or(0.0, |tap| tap / 8.0);
            assert!((large[row * 16 + column] - tap(row) * tap(column)).abs() < 1e-6, "{row}, {column}");
        }
        assert!(large[256..].iter().all(|&value| value == 0.0), "channels do not mix");
        let reduced: Vec<f32> = reduce(small).into_data().iter().collect(); // 3 x 4 x 4
        for (row, column, tap) in [(2, 2, 36.0), (1, 2, 6.0), (1, 1, 1.0), (2, 3, 6.0), (0, 2, 0.0)] {
            assert!((reduced[row * 4 + column] - tap / 256.0).abs() < 1e-6, "{row}, {column}");
        }
    }
}
