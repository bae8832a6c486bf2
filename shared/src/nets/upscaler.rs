//! The upscaler: a picture -> the picture four times as large. All convolutions work at the small size (Shi et al. 2016), in residual blocks
//! without normalisation (Lim et al. 2017), and what they give is added to the bicubic enlargement.

use burn::module::Module;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::block::{GREY, Residual, leaky};
use super::conv::Conv;
use crate::kernels::add::add;
use crate::kernels::conv::{Geometry, convolve};
use crate::kernels::shuffle::shuffle;

/// How many times as large the picture becomes along each side.
pub const FACTOR: usize = 4;
/// Pixels of the large picture for each pixel of the small one.
const SHUFFLED: usize = FACTOR * FACTOR;
/// Pixels on each side that the bicubic enlargement of a pixel sees.
const BICUBIC_REACH: usize = 2;

/// The size of an upscaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpscalerShape {
    /// Channels of every hidden layer.
    pub channels: usize,
    /// Residual blocks.
    pub blocks: usize,
}

impl UpscalerShape {
    /// The shape that ships: about 210 000 weights.
    pub const USUAL: Self = Self { channels: 48, blocks: 4 };

    /// Returns how many small pixels on each side an enlarged pixel depends on: a convolution before the blocks, two in each, two after.
    pub const fn reach(self) -> usize {
        let convolutions = 3 + 2 * self.blocks;
        if convolutions > BICUBIC_REACH { convolutions } else { BICUBIC_REACH }
    }
}

/// Enlarges pictures of any size.
#[derive(Module, Debug)]
pub struct Upscaler {
    first: Conv,
    blocks: Vec<Residual>,
    last: Conv,
    pixels: Conv,
}

impl Upscaler {
    /// Creates an upscaler with random weights from the device's generator. It starts close to the bicubic enlargement.
    pub fn new(shape: UpscalerShape, device: &Device) -> Self {
        let UpscalerShape { channels, blocks } = shape;
        let same = Geometry::new(3, 1);
        Self {
            first: leaky([3, channels], same, device),
            blocks: (0..blocks).map(|_| Residual::new(channels, device)).collect(),
            last: Conv::new([channels, channels], same, GREY, device),
            pixels: Conv::new([channels, 3 * SHUFFLED], same, GREY, device),
        }
    }

    /// Returns pictures `[batch, 3, 4 height, 4 width]` from pictures `[batch, 3, height, width]` in [-1, 1]; values may lie a little outside.
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        let first = self.first.forward(pictures.clone()); // [batch, channels, h, w]
        let x = self.blocks.iter().fold(first.clone(), |x, block| block.forward(x)); // [batch, channels, h, w]
        let x = add(first, self.last.forward(x)); // [batch, channels, h, w]
        shuffle(add(bicubic_phases(pictures), self.pixels.forward(x)), FACTOR) // [batch, 3, 4h, 4w]
    }
}

/// Returns the bicubic enlargement `[batch, 3, 4 height, 4 width]` of pictures `[batch, 3, height, width]` (Keys 1981 with a = -1/2); the border
/// continues outside.
pub fn bicubic(pictures: Tensor<4>) -> Tensor<4> {
    shuffle(bicubic_phases(pictures), FACTOR) // [batch, 3, 4h, 4w]
}

/// Returns the bicubic enlargement with the large pixels of each small one as channels: `[batch, 3 * 16, height, width]`.
fn bicubic_phases(pictures: Tensor<4>) -> Tensor<4> {
    let device = pictures.device();
    let size = 2 * BICUBIC_REACH + 1;
    let kernel = |phase: usize| {
        let [down, across] = [tap(phase / FACTOR), tap(phase % FACTOR)];
        down.into_iter().flat_map(move |down| across.map(|across| down * across))
    };
    let weights: Vec<f32> = (0..SHUFFLED).flat_map(kernel).collect();
    let weights = Tensor::from_data(TensorData::new(weights, [SHUFFLED, 1, size, size]), &device); // [16, 1, 5, 5]
    let bias = Tensor::zeros([SHUFFLED], &device); // [16]
    let [batch, channels, height, width] = pictures.dims();
    let reach = BICUBIC_REACH;
    let padded = pictures.pad((reach, reach, reach, reach), PadMode::Edge); // [batch, 3, h + 4, w + 4]
    // Colours do not mix.
    let planes = padded.reshape([batch * channels, 1, height + 2 * reach, width + 2 * reach]); // [batch * 3, 1, h + 4, w + 4]
    let phases = convolve(planes, weights, bias, Geometry::new(size, 0), 1.0); // [batch * 3, 16, h, w]
    phases.reshape([batch, channels * SHUFFLED, height, width]) // [batch, 48, h, w]
}

/// Returns the weights of the five small pixels around a large one, the `phase`-th of the four in a row of the middle one.
fn tap(phase: usize) -> [f32; 2 * BICUBIC_REACH + 1] {
    // Four phases and five taps: exact in f32.
    let at = (phase as f32 + 0.5) / FACTOR as f32 - 0.5;
    std::array::from_fn(|tap| {
        let distance = (tap as f32 - BICUBIC_REACH as f32 - at).abs();
        if distance < 1.0 {
            (1.5 * distance - 2.5) * distance * distance + 1.0
        } else if distance < 2.0 {
            ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
        } else {
            0.0
        }
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn a_plane_is_enlarged_exactly() {
        let device = Device::flex();
        let small: Vec<f32> = (0..3 * 6 * 8).map(|at| (at % 8) as f32 * 0.1 - (at / 8 % 6) as f32 * 0.05).collect();
        let enlarged = bicubic(Tensor::from_data(TensorData::new(small, [1, 3, 6, 8]), &device));
        assert_eq!(enlarged.dims(), [1, 3, 24, 32]);
        let values: Vec<f32> = enlarged.into_data().iter().collect();
        // Cubic convolution reproduces straight lines away from the border.
        for row in 8..16 {
            for column in 8..24 {
                let (x, y) = ((column as f32 + 0.5) / 4.0 - 0.5, (row as f32 + 0.5) / 4.0 - 0.5);
                let found = values[row * 32 + column];
                assert!((found - (x * 0.1 - y * 0.05)).abs() < 1e-5, "{row}, {column}: {found}");
            }
        }
    }

    #[test]
    fn pixels_depend_on_no_more_than_the_reach() {
        let device = Device::flex();
        let shape = UpscalerShape { channels: 8, blocks: 1 };
        let upscaler = Upscaler::new(shape, &device);
        let x = Tensor::<4>::random([1, 3, 24, 24], Distribution::Default, &device);
        let whole = upscaler.forward(x.clone()); // [1, 3, 96, 96]
        let reach = shape.reach();
        let part = upscaler.forward(x.slice([0..1, 0..3, 12 - reach..24, 0..24])); // [1, 3, 4 (12 + reach), 96]
        let difference = |range: std::ops::Range<usize>| {
            let found = part.clone().slice([0..1, 0..3, range.start + 4 * reach - 48..range.end + 4 * reach - 48, 0..96]);
            (whole.clone().slice([0..1, 0..3, range, 0..96]) - found).abs().max().into_scalar::<f32>()
        };
        assert!(difference(48..96) < 1e-5);
        assert!(difference(40..48) > 1e-5, "one pixel further the border shows");
    }

    #[test]
    fn the_usual_shape_is_small_enough_to_ship() {
        let weights = Upscaler::new(UpscalerShape::USUAL, &Device::flex()).num_params();
        assert!((200_000..750_000).contains(&weights), "{weights}");
    }
}
