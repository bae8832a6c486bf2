//! The generators of LAPGAN (Denton et al. 2015): one makes an 8x8 picture of noise; for each doubling of the side another one sees the enlarged
//! picture and noise, and makes the residual that it lacks.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::block::{GREY, Residual, leaky};
use super::conv::Conv;
use crate::kernels::conv::Geometry;
use crate::pyramid::expand;

/// Side of the coarsest pictures, in pixels.
pub const COARSEST: usize = 8;
/// Largest side.
pub const FINEST: usize = 128;
/// Numbers of noise from which the coarsest picture is made.
const NOISE: usize = 64;
/// Units of a fully connected layer of the coarsest level.
pub(super) const HIDDEN: usize = 512;
/// A finer level.
struct FinerShape {
    /// Channels at half of its side, where it computes.
    channels: usize,
    /// Residual blocks there.
    blocks: usize,
    /// Channels at its side.
    fine: usize,
}

/// The finer levels, for sides of 16, 32, 64 and 128 pixels: what costs most at a large side is least needed there.
const FINER: [FinerShape; 4] = [
    FinerShape { channels: 80, blocks: 2, fine: 32 },
    FinerShape { channels: 48, blocks: 2, fine: 24 },
    FinerShape { channels: 32, blocks: 1, fine: 24 },
    FinerShape { channels: 24, blocks: 1, fine: 16 },
];

/// The shape of the pyramid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LapganShape {
    /// Side of its pictures, [`COARSEST`] times a power of two, at most [`FINEST`].
    pub side: usize,
    /// Classes that it tells apart; 0 if it was told of none.
    #[serde(rename = "class_count")]
    pub classes: usize,
}

impl LapganShape {
    /// Returns the sides of the levels, the coarsest first.
    pub fn sides(self) -> Vec<usize> {
        let mut sides = vec![COARSEST];
        while let Some(&last) = sides.last().filter(|&&last| last < self.side.min(FINEST)) {
            sides.push(2 * last);
        }
        sides
    }

    /// Returns whether there are networks for pictures of a side.
    pub fn has(side: usize) -> bool {
        (COARSEST..=FINEST).contains(&side) && side.is_multiple_of(COARSEST) && (side / COARSEST).is_power_of_two()
    }
}

/// Returns the shape of the noise that one picture of a level takes: channels and side.
pub const fn noise_shape(side: usize) -> [usize; 2] {
    if side == COARSEST { [NOISE, 1] } else { [1, side] }
}

/// The generators of all levels, the coarsest first.
#[derive(Module, Debug)]
pub struct Lapgan {
    /// One a side.
    pub levels: Vec<Level>,
}

impl Lapgan {
    /// Creates the generators with random weights from the device's generator.
    pub fn new(shape: LapganShape, device: &Device) -> Self {
        Self { levels: shape.sides().into_iter().map(|side| Level::new(side, shape.classes, device)).collect() }
    }
}

/// The generator of one level.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a pyramid has at most five levels")]
pub enum Level {
    /// Noise -> picture.
    Coarsest(Coarsest),
    /// Noise and the enlarged picture of the level before -> residual.
    Finer(Finer),
}

/// What a level makes.
#[derive(Debug, Clone)]
pub struct Made {
    /// The enlarged picture of the level before, `[batch, 3, side, side]`; nothing at the coarsest level.
    pub under: Option<Tensor<4>>,
    /// The pictures, `[batch, 3, side, side]`; values may lie a little outside of [-1, 1].
    pub pictures: Tensor<4>,
}

impl Made {
    /// Returns what the discriminator of the level sees of these pictures: themselves, and how they differ from the enlarged ones: `[batch, 3 or 6,
    /// side, side]`.
    pub fn shown(&self) -> Tensor<4> {
        match &self.under {
            Some(under) => {
                let residual = self.pictures.clone() - under.clone(); // [batch, 3, side, side]
                Tensor::cat(vec![self.pictures.clone(), residual], 1) // [batch, 6, side, side]
            }
            None => self.pictures.clone(), // [batch, 3, side, side]
        }
    }
}

impl Level {
    /// Creates the generator of pictures of `side` pixels.
    pub fn new(side: usize, classes: usize, device: &Device) -> Self {
        if side == COARSEST { Self::Coarsest(Coarsest::new(classes, device)) } else { Self::Finer(Finer::new(side, classes, device)) }
    }

    /// Makes pictures of standard normal noise (see [`noise_shape`]), of the pictures of the level before `[batch, 3, side / 2, side / 2]`, which the
    /// coarsest level passes over, and of shares of classes `[batch, classes, 1, 1]`, if it tells classes apart.
    pub fn forward(&self, noise: Tensor<4>, before: Option<Tensor<4>>, classes: Option<Tensor<4>>) -> Made {
        match (self, before) {
            (Self::Finer(finer), Some(before)) => {
                let under = expand(before); // [batch, 3, side, side]
                let residual = finer.forward(under.clone(), noise, classes); // [batch, 3, side, side]
                Made { pictures: under.clone() + residual, under: Some(under) }
            }
            (Self::Finer(finer), None) => {
                let [batch, _, height, width] = noise.dims();
                let under = Tensor::zeros([batch, 3, height, width], &noise.device()); // [batch, 3, side, side]
                Made { pictures: finer.forward(under.clone(), noise, classes), under: Some(under) }
            }
            (Self::Coarsest(coarsest), _) => Made { pictures: coarsest.forward(noise, classes), under: None },
        }
    }
}

/// Noise -> a picture of 8x8 pixels, by fully connected layers, as in the paper (section 4.2): so small a picture has no parts that repeat.
#[derive(Module, Debug)]
pub struct Coarsest {
    first: Conv,
    second: Conv,
    picture: Conv,
}

impl Coarsest {
    fn new(classes: usize, device: &Device) -> Self {
        let dense = |inputs| leaky([inputs, HIDDEN], Geometry::new(1, 0), device);
        Self {
            first: dense(NOISE + classes),
            second: dense(HIDDEN),
            picture: Conv::new([HIDDEN, 3 * COARSEST * COARSEST], Geometry::new(1, 0), GREY, device),
        }
    }

    fn forward(&self, noise: Tensor<4>, classes: Option<Tensor<4>>) -> Tensor<4> {
        let given = match classes {
            Some(classes) => Tensor::cat(vec![noise, classes], 1), // [batch, 64 + classes, 1, 1]
            None => noise,                                         // [batch, 64, 1, 1]
        };
        let [batch, ..] = given.dims();
        let x = self.second.forward_dense(self.first.forward_dense(given)); // [batch, 512, 1, 1]
        // No hyperbolic tangent, as autoencoders have it: against an adversary it was soon saturated, and then it lets no gradient through.
        self.picture.forward_dense(x).reshape([batch, 3, COARSEST, COARSEST]) // [batch, 3, 8, 8]
    }
}

/// Noise and an enlarged picture -> its residual. It computes at half of the side: the enlarged picture has no finer detail.
#[derive(Module, Debug)]
pub struct Finer {
    enter: Conv,
    class: Option<Conv>,
    blocks: Vec<Residual>,
    grow: Conv,
    residual: Conv,
}

impl Finer {
    fn new(side: usize, classes: usize, device: &Device) -> Self {
        let FinerShape { channels, blocks, fine } = FINER[(side / COARSEST).ilog2().clamp(1, 4) as usize - 1];
        Self {
            enter: leaky([4, channels], Geometry::new(5, 2).with_stride(2), device),
            class: (classes > 0).then(|| Conv::new([classes, channels], Geometry::new(1, 0), 1.0, device)),
            blocks: (0..blocks).map(|_| Residual::new(channels, device)).collect(),
            grow: leaky([channels, fine], Geometry::doubling(), device),
            residual: Conv::new([fine, 3], Geometry::new(3, 1), GREY, device),
        }
    }

    fn forward(&self, under: Tensor<4>, noise: Tensor<4>, classes: Option<Tensor<4>>) -> Tensor<4> {
        let x = self.enter.forward(Tensor::cat(vec![under, noise], 1)); // [batch, channels, side / 2, side / 2]
        let x = match (&self.class, classes) {
            (Some(class), Some(classes)) => x + class.forward_dense(classes), // [batch, channels, side / 2, side / 2]
            _ => x,
        };
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x)); // [batch, channels, side / 2, side / 2]
        self.residual.forward(self.grow.forward(x)) // [batch, 3, side, side]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_double_the_side() {
        let device = Device::flex();
        for (side, classes, sides) in [(8, 0, vec![8]), (32, 10, vec![8, 16, 32]), (64, 9, vec![8, 16, 32, 64])] {
            let shape = LapganShape { side, classes };
            assert_eq!(shape.sides(), sides);
            let mut before = None;
            for (side, level) in sides.into_iter().zip(Lapgan::new(shape, &device).levels) {
                let [channels, places] = noise_shape(side);
                let noise = Tensor::zeros([2, channels, places, places], &device);
                let classes = (classes > 0).then(|| Tensor::ones([2, classes, 1, 1], &device));
                let made = level.forward(noise, before, classes);
                assert_eq!(made.pictures.dims(), [2, 3, side, side]);
                assert_eq!(made.shown().dims()[1], if side == COARSEST { 3 } else { 6 });
                before = Some(made.pictures);
            }
        }
    }

    #[test]
    fn sides_are_eight_times_a_power_of_two() {
        let sides: Vec<usize> = (0..300).filter(|&side| LapganShape::has(side)).collect();
        assert_eq!(sides, [8, 16, 32, 64, 128]);
    }

    #[test]
    fn a_pyramid_of_64_pixels_is_at_most_two_megabytes() {
        let weights = Lapgan::new(LapganShape { side: 64, classes: 10 }, &Device::flex()).num_params();
        assert!(weights <= 990_000, "{weights}");
    }
}
