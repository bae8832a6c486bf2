//! Picture -> features -> picture: what `trainer invert` and the page run.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::model_file::{Card, InverterCard, Kind, ModelFile, ModelFileError};
use crate::nets::inverter::Inverter;
use crate::nets::squeezenet::SqueezeNet;
use crate::network::{FeatureNetwork, UnknownPlace};

/// A network and the inverter of one of its places, ready to run.
#[derive(Debug)]
pub struct Inversion {
    network: Box<dyn FeatureNetwork>,
    place: String,
    inverter: Inverter,
    scale: f32,
}

impl Inversion {
    /// Puts the weights of two model files, of SqueezeNet and of an inverter, on a device.
    ///
    /// # Errors
    /// If a file is not of the kind it should be, or its tensors do not fit the architecture.
    pub fn new(squeezenet: &ModelFile, inverter: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        squeezenet.expect_kind(Kind::Squeezenet)?;
        let InverterCard { shape, feature_scale: scale } = inverter_of(inverter.card())?;
        Ok(Self {
            network: Box::new(squeezenet.apply(SqueezeNet::new(device))?.no_grad()),
            place: shape.layer.name().to_owned(),
            inverter: inverter.apply(Inverter::new(shape, device))?.no_grad(),
            scale,
        })
    }

    /// Creates the inversion of any network's features at a place, divided by `scale`, by an inverter of that place. Both are on the plain
    /// device.
    ///
    /// # Errors
    /// If the network lacks the place.
    pub fn of(network: impl FeatureNetwork + 'static, place: &str, inverter: Inverter, scale: f32) -> Result<Self, UnknownPlace> {
        network.feature_map(place)?;
        Ok(Self { network: Box::new(network), place: place.to_owned(), inverter, scale })
    }

    /// Returns scaled features `[batch, channels, grid, grid]` of pictures `[batch, 3, side, side]`.
    ///
    /// # Panics
    /// If the network breaks the promise of [`FeatureNetwork::features_at`] and returns nothing.
    pub fn features(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.network.features_at(pictures, &[&self.place]).swap_remove(0).div_scalar(self.scale)
    }

    /// Returns pictures `[batch, 3, side, side]` from scaled features `[batch, channels, grid, grid]`.
    pub fn picture(&self, features: Tensor<4>) -> Tensor<4> {
        self.inverter.forward(features)
    }

    /// Re-encodes pictures `[batch, 3, side, side]` (DeePSiM, section 4.3): returns their inversion, the inversion of that, and so on,
    /// `iterations` of them.
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

/// Returns the inverter's part of a card.
///
/// # Errors
/// If the card is not an inverter's.
pub const fn inverter_of(card: &Card) -> Result<InverterCard, ModelFileError> {
    match card.kind {
        Kind::Inverter(inverter) => Ok(inverter),
        other => Err(ModelFileError::Kind { expected: "inverter", found: other.name() }),
    }
}
