//! Picture -> features -> picture: what `trainer invert` and the page run.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::Layer;
use crate::model_file::{Card, InverterCard, Kind, ModelFile, ModelFileError};
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
        let InverterCard { shape, feature_scale: scale } = inverter_of(inverter.card())?;
        Ok(Self {
            squeezenet: squeezenet.apply(SqueezeNet::new(device))?.no_grad(),
            inverter: inverter.apply(Inverter::new(shape, device))?.no_grad(),
            layer: shape.layer,
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

    /// Iterative re-encoding (DeePSiM, section 4.3): the inversion of pictures `[batch, 3, side, side]`, the inversion of the inversion, and so
    /// on, `iterations` of them.
    pub fn rounds(&self, pictures: &Tensor<4>, iterations: usize) -> Vec<Tensor<4>> {
        let mut rounds: Vec<Tensor<4>> = Vec::with_capacity(iterations);
        for _ in 0..iterations {
            let seen = rounds.last().map_or_else(|| pictures.clone(), |inverted| inverted.clone().clamp(-1.0, 1.0)); // [batch, 3, side, side]
            rounds.push(self.invert(seen));
        }
        rounds
    }

    /// Inverts the features of pictures `[batch, 3, side, side]`.
    pub fn invert(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.picture(self.features(pictures))
    }
}

/// What an inverter's card says of it.
///
/// # Errors
/// If the card is not an inverter's.
pub const fn inverter_of(card: &Card) -> Result<InverterCard, ModelFileError> {
    match card.kind {
        Kind::Inverter(inverter) => Ok(inverter),
        other => Err(ModelFileError::Kind { expected: "inverter", found: other.name() }),
    }
}
