//! A picture in the style of another: by one pass through a network, or by gradient descent on the pixels.

pub mod painting;

use burn::module::Module;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};

use crate::kernels::in_pool;
use crate::loss::style::{Grams, StyleLoss};
use crate::model_file::{Card, Kind, ModelFile, ModelFileError};
use crate::nets::stylist::{Stylist, StylistShape};
use crate::optimise::Descent;
use crate::picture::{self, Picture, PictureError};
use painting::Painting;

/// The number of which the sides of a picture must be multiples.
pub const SIDE_UNIT: usize = 4;

/// Pixels of the largest picture that is painted in one pass.
const ONE_PASS: usize = 1024 * 1024;

/// A style network on a device, and the names of its styles.
#[derive(Debug)]
pub struct Restyler {
    stylist: Stylist,
    names: Vec<String>,
    device: Device,
}

impl Restyler {
    /// Puts a model file's weights on a device.
    ///
    /// # Errors
    /// If the file does not hold a style network.
    pub fn new(file: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let shape = stylist_of(file.card())?;
        let names =
            (0..shape.styles).map(|number| file.card().style_names.get(number).cloned().unwrap_or_else(|| format!("style{number}")));
        Ok(Self { stylist: file.apply(Stylist::new(shape, device))?.no_grad(), names: names.collect(), device: device.clone() })
    }

    /// Returns the names of the styles.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns a picture of the same size in a mixture of styles, a weight for each: in one pass, or strip by strip if it is large.
    ///
    /// # Errors
    /// If the picture is smaller than 16 pixels a side, or the device fails.
    pub fn restyle(&self, picture: &Picture, weights: &[f32]) -> Result<Picture, PictureError> {
        let (width, height) = (picture.width(), picture.height());
        if width * height <= ONE_PASS {
            return Ok(picture::from_data(&self.restyle_tensor(picture, weights)?.into_data())?.remove(0));
        }
        let mut painting = self.painting(picture, weights)?;
        let mut rgb = Vec::with_capacity(width * height * 3);
        while let Some(progress) = painting.step() {
            if let Some((_, strip)) = progress.painted {
                let strip = picture::from_data(&strip.narrow(3, 0, width).into_data())?.remove(0);
                rgb.extend_from_slice(strip.rgb());
            }
        }
        rgb.truncate(width * height * 3);
        Picture::from_rgb(width, height, rgb)
    }

    /// Returns the same, in one pass, as a tensor `[1, 3, height, width]` that is not read back yet.
    ///
    /// # Errors
    /// If the picture is smaller than 16 pixels a side.
    pub fn restyle_tensor(&self, picture: &Picture, weights: &[f32]) -> Result<Tensor<4>, PictureError> {
        let mixture = self.stylist.mixture(weights);
        let extended = self.extended(picture)?; // [1, 3, h, w]
        let painted = in_pool(|| self.stylist.forward(extended, &mixture)); // [1, 3, h, w]
        Ok(painted.narrow(2, 0, picture.height()).narrow(3, 0, picture.width())) // [1, 3, height, width]
    }

    /// Begins to paint a picture strip by strip, which takes less memory than one pass. The strips' sides are the next multiples of four: up to three
    /// rows and columns at the end are not the picture's.
    ///
    /// # Errors
    /// If the picture is smaller than 16 pixels a side.
    pub fn painting(&self, picture: &Picture, weights: &[f32]) -> Result<Painting, PictureError> {
        Ok(Painting::new(&self.stylist, &self.extended(picture)?, &self.stylist.mixture(weights)))
    }

    /// Returns the picture as a tensor `[1, 3, h, w]` whose sides are the next multiples of four; the border is continued.
    fn extended(&self, picture: &Picture) -> Result<Tensor<4>, PictureError> {
        let (width, height) = (picture.width(), picture.height());
        if width.min(height) < 4 * SIDE_UNIT {
            return Err(PictureError::Resize(format!("a picture of {width} x {height} is too small for a style")));
        }
        let missing = |length: usize| length.next_multiple_of(SIDE_UNIT) - length;
        let x = picture::to_tensor(std::slice::from_ref(picture), &self.device)?; // [1, 3, height, width]
        Ok(match (missing(width), missing(height)) {
            (0, 0) => x,
            (right, below) => x.pad((0, right, 0, below), PadMode::Edge), // [1, 3, h, w]
        })
    }
}

/// Returns the shape of a style network from its card.
///
/// # Errors
/// If the card is not a style network's.
pub const fn stylist_of(card: &Card) -> Result<StylistShape, ModelFileError> {
    match card.kind {
        Kind::Stylist(shape) => Ok(shape),
        other => Err(ModelFileError::Kind { expected: "stylist", found: other.name() }),
    }
}

/// Style transfer by gradient descent on the pixels (Gatys, Ecker & Bethge 2016), from the content picture on.
#[derive(Debug)]
pub struct StyleOptimisation<'a> {
    loss: &'a StyleLoss,
    style: Grams,
    content: Tensor<4>,
    pixels: Descent,
}

impl<'a> StyleOptimisation<'a> {
    /// Begins at the content `[1, 3, height, width]`, on the plain device.
    pub fn new(loss: &'a StyleLoss, style: Grams, content: Tensor<4>) -> Self {
        Self { loss, style, pixels: Descent::new(content.clone()), content }
    }

    /// Returns the current picture, `[1, 3, height, width]`, not clipped to [-1, 1].
    pub fn picture(&self) -> Tensor<4> {
        self.pixels.values.clone()
    }

    /// Takes one step of Adam. Returns the whole loss before it, `[1]`.
    pub fn step(&mut self, rate: f64) -> Tensor<1> {
        let pictures = self.pixels.values.clone().autodiff().require_grad(); // [1, 3, height, width]
        let total = self.loss.total(&self.loss.terms(pictures.clone(), self.content.clone(), &self.style)); // [1]
        let gradients = total.backward();
        if let Some(gradient) = pictures.grad(&gradients) {
            self.pixels.step(gradient, rate);
        }
        total.inner()
    }
}
