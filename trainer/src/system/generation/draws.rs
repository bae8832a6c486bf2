//! The codes whose pictures the adversary is shown beside reconstructions: drawn as the samples will be that the adversary is to make better.

use std::path::Path;

use anyhow::{Context, Result};
use deepsim::generation::{Prior, latent};
use deepsim::model_file::{ModelFile, Precision};

use crate::train::checkpoint::{self, Part};

/// The file of a checkpoint with the prior.
const PART: &str = "prior.safetensors";

/// Draws codes from the prior that was fitted to the codes of `--init`'s model, or from the standard normal where there is none.
#[derive(Debug, Clone, Default)]
pub struct Draws {
    fitted: Option<Fitted>,
}

#[derive(Debug, Clone)]
struct Fitted {
    prior: Prior,
    /// The prior alone, as checkpoints keep it.
    file: ModelFile,
}

impl Draws {
    /// Takes the prior of a model file, if it has one.
    ///
    /// # Errors
    /// If the prior is damaged.
    pub fn of_model(model: &ModelFile) -> Result<Self> {
        let fitted = Prior::of_file(model)?.map(|prior| {
            let mut file = model.with_tensors(|_| false);
            prior.add_to(&mut file, Precision::F32);
            Fitted { prior, file }
        });
        Ok(Self { fitted })
    }

    /// Loads the prior of a checkpoint, if it has one.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn of_checkpoint(checkpoint: &Path) -> Result<Self> {
        if !checkpoint.join(PART).exists() {
            return Ok(Self::default());
        }
        let model = ModelFile::from_bytes(&checkpoint::read(checkpoint, PART)?);
        Self::of_model(&model.with_context(|| format!("{} is damaged", checkpoint.join(PART).display()))?)
    }

    /// Returns the file of a checkpoint that [`Draws::of_checkpoint`] loads, if there is a prior.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn part(&self) -> Result<Option<Part>> {
        self.fitted.as_ref().map(|fitted| Ok((PART.to_owned(), fitted.file.to_bytes()?))).transpose()
    }

    /// Returns `count` codes of `size` numbers for a step, one after the other. `purpose` separates the random numbers of different uses.
    pub fn codes(&self, seed: u64, step: u64, purpose: u64, count: usize, size: usize) -> Vec<f32> {
        match &self.fitted {
            Some(Fitted { prior, .. }) => {
                (0..count as u64).flat_map(|place| prior.draw(seed, step * count as u64 + place, purpose)).collect()
            }
            None => latent(seed, step, purpose, count * size),
        }
    }
}

#[cfg(test)]
mod tests {
    use deepsim::model_file::{AutoencoderCard, Card, Kind};
    use deepsim::nets::autoencoder::Code;

    use super::*;

    /// Returns a model file with a prior around -10 and 10, and no weights.
    fn model() -> ModelFile {
        let card = Card::new(Kind::Autoencoder(AutoencoderCard { code: Code::Latent(2), side: 32 }));
        let mut file = ModelFile::from_module(&Vec::<burn::nn::Linear>::new(), card, Precision::F32);
        let prior = Prior::new(vec![0.5, 0.5], vec![-10.0, -10.0, 10.0, 10.0], vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        prior.add_to(&mut file, Precision::Int8);
        file
    }

    #[test]
    fn codes_come_from_the_fitted_prior_or_from_the_standard_normal() {
        let far = |draws: &Draws| draws.codes(1, 2, 3, 50, 2).iter().filter(|value| value.abs() > 5.0).count();
        assert_eq!(far(&Draws::of_model(&model()).unwrap()), 100);
        assert_eq!(far(&Draws::default()), 0);
    }

    #[test]
    fn a_checkpoint_keeps_the_prior() {
        let draws = Draws::of_model(&model()).unwrap();
        let (_, bytes) = draws.part().unwrap().unwrap();
        let loaded = Draws::of_model(&ModelFile::from_bytes(&bytes).unwrap()).unwrap();
        assert_eq!(loaded.codes(1, 2, 3, 50, 2), draws.codes(1, 2, 3, 50, 2));
        assert!(Draws::default().part().unwrap().is_none());
    }
}
