//! The transformation network of fast style transfer (Johnson et al. 2016): picture -> the same picture in a style. One network knows several
//! styles: each is a scale and a shift for every normalised channel (Dumoulin, Shlens & Kudlur 2017), so styles mix by mixing these numbers.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use super::block::GREY;
use super::conv::Conv;
use super::he_gain;
use crate::kernels::add::add;
use crate::kernels::border::{Padding, crop, pad};
use crate::kernels::conv::Geometry;
use crate::kernels::normalise::normalise;

/// What negative values are multiplied by after a normalisation.
const RELU: f32 = 0.0;
const LINEAR: f32 = 1.0;
/// Residual blocks at a quarter of the size.
const BLOCKS: usize = 5;
/// Kernels of the first and the last convolution.
const WIDE: usize = 9;

/// The size of a style network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StylistShape {
    /// Channels at the picture's own size; twice as many at half of it, four times at a quarter.
    pub channels: usize,
    /// Styles.
    pub styles: usize,
}

impl StylistShape {
    /// Returns the channels that are normalised, layer by layer.
    fn normalised(self) -> Vec<usize> {
        let one = self.channels;
        let mut layers = vec![one, 2 * one, 4 * one];
        layers.extend([4 * one; 2 * BLOCKS]);
        layers.extend([2 * one, one]);
        layers
    }

    /// Returns the number of values of a style: a scale and a shift for each normalised channel.
    pub fn style_len(self) -> usize {
        2 * self.normalised().iter().sum::<usize>()
    }
}

/// Paints pictures in a style.
#[derive(Module, Debug)]
pub struct Stylist {
    shrinking: Vec<Conv>,
    residual: Vec<Conv>,
    growing: Vec<Conv>,
    picture: Conv,
    /// `[styles, scales and shifts]`: all scales of a layer, then its shifts, layer by layer. A scale of zero is a factor of one.
    styles: Param<Tensor<2>>,
    #[module(skip)]
    shape: StylistShape,
}

impl Stylist {
    /// Creates a network with random weights from the device's generator; all styles start as plain normalisation.
    pub fn new(shape: StylistShape, device: &Device) -> Self {
        let one = shape.channels;
        let conv = |channels, kernel, stride, gain| Conv::new(channels, Geometry::new(kernel, 0).with_stride(stride), gain, device);
        let doubling = |channels| Conv::new(channels, Geometry::doubling(), he_gain(), device);
        Self {
            shrinking: vec![
                conv([3, one], WIDE, 1, he_gain()),
                conv([one, 2 * one], 3, 2, he_gain()),
                conv([2 * one, 4 * one], 3, 2, he_gain()),
            ],
            residual: (0..2 * BLOCKS).map(|_| conv([4 * one, 4 * one], 3, 1, he_gain())).collect(),
            growing: vec![doubling([4 * one, 2 * one]), doubling([2 * one, one])],
            picture: conv([one, 3], WIDE, 1, GREY),
            styles: super::weights([shape.styles, shape.style_len()], 0.0, device),
            shape,
        }
    }

    /// Returns the network with random styles, normal with this deviation: something to compare devices with, without training.
    pub fn with_random_styles(self, deviation: f64) -> Self {
        let styles = self.styles.val();
        let random = Tensor::random(styles.dims(), Distribution::Normal(0.0, deviation), &styles.device()); // [styles, style_len]
        Self { styles: Param::initialized(self.styles.id, random), ..self }
    }

    /// Returns the shape.
    pub const fn shape(&self) -> StylistShape {
        self.shape
    }

    /// Returns this network, which has more styles, with another one's weights and styles; the further styles start as the mean of those.
    pub fn extending(self, known: &Self) -> Self {
        let missing = self.shape.styles - known.shape.styles;
        let styles = known.styles.val(); // [known styles, style_len]
        let mean = styles.clone().mean_dim(0); // [1, style_len]
        let all = Tensor::cat(vec![styles, mean.repeat_dim(0, missing)], 0); // [styles, style_len]
        let device = self.styles.val().device();
        let styles = Param::initialized(self.styles.id, if device.is_autodiff() { all.detach().require_grad() } else { all });
        Self { styles, shape: self.shape, ..known.clone() }
    }

    /// Returns the parameter that holds the styles, for training them alone.
    pub const fn styles_id(&self) -> ParamId {
        self.styles.id
    }

    /// Returns the mixture of styles, `[1, style_len]`, for the weight of each style; the weights are divided by their sum.
    pub fn mixture(&self, weights: &[f32]) -> Tensor<2> {
        let sum = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let weights: Vec<f32> = weights.iter().map(|weight| weight / sum).collect();
        let styles = self.styles.val(); // [styles, style_len]
        let weights = Tensor::<1>::from_floats(weights.as_slice(), &styles.device()).reshape([-1, 1]); // [styles, 1]
        (styles * weights).sum_dim(0) // [1, style_len]
    }

    /// Returns a batch of styles by number, `[batch, style_len]`.
    pub fn styles_of(&self, numbers: &[usize]) -> Tensor<2> {
        let styles = self.styles.val(); // [styles, style_len]
        Tensor::cat(numbers.iter().map(|&number| styles.clone().narrow(0, number, 1)).collect(), 0) // [batch, style_len]
    }

    /// Paints pictures `[batch, 3, height, width]` in [-1, 1], sides multiples of 4, in styles `[batch, style_len]`, or `[1, style_len]` for all.
    /// Returns pictures of the same size in [-1, 1].
    pub fn forward(&self, pictures: Tensor<4>, styles: &Tensor<2>) -> Tensor<4> {
        let factors = self.factors(styles);
        let mut x = pictures;
        let mut skipped = None;
        for (layer, (conv, step)) in self.steps().into_iter().enumerate() {
            let Place { begins_block, ends_block, .. } = self.place(layer);
            if begins_block {
                skipped = Some(x.clone());
            }
            let z = step.apply(conv, x); // [batch, channels, h, w]
            x = match factors.get(layer) {
                None => z.tanh(), // [batch, 3, height, width]
                Some(factors) => factors.normalise(z, if ends_block { LINEAR } else { RELU }),
            };
            if ends_block {
                x = skipped.take().into_iter().fold(x, |x, skipped| add(skipped, x)); // [batch, 4 channels, h / 4, w / 4]
            }
        }
        x
    }

    /// Returns the convolutions in their order, and how each is applied.
    pub(crate) fn steps(&self) -> Vec<(&Conv, Step)> {
        let window = |kernel, stride| Step::Window { kernel, stride };
        let shrinking = self.shrinking.iter().zip([window(WIDE, 1), window(3, 2), window(3, 2)]);
        let residual = self.residual.iter().map(|conv| (conv, window(3, 1)));
        let growing = self.growing.iter().map(|conv| (conv, Step::Doubled));
        shrinking.chain(residual).chain(growing).chain([(&self.picture, window(WIDE, 1))]).collect()
    }

    /// Returns where in the network a convolution is.
    pub(crate) const fn place(&self, layer: usize) -> Place {
        let (first, end) = (self.shrinking.len(), self.shrinking.len() + self.residual.len());
        let inside = layer >= first && layer < end;
        Place {
            before_block: layer + 1 == first,
            begins_block: inside && (layer - first).is_multiple_of(2),
            ends_block: inside && !(layer - first).is_multiple_of(2),
        }
    }

    /// Returns the scales and shifts of styles `[batch or 1, style_len]`, layer by layer.
    pub(crate) fn factors(&self, styles: &Tensor<2>) -> Vec<StyleFactors> {
        let rows = styles.dims()[0];
        let mut at = 0;
        let layers = self.shape.normalised().into_iter().map(|channels| {
            let part = |start: usize| styles.clone().narrow(1, start, channels).reshape([rows, channels, 1, 1]); // [batch or 1, channels, 1, 1]
            let factors = StyleFactors { scale: part(at).add_scalar(1.0), shift: part(at + channels) };
            at += 2 * channels;
            factors
        });
        layers.collect()
    }
}

/// How a convolution is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// To a picture that its mirror image continues, so that nothing outside leaves a frame.
    Window { kernel: usize, stride: usize },
    /// To a picture twice as large by nearest neighbour, its border continued.
    Doubled,
}

impl Step {
    /// Maps `[batch, channels, h, w]` to `[batch, outputs, h', w']`.
    fn apply(self, conv: &Conv, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Window { kernel, .. } => conv.forward(pad(x, kernel / 2, Padding::Mirror)),
            Self::Doubled => crop(conv.forward(pad(x, 1, Padding::Edge)), 2), // cropped from [batch, outputs, 2h + 4, 2w + 4]
        }
    }
}

/// Where in the network a convolution is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The first residual block follows.
    pub(crate) before_block: bool,
    /// The first one of a residual block.
    pub(crate) begins_block: bool,
    /// The last one of a residual block, which no activation follows.
    pub(crate) ends_block: bool,
}

/// The scales and shifts of a layer, `[batch or 1, channels, 1, 1]`.
#[derive(Debug, Clone)]
pub(crate) struct StyleFactors {
    pub(crate) scale: Tensor<4>,
    pub(crate) shift: Tensor<4>,
}

impl StyleFactors {
    /// Normalises each channel of each picture, scales, shifts and activates it: `[batch, channels, h, w]`.
    fn normalise(&self, x: Tensor<4>, slope: f32) -> Tensor<4> {
        let [rows, channels, ..] = self.scale.dims();
        normalise(x, self.scale.clone().reshape([rows, channels]), self.shift.clone().reshape([rows, channels]), slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: StylistShape = StylistShape { channels: 8, styles: 3 };

    #[test]
    fn pictures_keep_their_size() {
        let device = Device::flex();
        let stylist = Stylist::new(SMALL, &device);
        for (height, width) in [(32, 32), (36, 48)] {
            let made = stylist.forward(Tensor::zeros([2, 3, height, width], &device), &stylist.styles_of(&[0, 2]));
            assert_eq!(made.dims(), [2, 3, height, width]);
        }
    }

    #[test]
    fn a_mixture_lies_between_styles_and_the_numbers_pick_them() {
        let device = Device::flex();
        let mut stylist = Stylist::new(SMALL, &device);
        let values = Tensor::random([3, SMALL.style_len()], Distribution::Uniform(-1.0, 1.0), &device);
        stylist.styles = Param::from_tensor(values.clone());
        let difference = |a: Tensor<2>, b: Tensor<2>| (a - b).abs().max().into_scalar::<f32>();
        assert!(difference(stylist.mixture(&[0.0, 2.0, 0.0]), values.clone().narrow(0, 1, 1)) < 1e-6);
        let middle = (values.clone().narrow(0, 0, 1) + values.clone().narrow(0, 2, 1)).div_scalar(2.0);
        assert!(difference(stylist.mixture(&[1.0, 0.0, 1.0]), middle) < 1e-6);
        assert!(difference(stylist.styles_of(&[2, 0]).narrow(0, 0, 1), values.narrow(0, 2, 1)) < 1e-6);
    }

    #[test]
    fn contrast_does_not_matter() {
        let device = Device::flex();
        let stylist = Stylist::new(SMALL, &device);
        let x = Tensor::<4>::random([1, 3, 32, 32], Distribution::Uniform(-0.5, 0.5), &device);
        let factors = stylist.factors(&stylist.styles_of(&[0]));
        let (conv, step) = stylist.steps()[0];
        let first = |contrast: f64| factors[0].normalise(step.apply(conv, x.clone().mul_scalar(contrast)), LINEAR);
        let difference = first(8.0) - first(2.0);
        assert!(difference.abs().max().into_scalar::<f32>() < 0.05);
    }

    #[test]
    fn the_shipped_size_is_below_two_megabytes_as_f16() {
        let weights = Stylist::new(StylistShape { channels: 16, styles: 8 }, &Device::flex()).num_params();
        assert!(weights < 1_000_000, "{weights}");
    }
}
