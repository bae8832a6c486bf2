//! Picture -> features -> picture: what `trainer invert` and the page run.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::Layer;
use crate::model_file::{Card, Kind, ModelFile, ModelFileError};
use crate::nets::inverter::Inverter;
use crate::nets::squeezenet::SqueezeNet;

/// A network and the inverter of one of its layers, ready to run.
#[derive(Debug)]
pub struct Inversion {
    squeezenet: SqueezeNet,
    inverter: Inverter,
    layer: Layer,
    scale: f32,
}

impl Inversion {
    /// Puts the two model files' weights on a device.
    ///
    /// # Errors
    /// If a file is not of the kind it should be, or its tensors do not fit the architecture.
    pub fn new(squeezenet: &ModelFile, inverter: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        squeezenet.expect_kind(Kind::Squeezenet)?;
        let (layer, scale) = inverter_of(inverter.card())?;
        let architecture = Inverter::new(layer, device);
        Ok(Self {
            squeezenet: squeezenet.apply(SqueezeNet::new(device))?.no_grad(),
            inverter: inverter.apply(architecture)?.no_grad(),
            layer,
            scale,
        })
    }

    /// The layer whose features are inverted.
    pub const fn layer(&self) -> Layer {
        self.layer
    }

    /// Scaled features `[batch, channels, grid, grid]` of pictures `[batch, 3, side, side]`, side a multiple of 16.
    pub fn features(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.squeezenet.features(pictures, self.layer).div_scalar(self.scale)
    }

    /// Pictures `[batch, 3, side, side]` from scaled features `[batch, channels, grid, grid]`.
    pub fn picture(&self, features: Tensor<4>) -> Tensor<4> {
        self.inverter.forward(features)
    }

    /// Inverts the features of pictures `[batch, 3, side, side]`.
    pub fn invert(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.picture(self.features(pictures))
    }
}

/// The layer that an inverter's card names, and the scale of its features.
///
/// # Errors
/// If the card is not an inverter's.
pub fn inverter_of(card: &Card) -> Result<(Layer, f32), ModelFileError> {
    match card.kind {
        Kind::Inverter { layer, feature_scale } => Ok((layer, feature_scale)),
        other => Err(ModelFileError::Kind { expected: "inverter", found: other.name() }),
    }
}
