//! A distribution over codes that was fitted to those of the training pictures, in place of the standard normal.
//!
//! The codes of all pictures together are not standard normal, however near each picture's posterior is; what is drawn between them was never decoded in
//! training. So the distribution is fitted after training, without a change to the networks (Ghosh et al. 2020: ex-post density estimation). It
//! is a mixture of normal distributions that share one covariance.

use rand::RngExt;

use super::latent;
use crate::model_file::{ModelFile, ModelFileError, PRIOR_PREFIX, Precision};
use crate::random::generator_at;

/// Separates the numbers that choose a component from those of noise.
const COMPONENT: u64 = 1 << 63;

/// A mixture of normal distributions with one covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// The probability of each component, `[components]`.
    weights: Vec<f32>,
    /// Their means, `[components, size]`.
    centres: Vec<f32>,
    /// The lower triangular factor of the covariance (Cholesky), `[size, size]`.
    factor: Vec<f32>,
    size: usize,
}

/// The names of the tensors.
const PARTS: [&str; 3] = ["weights", "centres", "factor"];

fn name(part: &str) -> String {
    format!("{PRIOR_PREFIX}{part}")
}

impl Prior {
    /// Creates a mixture of weights `[components]`, means `[components, size]` and the lower triangular factor `[size, size]` of the covariance.
    ///
    /// # Errors
    /// [`ModelFileError::Shape`] if the lengths do not fit each other, a value is not finite, or the weights are no probabilities.
    pub fn new(weights: Vec<f32>, centres: Vec<f32>, factor: Vec<f32>) -> Result<Self, ModelFileError> {
        let size = centres.len() / weights.len().max(1);
        let fits = size > 0 && size * weights.len() == centres.len() && size.checked_mul(size) == Some(factor.len());
        let finite = weights.iter().chain(&centres).chain(&factor).all(|value| value.is_finite());
        if !fits || !finite || weights.iter().any(|&weight| weight < 0.0) || weights.iter().sum::<f32>() <= 0.0 {
            return Err(ModelFileError::Shape("its prior is no mixture of normal distributions".into()));
        }
        Ok(Self { weights, centres, factor, size })
    }

    /// Reads the prior of a model file, if it has one.
    ///
    /// # Errors
    /// If it has a part of one, or one that is damaged.
    pub fn of_file(file: &ModelFile) -> Result<Option<Self>, ModelFileError> {
        if !PARTS.iter().any(|part| file.has(&name(part))) {
            return Ok(None);
        }
        let [weights, centres, factor] = PARTS.map(|part| file.values(&name(part)));
        Self::new(weights?, centres?, factor?).map(Some)
    }

    /// Adds the prior to a model file.
    pub fn add_to(&self, file: &mut ModelFile, precision: Precision) {
        let (components, size) = (self.components(), self.size);
        let parts = [(&self.weights, vec![components]), (&self.centres, vec![components, size]), (&self.factor, vec![size, size])];
        for (part, (values, shape)) in PARTS.into_iter().zip(parts) {
            file.insert(&name(part), values, shape, precision);
        }
    }

    /// Returns the number of values in a code.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns the number of components.
    pub const fn components(&self) -> usize {
        self.weights.len()
    }

    /// Returns a code drawn for a place, the `again`-th draw there. Other places do not depend on it.
    pub fn draw(&self, seed: u64, place: u64, again: u64) -> Vec<f32> {
        self.code(generator_at(seed, place, again ^ COMPONENT).random(), &latent(seed, place, again, self.size))
    }

    /// Returns the code for standard normal noise `[size]`, in the component in which the cumulative weights pass `share` of their sum, in [0, 1).
    fn code(&self, share: f32, noise: &[f32]) -> Vec<f32> {
        let mut left = share * self.weights.iter().sum::<f32>();
        let chosen = self.weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        let centres = self.centres.chunks_exact(self.size);
        let centre = centres.clone().nth(chosen.unwrap_or(0)).unwrap_or_default();
        let rows = self.factor.chunks_exact(self.size);
        let along = |row: &[f32]| row.iter().zip(noise).map(|(&factor, &noise)| f64::from(factor) * f64::from(noise)).sum::<f64>();
        centre.iter().zip(rows).map(|(&centre, row)| (f64::from(centre) + along(row)) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prior() -> Prior {
        Prior::new(vec![0.75, 0.25], vec![1.0, 0.0, -3.0, 0.0], vec![1.0, 0.0, 0.5, 2.0]).unwrap()
    }

    #[test]
    fn draws_have_the_moments_of_the_mixture() {
        let draws: Vec<_> = (0..20_000).map(|place| prior().draw(1, place, 0)).collect();
        let mean = |of: &dyn Fn(&[f32]) -> f32| draws.iter().map(|draw| f64::from(of(draw))).sum::<f64>() / draws.len() as f64;
        // Of the first number: mean 0, variance 1 + 0.75 + 0.25 * 9; of the second: 0.25 + 4; together 0.5.
        for (found, wanted) in [
            (mean(&|draw| draw[0]), 0.0),
            (mean(&|draw| draw[0] * draw[0]), 4.0),
            (mean(&|draw| draw[1] * draw[1]), 4.25),
            (mean(&|draw| draw[0] * draw[1]), 0.5),
        ] {
            assert!((found - wanted).abs() < 0.15, "{found}, not {wanted}");
        }
    }

    #[test]
    fn what_is_no_mixture_is_refused() {
        for (weights, centres, factor) in [
            (vec![], vec![], vec![]),
            (vec![1.0], vec![0.0; 2], vec![0.0; 3]),
            (vec![0.5, 0.5], vec![0.0; 3], vec![0.0; 1]),
            (vec![0.0], vec![0.0], vec![1.0]),
            (vec![-1.0, 2.0], vec![0.0; 2], vec![1.0]),
            (vec![1.0], vec![f32::NAN], vec![1.0]),
        ] {
            assert!(Prior::new(weights, centres, factor).is_err());
        }
    }
}
