//! The fit of a [`Prior`]: a mixture of normal distributions with one covariance, to the posteriors of pictures, by expectation maximisation.

use anyhow::{Context, Result, ensure};
use deepsim::generation::Prior;
use deepsim::picture::{self, Picture};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::TrainedAutoencoder;
use super::autoencoder::{CHUNK, rows};
use crate::measure::reference::matrix;
use crate::system::options::PriorFit;

/// Steps of the fit; later ones change the likelihood in the third digit.
const STEPS: usize = 60;
/// The share of the codes' own covariance at the beginning.
const BEGINNING: f64 = 0.5;
/// Added to the number of pictures of a component, of which there may be none.
const LEAST: f64 = 1e-3;

/// The posteriors of pictures.
#[derive(Debug, Clone)]
pub struct Posteriors {
    /// Means, pictures x numbers.
    means: DMatrix<f64>,
    /// The mean over pictures of each number's variance.
    variances: DVector<f64>,
}

impl Posteriors {
    /// Encodes pictures; returns nothing for a network that is not variational.
    ///
    /// # Errors
    /// If there is no picture, or one is of another side than the network's.
    pub fn of(autoencoder: &TrainedAutoencoder, pictures: &[Picture]) -> Result<Option<Self>> {
        let size = autoencoder.generation.len();
        let (mut means, mut variances) = (Vec::new(), Vec::new());
        for chunk in pictures.chunks(CHUNK) {
            let Some(posterior) = autoencoder.generation.posterior(picture::to_tensor(chunk, &autoencoder.device)?) else {
                return Ok(None);
            };
            means.extend(rows(posterior.mean, size));
            variances.extend(rows(posterior.log_variance.exp(), size));
        }
        Ok(Some(Self { means: matrix(&means)?, variances: matrix(&variances)?.row_mean().transpose() }))
    }
}

/// A mixture of normal distributions with one covariance, while it is fitted.
#[derive(Debug, Clone)]
pub struct Mixture {
    weights: Vec<f64>,
    /// Components x numbers.
    centres: DMatrix<f64>,
    covariance: Cholesky<f64, Dyn>,
}

impl Mixture {
    /// Fits a mixture to posteriors, of one component for each picture at most. A picture counts with its mean; a share of the spread around it is part of
    /// the covariance.
    ///
    /// # Errors
    /// If the share is not between 0 and 1, or a code is not finite.
    pub fn fit(posteriors: &Posteriors, fit: PriorFit) -> Result<Self> {
        let PriorFit { components, spread } = fit;
        ensure!((0.0..=1.0).contains(&spread), "--spread must be between 0 and 1, not {spread}");
        let means = &posteriors.means;
        let (pictures, size) = means.shape();
        let components = components.clamp(1, pictures);
        let spread = DMatrix::from_diagonal(&posteriors.variances) * spread;
        let square = means.tr_mul(means) / pictures as f64; // numbers x numbers
        let mean = means.row_mean();
        let factor = |covariance: DMatrix<f64>| {
            Cholesky::new(covariance)
                .context("the codes have no covariance: some are not finite, or they are too few for so small a `--spread`")
        };
        let mut mixture = Self {
            weights: vec![1.0 / components as f64; components],
            centres: DMatrix::from_fn(components, size, |component, number| means[(component * pictures / components, number)]),
            covariance: factor((&square - mean.tr_mul(&mean)) * BEGINNING + &spread)?,
        };
        for _ in 0..STEPS {
            let mut shares = mixture.log_densities(means); // pictures x components
            for mut row in shares.row_iter_mut() {
                let most = row.max();
                row.apply(|value| *value = (*value - most).exp());
                row /= row.sum();
            }
            let counts: Vec<f64> = shares.column_iter().map(|column| column.sum() + LEAST).collect();
            mixture.centres = shares.tr_mul(means);
            for (mut centre, count) in mixture.centres.row_iter_mut().zip(&counts) {
                centre /= *count;
            }
            let total: f64 = counts.iter().sum();
            mixture.weights = counts.iter().map(|count| count / total).collect();
            let mut covariance = &square + &spread;
            for (centre, weight) in mixture.centres.row_iter().zip(&mixture.weights) {
                covariance -= centre.tr_mul(&centre) * *weight;
            }
            mixture.covariance = factor(covariance)?;
        }
        Ok(mixture)
    }

    /// Returns the mean log-likelihood of the posteriors' means, in nats a picture.
    pub fn log_likelihood(&self, posteriors: &Posteriors) -> f64 {
        let densities = self.log_densities(&posteriors.means); // pictures x components
        let of = |row: nalgebra::RowDVector<f64>| row.max() + row.add_scalar(-row.max()).map(f64::exp).sum().ln();
        densities.row_iter().map(|row| of(row.into_owned())).sum::<f64>() / densities.nrows() as f64
    }

    /// Returns the logarithm of each component's weight and density at codes: codes x components.
    fn log_densities(&self, codes: &DMatrix<f64>) -> DMatrix<f64> {
        let factor = self.covariance.l();
        let whiten = |rows: &DMatrix<f64>| {
            let mut columns = rows.transpose();
            factor.solve_lower_triangular_mut(&mut columns);
            columns // numbers x rows
        };
        let (codes, centres) = (whiten(codes), whiten(&self.centres));
        let squares = |columns: &DMatrix<f64>| columns.column_iter().map(|column| column.norm_squared()).collect::<Vec<_>>();
        let (code_squares, centre_squares) = (squares(&codes), squares(&centres));
        let constant = self.covariance.ln_determinant() + factor.nrows() as f64 * std::f64::consts::TAU.ln();
        let mut densities = codes.tr_mul(&centres); // codes x components
        for (component, mut column) in densities.column_iter_mut().enumerate() {
            let weight = self.weights[component].ln() - 0.5 * (constant + centre_squares[component]);
            for (value, square) in column.iter_mut().zip(&code_squares) {
                *value += weight - 0.5 * square;
            }
        }
        densities
    }

    /// Returns the mixture as codes are drawn from it.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn to_prior(&self) -> Result<Prior> {
        let row_major = |matrix: &DMatrix<f64>| matrix.transpose().iter().map(|&value| value as f32).collect();
        let weights = self.weights.iter().map(|&weight| weight as f32).collect();
        Ok(Prior::new(weights, row_major(&self.centres), row_major(&self.covariance.l()))?)
    }
}

/// Fits the prior of an autoencoder to the codes of pictures; returns nothing without components, or for a network that is not variational.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn fit(autoencoder: &TrainedAutoencoder, pictures: &[Picture], fit: PriorFit) -> Result<Option<Prior>> {
    if fit.components == 0 {
        return Ok(None);
    }
    Posteriors::of(autoencoder, pictures)?.map(|posteriors| Mixture::fit(&posteriors, fit)?.to_prior()).transpose()
}

#[cfg(test)]
mod tests {
    use deepsim::generation::latent;

    use super::*;

    /// Codes of two numbers around two centres.
    fn posteriors(seed: u64) -> Posteriors {
        let code = |place: u64| {
            let noise = latent(seed, place, 0, 2);
            let centre = if place < 100 { 3.0 } else { -1.0 };
            [centre + 0.2 * f64::from(noise[0]), 0.2 * f64::from(noise[1])]
        };
        let rows: Vec<f64> = (0..400).flat_map(code).collect();
        Posteriors { means: DMatrix::from_row_slice(400, 2, &rows), variances: DVector::from_element(2, 0.05) }
    }

    const fn with(components: usize) -> PriorFit {
        PriorFit { components, spread: 1.0 }
    }

    #[test]
    fn two_clusters_are_found() {
        let mixture = Mixture::fit(&posteriors(1), with(2)).unwrap();
        let order = if mixture.centres[(0, 0)] > 0.0 { [0, 1] } else { [1, 0] };
        for (component, centre, weight) in [(order[0], 3.0, 0.25), (order[1], -1.0, 0.75)] {
            assert!(
                (mixture.centres[(component, 0)] - centre).abs() < 0.05 && (mixture.weights[component] - weight).abs() < 0.01,
                "{mixture:?}"
            );
        }
        let covariance = mixture.covariance.l() * mixture.covariance.l().transpose();
        // The clusters' own variance, and that of the posteriors.
        assert!((covariance[(0, 0)] - 0.09).abs() < 0.01 && covariance[(0, 1)].abs() < 0.01, "{covariance}");
    }

    #[test]
    fn codes_that_were_not_seen_are_likelier_in_two_clusters_than_in_one() {
        let [one, two] = [1, 2].map(|components| Mixture::fit(&posteriors(1), with(components)).unwrap().log_likelihood(&posteriors(2)));
        assert!(two > one + 0.5, "{two}, {one}");
    }

    #[test]
    fn one_component_has_the_mean_and_covariance_of_the_codes() {
        let posteriors = posteriors(3);
        let mixture = Mixture::fit(&posteriors, with(1)).unwrap();
        assert!((mixture.centres.row(0) - posteriors.means.row_mean()).norm() < 1e-4);
        assert!((mixture.covariance.l()[(0, 0)].powi(2) - posteriors.means.column(0).variance() - 0.05).abs() < 0.02);
    }

    #[test]
    fn a_share_of_the_posteriors_spread_is_part_of_the_covariance() {
        let posteriors = posteriors(4);
        let variance = |spread| Mixture::fit(&posteriors, PriorFit { spread, ..with(1) }).unwrap().covariance.l()[(0, 0)].powi(2);
        assert!((variance(1.0) - variance(0.2) - 0.8 * 0.05).abs() < 1e-6);
        for spread in [-0.1, 1.1, f64::NAN] {
            assert!(Mixture::fit(&posteriors, PriorFit { spread, ..with(1) }).is_err(), "{spread}");
        }
    }

    #[test]
    fn there_are_no_more_components_than_pictures() {
        let few = Posteriors { means: DMatrix::from_row_slice(2, 2, &[1.0, 0.0, -1.0, 0.0]), variances: DVector::from_element(2, 0.1) };
        assert_eq!(Mixture::fit(&few, with(64)).unwrap().to_prior().unwrap().components(), 2);
    }
}
