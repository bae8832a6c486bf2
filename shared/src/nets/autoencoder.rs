//! Picture -> code -> picture: the paper's autoencoder, and the variational one (Kingma & Welling 2014).
//!
//! Both are one network with another code. The autoencoder's is a grid of 8 channels at an eighth of the side, 8x8x8 for 64 pixels
//! (DeePSiM, section 4.1). The variational one's is a normal distribution over `latent` numbers for each picture, held near the standard
//! normal, so that pictures can be drawn: its encoder gives means and log-variances.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::block::{Block, GREY, leaky};
use super::conv::Conv;
use crate::kernels::conv::Geometry;

/// Sides for which there are networks, in pixels.
pub const SIDES: [usize; 3] = [32, 64, 128];

/// Channels of a grid code.
const GRID_CHANNELS: usize = 8;
/// A grid code's positions are this many pixels apart.
const GRID_STRIDE: usize = 8;
/// The encoder's convolutions that halve the side, to a grid code.
const TO_GRID: [usize; 3] = [32, 64, 128];
/// The decoder's channels, from a grid code.
const FROM_GRID: [usize; 4] = [128, 96, 64, 32];
/// Side of what a latent code is read from and laid out on.
const PLACES: usize = 4;
/// The encoder's convolutions that halve the side, to [`PLACES`]: the last of these, as many as the side asks for.
const TO_PLACES: [usize; 5] = [32, 32, 64, 128, 64];
/// The decoder's channels from [`PLACES`]: the first of these.
const FROM_PLACES: [usize; 6] = [64, 96, 96, 64, 32, 24];

/// Pictures are a hyperbolic tangent of this size (Larsen et al. 2015 use one, too): plain white or black grounds, of which emoji and
/// clothes have much, come of any large number and need not be met exactly. A little more than 1, so that white is not at infinity.
pub const MOST: f64 = 1.02;

/// The code of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Code {
    /// Eight channels at an eighth of the side.
    Grid,
    /// So many numbers, near standard normal.
    Latent(usize),
}

impl Code {
    /// Returns the shape of one code of a picture of this side: channels and side.
    pub const fn shape(self, side: usize) -> [usize; 2] {
        match self {
            Self::Grid => [GRID_CHANNELS, side / GRID_STRIDE],
            Self::Latent(size) => [size, 1],
        }
    }

    /// Returns the number of values in one code of a picture of this side.
    pub const fn len(self, side: usize) -> usize {
        let [channels, side] = self.shape(side);
        channels * side * side
    }
}

/// An encoder and a decoder for pictures of one side.
#[derive(Module, Debug)]
pub struct Autoencoder {
    /// Picture -> code.
    pub encoder: Encoder,
    /// Code -> picture, the paper's G.
    pub decoder: Decoder,
}

impl Autoencoder {
    /// Creates the network with random weights from the device's generator, for pictures of a side in [`SIDES`].
    pub fn new(code: Code, side: usize, device: &Device) -> Self {
        Self { encoder: Encoder::new(code, side, device), decoder: Decoder::new(code, side, device) }
    }
}

/// Picture -> code.
#[derive(Module, Debug)]
pub struct Encoder {
    convs: Vec<Conv>,
    code: Conv,
    #[module(skip)]
    kind: Code,
}

impl Encoder {
    fn new(kind: Code, side: usize, device: &Device) -> Self {
        let widths: &[usize] = match kind {
            Code::Grid => &TO_GRID,
            Code::Latent(_) => &TO_PLACES[TO_PLACES.len() - doublings(side)..],
        };
        let halving = Geometry::new(3, 1).with_stride(2);
        let inputs = std::iter::once(&3).chain(widths);
        let convs = inputs.zip(widths).map(|(&input, &output)| leaky([input, output], halving, device)).collect();
        let last = widths[widths.len() - 1];
        let code = match kind {
            Code::Grid => Conv::new([last, GRID_CHANNELS], Geometry::new(3, 1), 1.0, device),
            // A small gain: at first every picture has about the same posterior, and the divergence is small.
            Code::Latent(size) => Conv::new([last * PLACES * PLACES, 2 * size], Geometry::new(1, 0), 0.3, device),
        };
        Self { convs, code, kind }
    }

    /// Returns pictures `[batch, 3, side, side]` -> grid codes `[batch, 8, side / 8, side / 8]`, or means and log-variances of latent ones,
    /// `[batch, 2 * latent, 1, 1]`; see [`Posterior::of`].
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        let mut x = pictures;
        for conv in &self.convs {
            x = conv.forward(x); // [batch, output, h / 2, w / 2]
        }
        match self.kind {
            Code::Grid => self.code.forward(x), // [batch, 8, side / 8, side / 8]
            Code::Latent(_) => {
                let [batch, channels, ..] = x.dims();
                let x = x.reshape([batch, channels * PLACES * PLACES, 1, 1]); // [batch, channels * 16, 1, 1]
                self.code.forward_dense(x) // [batch, 2 * latent, 1, 1]
            }
        }
    }

    /// Returns the code of each picture `[batch, 3, side, side]` that is shown and edited: `[batch, 8, side / 8, side / 8]`, or the mean of
    /// the posterior, `[batch, latent, 1, 1]`.
    pub fn code(&self, pictures: Tensor<4>) -> Tensor<4> {
        let code = self.forward(pictures); // as above
        match self.kind {
            Code::Grid => code,
            Code::Latent(_) => Posterior::of(code).mean,
        }
    }
}

/// Code -> picture.
#[derive(Module, Debug)]
pub struct Decoder {
    head: Conv,
    blocks: Vec<Block>,
    picture: Conv,
    #[module(skip)]
    kind: Code,
}

impl Decoder {
    fn new(kind: Code, side: usize, device: &Device) -> Self {
        let (head, widths): (_, &[usize]) = match kind {
            Code::Grid => (leaky([GRID_CHANNELS, FROM_GRID[0]], Geometry::new(3, 1), device), &FROM_GRID),
            Code::Latent(size) => {
                let head = leaky([size, FROM_PLACES[0] * PLACES * PLACES], Geometry::new(1, 0), device);
                (head, &FROM_PLACES[..=doublings(side)])
            }
        };
        Self {
            head,
            blocks: widths.windows(2).map(|pair| Block::new(pair[0], pair[1], device)).collect(),
            picture: Conv::new([widths[widths.len() - 1], 3], Geometry::new(3, 1), GREY, device),
            kind,
        }
    }

    /// Returns pictures `[batch, 3, side, side]`, within ±[`MOST`], from codes `[batch, 8, side / 8, side / 8]` or `[batch, latent, 1, 1]`.
    pub fn forward(&self, codes: Tensor<4>) -> Tensor<4> {
        let mut x = match self.kind {
            Code::Grid => self.head.forward(codes), // [batch, 128, side / 8, side / 8]
            Code::Latent(_) => {
                let [batch, ..] = codes.dims();
                let x = self.head.forward_dense(codes); // [batch, 64 * 16, 1, 1]
                x.reshape([batch, FROM_PLACES[0], PLACES, PLACES]) // [batch, 64, 4, 4]
            }
        };
        for block in &self.blocks {
            x = block.forward(x); // [batch, width, 2h, 2w]
        }
        self.picture.forward(x).tanh().mul_scalar(MOST) // [batch, 3, side, side]
    }
}

/// Returns how often [`PLACES`] is doubled to a side.
const fn doublings(side: usize) -> usize {
    (side / PLACES).ilog2() as usize
}

/// Log-variances are kept within this: e^10 either way is as good as nothing and as everything.
const MOST_LOG_VARIANCE: f64 = 10.0;

/// A normal distribution over codes for each picture, its dimensions independent (Kingma & Welling 2014, appendix B).
#[derive(Debug, Clone)]
pub struct Posterior {
    /// `[batch, latent, 1, 1]`.
    pub mean: Tensor<4>,
    /// The logarithm of the variance, `[batch, latent, 1, 1]`.
    pub log_variance: Tensor<4>,
}

impl Posterior {
    /// Reads the posterior from an encoder's output `[batch, 2 * latent, 1, 1]`.
    pub fn of(encoded: Tensor<4>) -> Self {
        let [batch, both, ..] = encoded.dims();
        let latent = both / 2;
        Self {
            mean: encoded.clone().slice([0..batch, 0..latent]), // [batch, latent, 1, 1]
            log_variance: encoded.slice([0..batch, latent..both]).clamp(-MOST_LOG_VARIANCE, MOST_LOG_VARIANCE), // [batch, latent, 1, 1]
        }
    }

    /// Samples with the reparameterisation `mean + deviation * noise` for standard normal noise `[batch, latent, 1, 1]`, so that the
    /// gradient passes through the draw.
    pub fn sample(&self, noise: Tensor<4>) -> Tensor<4> {
        self.mean.clone() + self.log_variance.clone().div_scalar(2.0).exp() * noise // [batch, latent, 1, 1]
    }

    /// Returns the Kullback-Leibler divergence of each dimension from the standard normal, in nats: `(mean^2 + variance - 1 - log variance)
    /// / 2`, `[batch, latent, 1, 1]`. Summed over dimensions it is the picture's.
    pub fn divergence(&self) -> Tensor<4> {
        let variance = self.log_variance.clone().exp(); // [batch, latent, 1, 1]
        (self.mean.clone().square() + variance - self.log_variance.clone()).sub_scalar(1.0).div_scalar(2.0) // [batch, latent, 1, 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pictures_have_their_shapes() {
        let device = Device::flex();
        for side in SIDES {
            for (code, encoded) in [(Code::Grid, [2, 8, side / 8, side / 8]), (Code::Latent(24), [2, 48, 1, 1])] {
                let network = Autoencoder::new(code, side, &device);
                let pictures = Tensor::zeros([2, 3, side, side], &device);
                assert_eq!(network.encoder.forward(pictures.clone()).dims(), encoded, "{code:?} at {side}");
                let codes = network.encoder.code(pictures);
                assert_eq!(codes.dims()[1..].iter().product::<usize>(), code.len(side), "{code:?} at {side}");
                assert_eq!(network.decoder.forward(codes).dims(), [2, 3, side, side], "{code:?} at {side}");
            }
        }
    }

    #[test]
    fn pictures_stay_near_their_range_whatever_the_code() {
        let device = Device::flex();
        for code in [Code::Grid, Code::Latent(16)] {
            let [channels, places] = code.shape(32);
            let codes = Tensor::full([1, channels, places, places], 1e4, &device);
            let made = Autoencoder::new(code, 32, &device).decoder.forward(codes).into_data();
            let largest = made.iter::<f32>().fold(0.0, |most: f32, value| most.max(value.abs()));
            assert!(largest > 1.0 && f64::from(largest) < MOST + 1e-6, "{code:?}: {largest}");
        }
    }

    #[test]
    fn a_shipped_one_is_at_most_two_megabytes() {
        for side in [32, 64] {
            let weights = Autoencoder::new(Code::Latent(128), side, &Device::flex()).num_params();
            assert!(weights <= 990_000, "{side}: {weights}");
        }
    }
}
