//! Model files: weights and a card, one `.safetensors` file that other tools read too, verified when it is loaded.

mod card;
mod limits;
mod module;
mod stored;

use std::collections::HashMap;

use burn::module::Module;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use card::{AutoencoderCard, Card, Class, Codes, Direction, Drawn, HeldOut, InverterCard, Kind, Training};
pub use stored::Precision;
use stored::Tensors;

/// The version of the format that this build writes, and the only one that it reads.
pub const VERSION: u32 = 2;

/// What the names of the tensors of a prior over codes begin with. They belong to no network.
pub(crate) const PRIOR_PREFIX: &str = "prior.";

const CARD_KEY: &str = "deepsim";
/// The placeholder of the checksum while it is computed.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The card as it stands in the file's metadata, under one key: two would be written in random order, and equal models should be
/// equal files. The rest of a card from a later version may not make sense here, so it is read after the version.
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    version: u32,
    sha256: String,
    #[serde(flatten)]
    card: T,
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// Not a safetensors file, or cut short.
    #[error("not a model file, or one that was cut short ({0}): fetch or export it again")]
    Format(String),
    /// Somebody else's safetensors file.
    #[error("a safetensors file without a deepsim card: `trainer export` and `trainer import` write model files")]
    NoCard,
    /// A card that does not make sense.
    #[error("the model file's card cannot be used: {0}")]
    Card(String),
    /// Written by another version of deepsim.
    #[error("the model file has format version {0}, this build reads version {VERSION}: export it again with this build")]
    Version(u32),
    /// The bytes are not those that were written.
    #[error("the model file is damaged, its checksum does not match: fetch or export it again")]
    Checksum,
    /// The wrong network.
    #[error("the model file holds a network of kind `{found}` where `{expected}` is needed")]
    Kind {
        /// The kind that was needed.
        expected: &'static str,
        /// The kind in the file.
        found: &'static str,
    },
    /// Tensors that do not fit the architecture.
    #[error("the model file does not fit its network: {0}")]
    Shape(String),
}

/// Weights by name and their card.
#[derive(Debug, Clone)]
pub struct ModelFile {
    card: Card,
    tensors: Tensors,
}

impl ModelFile {
    /// Creates a model file from a network's weights. It reads them back from the device, so it is not for a browser's GPU.
    pub fn from_module(module: &impl Module, card: Card, precision: Precision) -> Self {
        Self { card, tensors: module::collect(module, precision) }
    }

    /// Takes in a safetensors file that another tool wrote. Reads f32 and f16 tensors, and stores them in `precision`.
    ///
    /// # Errors
    /// If the bytes are not safetensors, or a tensor is of a type that is not known.
    pub fn import(bytes: &[u8], card: Card, precision: Precision) -> Result<Self, ModelFileError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| ModelFileError::Format(error.to_string()))?;
        Self { card, tensors: stored::read(&file) }.with_precision(precision)
    }

    /// Returns the same weights stored in another precision. What a lower one lost does not come back.
    ///
    /// # Errors
    /// If a tensor is of a type that is not known.
    pub fn with_precision(&self, precision: Precision) -> Result<Self, ModelFileError> {
        let mut tensors = Tensors::new();
        for (name, stored) in self.tensors.iter().filter(|(name, _)| !stored::holds_scales(&self.tensors, name)) {
            stored::insert(&mut tensors, name, &stored::values_of(&self.tensors, name)?, stored.shape.clone(), precision);
        }
        Ok(Self { card: self.card.clone(), tensors })
    }

    /// Returns the name of a tensor with values that are not finite numbers, if there is one.
    ///
    /// # Errors
    /// If a tensor is of a type that is not known.
    pub fn not_finite(&self) -> Result<Option<&str>, ModelFileError> {
        for name in self.tensors.keys() {
            if stored::values_of(&self.tensors, name)?.iter().any(|value| !value.is_finite()) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Returns whether the file has a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Returns the values of a tensor.
    ///
    /// # Errors
    /// If there is none of that name, or it is of a type that is not known.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, ModelFileError> {
        stored::values_of(&self.tensors, name)
    }

    /// Adds a tensor, or replaces the one of that name.
    pub fn insert(&mut self, name: &str, values: &[f32], shape: Vec<usize>, precision: Precision) {
        stored::insert(&mut self.tensors, name, values, shape, precision);
    }

    /// Returns a model file with only those tensors whose names fulfil a condition.
    #[must_use]
    pub fn with_tensors(&self, keep: impl Fn(&str) -> bool) -> Self {
        let tensors = self.tensors.iter().filter(|(name, _)| keep(name)).map(|(name, stored)| (name.clone(), stored.clone())).collect();
        Self { card: self.card.clone(), tensors }
    }

    /// Returns the card.
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Fails unless the file holds this kind of network.
    ///
    /// # Errors
    /// [`ModelFileError::Kind`].
    pub fn expect_kind(&self, expected: Kind) -> Result<(), ModelFileError> {
        if self.card.kind == expected {
            return Ok(());
        }
        Err(ModelFileError::Kind { expected: expected.name(), found: self.card.kind.name() })
    }

    /// Returns the file's bytes.
    ///
    /// # Errors
    /// If the card or the tensors cannot be written as safetensors.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        let sealed = Sealed { version: VERSION, sha256: NO_CHECKSUM.to_owned(), card: &self.card };
        let open = serde_json::to_string(&sealed).map_err(|error| ModelFileError::Card(error.to_string()))?;
        let closed = open.replacen(NO_CHECKSUM, &checksum(&open, &self.tensors), 1);
        let metadata = HashMap::from([(CARD_KEY.to_owned(), closed)]);
        safetensors::serialize(&self.tensors, Some(metadata)).map_err(|error| ModelFileError::Format(error.to_string()))
    }

    /// Reads and verifies a file's bytes: format, version, checksum.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let format = |error: safetensors::SafeTensorError| ModelFileError::Format(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let metadata = header.metadata().as_ref().ok_or(ModelFileError::NoCard)?;
        let text = metadata.get(CARD_KEY).ok_or(ModelFileError::NoCard)?;
        let bad_card = |error: serde_json::Error| ModelFileError::Card(error.to_string());
        let tensors = stored::read(&file);
        let sealed: Sealed<serde_json::Value> = serde_json::from_str(text).map_err(bad_card)?;
        // The version comes first: another one may compute its checksum in another way.
        if sealed.version != VERSION {
            return Err(ModelFileError::Version(sealed.version));
        }
        if sealed.sha256 != checksum(&text.replacen(&sealed.sha256, NO_CHECKSUM, 1), &tensors) {
            return Err(ModelFileError::Checksum);
        }
        let card = serde_json::from_value(sealed.card).map_err(bad_card)?;
        limits::check(&card).map_err(ModelFileError::Card)?;
        Ok(Self { card, tensors })
    }

    /// Returns the network with these weights in place of its own, parameter ids kept. Tensors of a prior are left out.
    ///
    /// # Errors
    /// If a tensor is missing, left over or of another shape.
    pub fn apply<M: Module>(&self, module: M) -> Result<M, ModelFileError> {
        module::fill(&self.tensors, module)
    }

    /// Replaces those of a network's tensors for which the file has one of the same shape under the name that `renamed` gives theirs, and
    /// how many those are.
    ///
    /// # Errors
    /// If a tensor of the file cannot be read.
    pub fn apply_what_fits<M: Module>(&self, module: M, renamed: impl Fn(&str) -> String) -> Result<(M, usize), ModelFileError> {
        module::fill_what_fits(&self.tensors, module, &renamed)
    }
}

/// Returns the SHA-256 of the card and, in the order of their names, of each tensor's name, type, shape and bytes; in hexadecimal.
fn checksum(card: &str, tensors: &Tensors) -> String {
    let mut hash = Sha256::new();
    hash.update(card.as_bytes());
    for (name, stored) in tensors {
        hash.update(format!("\n{name} {:?} {:?}\n", stored.dtype, stored.shape).as_bytes());
        hash.update(&stored.bytes);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;
    use crate::Layer;
    use crate::nets::inverter::Inverter;

    fn inverter(seed: u64) -> (Inverter, ModelFile) {
        let device = Device::flex();
        device.seed(seed);
        let inverter = Inverter::new(Layer::Pool1, &device);
        let kind = Kind::Inverter(InverterCard { shape: Layer::Pool1.into(), feature_scale: 1.5 });
        let card = Card::new(kind);
        let file = ModelFile::from_module(&inverter, card, Precision::F32);
        (inverter, file)
    }

    #[test]
    fn weights_and_card_come_back() {
        let (_, file) = inverter(1);
        let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
        assert_eq!(read.card(), file.card());
        let device = Device::flex();
        let applied = read.apply(Inverter::new(Layer::Pool1, &device)).unwrap();
        let again = ModelFile::from_module(&applied, file.card().clone(), Precision::F32);
        assert!(again.to_bytes().unwrap() == file.to_bytes().unwrap(), "equal models are equal files");
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let (_, file) = inverter(1);
        let bytes = file.to_bytes().unwrap();
        // Every place in the header, and some in the weights.
        for place in (8..2000).chain((2000..bytes.len()).step_by(50_021)) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 4;
            assert!(ModelFile::from_bytes(&damaged).is_err(), "byte {place}");
        }
    }

    #[test]
    fn eight_bits_hold_a_network_in_a_quarter_of_the_bytes() {
        let (inverter, file) = inverter(1);
        let small = ModelFile::from_bytes(&file.with_precision(Precision::Int8).unwrap().to_bytes().unwrap()).unwrap();
        assert!(small.to_bytes().unwrap().len() * 10 < file.to_bytes().unwrap().len() * 3);
        let device = Device::flex();
        let features = Tensor::<4>::random([1, 64, 15, 15], Distribution::Default, &device);
        let wanted = inverter.forward(features.clone());
        let found = small.apply(Inverter::new(Layer::Pool1, &device)).unwrap().forward(features);
        let error = (found - wanted.clone()).square().mean().sqrt() / wanted.square().mean().sqrt();
        let error = error.into_scalar::<f32>();
        assert!(error < 0.03, "{error}");
    }

    #[test]
    fn values_that_are_no_numbers_are_found_in_every_precision() {
        let (inverter, file) = inverter(1);
        assert_eq!(file.not_finite().unwrap(), None);
        for (precision, value) in [(Precision::F32, f32::NAN), (Precision::F16, f32::INFINITY), (Precision::Int8, f32::NAN)] {
            let spoiled = inverter.clone().map(&mut Spoil { value, done: false });
            let file = ModelFile::from_module(&spoiled, file.card().clone(), precision);
            assert!(file.not_finite().unwrap().is_some(), "{precision:?}, {value}");
        }
    }

    /// Puts a value at the beginning of a network's first tensor.
    struct Spoil {
        value: f32,
        done: bool,
    }

    impl burn::module::ModuleMapper for Spoil {
        fn map_float<const D: usize>(&mut self, param: burn::module::Param<Tensor<D>>) -> burn::module::Param<Tensor<D>> {
            if std::mem::replace(&mut self.done, true) {
                return param;
            }
            param.map(|tensor| {
                let (mut data, device) = (tensor.to_data(), tensor.device());
                data.as_mut_slice::<f32>().unwrap()[0] = self.value;
                Tensor::from_data(data, &device)
            })
        }
    }

    #[test]
    fn other_networks_do_not_fit() {
        let (_, file) = inverter(1);
        let device = Device::flex();
        for layer in [Layer::Fire3, Layer::Fire5] {
            let error = file.apply(Inverter::new(layer, &device)).unwrap_err();
            assert!(matches!(error, ModelFileError::Shape(_)), "{layer}: {error}");
        }
        assert!(matches!(file.expect_kind(Kind::Squeezenet), Err(ModelFileError::Kind { .. })));
    }
}
