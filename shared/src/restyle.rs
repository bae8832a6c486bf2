//! A picture in the style of another: by one pass through a network, or by gradient descent on the pixels.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::loss::style::{Grams, StyleLoss};
use crate::model_file::{Card, Kind, ModelFile, ModelFileError};
use crate::nets::stylist::{Stylist, StylistShape};
use crate::optimise::PixelAdam;
use crate::picture::{self, Picture, PictureError};

/// The number of which the sides of a picture must be multiples.
pub const SIDE_UNIT: usize = 4;

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

    /// Returns a picture of the same size in a mixture of styles, a weight for each. Sides that are not multiples of four lose up to three pixels
    /// on the right and at the bottom.
    ///
    /// # Errors
    /// If the picture is smaller than 16 pixels a side, or the device fails.
    pub fn restyle(&self, picture: &Picture, weights: &[f32]) -> Result<Picture, PictureError> {
        let whole = |length: usize| length / SIDE_UNIT * SIDE_UNIT;
        let picture = picture.part(0..whole(picture.width()), 0..whole(picture.height()))?;
        if picture.width() < 4 * SIDE_UNIT || picture.height() < 4 * SIDE_UNIT {
            return Err(PictureError::Resize(format!("a picture of {} x {} is too small for a style", picture.width(), picture.height())));
        }
        let pictures = picture::to_tensor(&[picture], &self.device)?; // [1, 3, height, width]
        let painted = self.stylist.forward(pictures, self.stylist.mixture(weights)); // [1, 3, height, width]
        Ok(picture::from_data(&painted.into_data())?.remove(0))
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
    pixels: PixelAdam,
}

impl<'a> StyleOptimisation<'a> {
    /// Begins at the content `[1, 3, height, width]`, on the plain device.
    pub fn new(loss: &'a StyleLoss, style: Grams, content: Tensor<4>) -> Self {
        Self { loss, style, pixels: PixelAdam::new(content.clone()), content }
    }

    /// Returns the current picture, `[1, 3, height, width]`, not clipped to [-1, 1].
    pub fn picture(&self) -> Tensor<4> {
        self.pixels.pictures.clone()
    }

    /// Takes one step of Adam. Returns the whole loss before it, `[1]`.
    pub fn step(&mut self, rate: f64) -> Tensor<1> {
        let pictures = self.pixels.pictures.clone().autodiff().require_grad(); // [1, 3, height, width]
        let total = self.loss.total(&self.loss.terms(pictures.clone(), self.content.clone(), &self.style)); // [1]
        let gradients = total.backward();
        if let Some(gradient) = pictures.grad(&gradients) {
            self.pixels.step(gradient, rate);
        }
        total.inner()
    }
}
