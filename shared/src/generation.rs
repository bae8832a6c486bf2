//! Codes -> pictures: drawing codes, walking between them, moving along directions. What `trainer sample` and the page run.
//!
//! Codes are drawn in plain Rust and not on the device, so that a seed means the same pictures everywhere.

mod prior;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::in_pool;
use crate::model_file::{AutoencoderCard, Card, Codes, Kind, ModelFile, ModelFileError, Precision};
use crate::nets::autoencoder::{Autoencoder, Code, Posterior};
use crate::random::{gaussian, generator_at};

pub use prior::Prior;

/// An autoencoder, ready to run.
#[derive(Debug)]
pub struct Generation {
    network: Autoencoder,
    card: AutoencoderCard,
    codes: Option<Codes>,
    prior: Option<Prior>,
}

impl Generation {
    /// Puts a model file's weights on a device.
    ///
    /// # Errors
    /// If the file is not an autoencoder's, or its tensors do not fit the architecture, or its prior does not.
    pub fn new(file: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let card = autoencoder_of(file.card())?;
        let network = file.apply(Autoencoder::new(card.code, card.side, device))?.no_grad();
        Self { network, card, codes: file.card().codes.clone(), prior: None }.with_prior(Prior::of_file(file)?)
    }

    /// Returns the weights and the prior as a model file, with a card.
    pub fn to_file(&self, card: Card, precision: Precision) -> ModelFile {
        let mut file = ModelFile::from_module(&self.network, card, precision);
        if let Some(prior) = &self.prior {
            prior.add_to(&mut file, precision);
        }
        file
    }

    /// Returns the autoencoder with another prior; without one, codes are drawn from the standard normal.
    ///
    /// # Errors
    /// [`ModelFileError::Shape`] if the prior is of other codes.
    pub fn with_prior(self, prior: Option<Prior>) -> Result<Self, ModelFileError> {
        match &prior {
            Some(prior) if !matches!(self.card.code, Code::Latent(size) if size == prior.size()) => {
                Err(ModelFileError::Shape(format!("its prior is of codes of {} numbers, the network's have {}", prior.size(), self.len())))
            }
            _ => Ok(Self { prior, ..self }),
        }
    }

    /// Returns the network's card.
    pub const fn card(&self) -> AutoencoderCard {
        self.card
    }

    /// Returns where the codes of its training pictures lie, if the card says so.
    pub const fn codes(&self) -> Option<&Codes> {
        self.codes.as_ref()
    }

    /// Returns the number of values in a code.
    pub const fn len(&self) -> usize {
        self.card.code.len(self.card.side)
    }

    /// Returns false: a code has numbers.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the codes of pictures `[batch, 3, side, side]`: `[batch, 8, side / 8, side / 8]`, or the means of latent ones, `[batch,
    /// latent, 1, 1]`.
    pub fn encode(&self, pictures: Tensor<4>) -> Tensor<4> {
        in_pool(|| self.network.encoder.code(pictures))
    }

    /// Returns the distributions of the codes of pictures `[batch, 3, side, side]`, if the network is variational.
    pub fn posterior(&self, pictures: Tensor<4>) -> Option<Posterior> {
        matches!(self.card.code, Code::Latent(_)).then(|| Posterior::of(self.network.encoder.forward(pictures)))
    }

    /// Returns pictures `[batch, 3, side, side]` from codes of the same shape as [`Generation::encode`] gives.
    pub fn decode(&self, codes: Tensor<4>) -> Tensor<4> {
        in_pool(|| self.network.decoder.forward(codes))
    }

    /// Returns codes one after the other as a tensor for [`Generation::decode`]. Numbers past the last whole code are left out.
    pub fn to_tensor(&self, codes: &[f32], device: &Device) -> Tensor<4> {
        let [channels, side] = self.card.code.shape(self.card.side);
        let count = codes.len() / self.len();
        Tensor::from_data(TensorData::new(codes[..count * self.len()].to_vec(), [count, channels, side, side]), device)
    }

    /// Returns a code drawn from the prior, or from the standard normal where there is none. One with a plain autoencoder's grid was never trained to be
    /// drawn.
    ///
    /// # Errors
    /// [`ModelFileError::Card`] for a grid.
    pub fn draw(&self, seed: u64, place: u64, again: u64) -> Result<Vec<f32>, ModelFileError> {
        match self.card.code {
            Code::Latent(size) => Ok(match &self.prior {
                Some(prior) => prior.draw(seed, place, again),
                None => latent(seed, place, again, size),
            }),
            Code::Grid => {
                Err(ModelFileError::Card("a plain autoencoder's codes cannot be drawn: that takes a variational one (`--task vae`)".into()))
            }
        }
    }
}

/// Returns the autoencoder's part of a card.
///
/// # Errors
/// If the card is not an autoencoder's.
pub const fn autoencoder_of(card: &Card) -> Result<AutoencoderCard, ModelFileError> {
    match card.kind {
        Kind::Autoencoder(card) => Ok(card),
        other => Err(ModelFileError::Kind { expected: "autoencoder", found: other.name() }),
    }
}

/// Returns `size` standard normal numbers for a place on a sheet, the `again`-th draw there. Other places do not depend on it.
pub fn latent(seed: u64, place: u64, again: u64, size: usize) -> Vec<f32> {
    let mut random = generator_at(seed, place, again);
    // Fewer digits lose nothing.
    (0..size).map(|_| gaussian(&mut random) as f32).collect()
}

/// Interpolates between two codes, at `share` of the way: on a great circle, at the distance from zero that the two have (White 2016),
/// since in many dimensions the straight line between two draws passes where no draw lies. Codes in about one direction are joined by a
/// line.
pub fn walk(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let lengths = dot(from, from).sqrt() * dot(to, to).sqrt();
    let angle = if lengths > 0.0 { (dot(from, to) / lengths).clamp(-1.0, 1.0).acos() } else { 0.0 };
    let share = f64::from(share);
    let (left, right) = if (1e-3..std::f64::consts::PI - 1e-3).contains(&angle) {
        (((1.0 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin())
    } else {
        (1.0 - share, share)
    };
    from.iter().zip(to).map(|(&from, &to)| (f64::from(from) * left + f64::from(to) * right) as f32).collect()
}

/// Returns the code moved by `amounts` deviations along the first principal directions.
pub fn moved(code: &[f32], codes: &Codes, amounts: &[f32]) -> Vec<f32> {
    let mut moved = code.to_vec();
    for (direction, amount) in codes.directions.iter().zip(amounts) {
        for (value, along) in moved.iter_mut().zip(&direction.vector) {
            *value += amount * direction.deviation * along;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_file::Direction;

    #[test]
    fn a_place_keeps_its_draw_whatever_else_is_drawn() {
        let first = latent(7, 3, 0, 128);
        assert_eq!(first, latent(7, 3, 0, 128));
        assert_eq!(first[..64], latent(7, 3, 0, 64));
        for (seed, place, again) in [(8, 3, 0), (7, 4, 0), (7, 3, 1)] {
            assert_ne!(first, latent(seed, place, again, 128));
        }
    }

    #[test]
    fn draws_are_standard_normal() {
        let values: Vec<f64> = (0..100).flat_map(|place| latent(1, place, 0, 100)).map(f64::from).collect();
        let moment = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64;
        // Four standard errors of 10 000 draws: sqrt(1), sqrt(2) and sqrt(96) / 100.
        for (power, wanted, error) in [(1, 0.0, 0.01), (2, 1.0, 0.0142), (4, 3.0, 0.098)] {
            assert!((moment(power) - wanted).abs() < 4.0 * error, "moment {power}: {}", moment(power));
        }
    }

    #[test]
    fn a_walk_begins_and_ends_where_it_should_and_stays_as_far_out() {
        let (from, to) = (latent(1, 0, 0, 128), latent(1, 1, 0, 128));
        let length = |code: &[f32]| code.iter().map(|value| value * value).sum::<f32>().sqrt();
        let off = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off(&walk(&from, &to, 0.0), &from) < 1e-5 && off(&walk(&from, &to, 1.0), &to) < 1e-5);
        let half = length(&walk(&from, &to, 0.5));
        assert!(half > 0.97 * length(&from).min(length(&to)), "{half}: a straight line would be at about 0.71");
        // In one direction, and from nothing, the line.
        assert!(off(&walk(&[1.0, 0.0], &[3.0, 0.0], 0.5), &[2.0, 0.0]) < 1e-6);
        assert!(off(&walk(&[0.0, 0.0], &[3.0, 1.0], 0.5), &[1.5, 0.5]) < 1e-6);
    }

    #[test]
    fn directions_are_measured_in_deviations() {
        let direction = |vector: Vec<f32>, deviation| Direction { deviation, vector };
        let codes = Codes { mean: vec![0.0; 2], directions: vec![direction(vec![1.0, 0.0], 2.0), direction(vec![0.0, 1.0], 0.5)] };
        assert_eq!(moved(&[1.0, 1.0], &codes, &[0.5, -2.0]), [2.0, 0.0]);
    }
}
