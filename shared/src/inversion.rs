//! Picture -> features -> picture: what `trainer invert` and the page run.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::kernels::in_pool;
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
        Self::of_squeezenet(squeezenet.apply(SqueezeNet::new(device))?, inverter, device)
    }

    /// Puts an inverter and the part of SqueezeNet that it needs on a device; the file may hold more of SqueezeNet, or just as much.
    ///
    /// # Errors
    /// If a file is not of the kind it should be, a tensor that the layer needs is missing, or one does not fit.
    pub fn of_first_layers(squeezenet: &ModelFile, inverter: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        squeezenet.expect_kind(Kind::Squeezenet)?;
        let InverterCard { shape, .. } = inverter_of(inverter.card())?;
        let part = squeezenet.with_tensors(|tensor| SqueezeNet::needs(shape.layer, tensor));
        // What features of this layer do not need stays zero and is never used.
        let (network, found) = part.apply_what_fits(SqueezeNet::new(device), str::to_owned)?;
        let needed = SqueezeNet::tensors(shape.layer);
        if found != needed {
            return Err(ModelFileError::Shape(format!("{} needs {needed} tensors, {found} fit", shape.layer)));
        }
        Self::of_squeezenet(network, inverter, device)
    }

    fn of_squeezenet(network: SqueezeNet, inverter: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let InverterCard { shape, feature_scale: scale } = inverter_of(inverter.card())?;
        Ok(Self {
            network: Box::new(network.no_grad()),
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
        in_pool(|| self.network.features_at(pictures, &[&self.place]).swap_remove(0).div_scalar(self.scale))
    }

    /// Returns pictures `[batch, 3, side, side]` from scaled features `[batch, channels, grid, grid]`.
    pub fn picture(&self, features: Tensor<4>) -> Tensor<4> {
        in_pool(|| self.inverter.forward(features))
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

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::Layer;
    use crate::model_file::Precision;

    #[test]
    fn the_first_layers_are_enough_for_their_inversion() {
        let device = Device::flex();
        device.seed(3);
        let whole = ModelFile::from_module(&SqueezeNet::random(1, &device), Card::new(Kind::Squeezenet), Precision::F32);
        let pictures = Tensor::<4>::random([1, 3, 64, 64], Distribution::Uniform(-1.0, 1.0), &device); // [1, 3, 64, 64]
        for layer in [Layer::Pool1, Layer::Fire3] {
            let kind = Kind::Inverter(InverterCard { shape: layer.into(), feature_scale: 1.5 });
            let inverter = ModelFile::from_module(&Inverter::new(layer, &device), Card::new(kind), Precision::F32);
            let wanted = Inversion::new(&whole, &inverter, &device).unwrap().invert(pictures.clone()); // [1, 3, 64, 64]
            let part = whole.with_tensors(|tensor| SqueezeNet::needs(layer, tensor));
            let found = Inversion::of_first_layers(&part, &inverter, &device).unwrap().invert(pictures.clone()); // [1, 3, 64, 64]
            assert_eq!(found.into_data(), wanted.into_data(), "{layer}");
            let less = part.with_tensors(|tensor| tensor != "conv1.bias");
            assert!(Inversion::of_first_layers(&less, &inverter, &device).is_err(), "{layer}");
        }
        assert_eq!(SqueezeNet::tensors(Layer::Scores), 52);
    }
}
