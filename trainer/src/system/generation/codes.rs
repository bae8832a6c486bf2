//! The distribution of the codes of pictures: their principal directions, how many of their numbers are used, and how far they are from the prior.

use anyhow::Result;
use burn::tensor::Tensor;
use deepsim::model_file::{Codes, Direction};
use deepsim::picture::{self, Picture};
use nalgebra::SymmetricEigen;

use super::autoencoder::{CHUNK, TrainedAutoencoder, rows};
use crate::measure::reference::matrix;

/// Principal directions that a card keeps.
const DIRECTIONS: usize = 8;
/// The variance of a number's mean over pictures above which it is used (Burda, Grosse & Salakhutdinov 2016, section 5.2).
const ACTIVE: f64 = 0.01;

/// Returns the mean of the codes of pictures, and their widest directions.
///
/// # Errors
/// If there is no picture, or one is of another side than the network's.
pub fn principal(autoencoder: &TrainedAutoencoder, pictures: &[Picture]) -> Result<Codes> {
    let codes = matrix(&autoencoder.encode(pictures)?)?; // pictures x numbers
    let mean = codes.row_mean();
    let mut centred = codes;
    for mut row in centred.row_iter_mut() {
        row -= &mean;
    }
    let covariance = centred.tr_mul(&centred) / centred.nrows() as f64;
    let eigen = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    // A card is text: four digits are enough to move along.
    let short = |value: f64| (value * 1e4).round() as f32 / 1e4;
    let direction = |&place: &usize| {
        let column = eigen.eigenvectors.column(place);
        // An eigenvector has no sign of its own; this one does not depend on the solver's mood.
        let sign = if column[column.iamax()] < 0.0 { -1.0 } else { 1.0 };
        let vector = column.iter().map(|value| short(value * sign)).collect();
        Direction { deviation: short(eigen.eigenvalues[place].max(0.0).sqrt()), vector }
    };
    Ok(Codes { mean: mean.iter().map(|&value| short(value)).collect(), directions: order.iter().take(DIRECTIONS).map(direction).collect() })
}

/// Measures of the distributions of the codes of pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Divergence from the standard normal, nats a picture.
    pub nats: f64,
    /// Numbers whose mean differs from picture to picture.
    pub active: usize,
}

/// Returns the spread of a variational network's codes over pictures; nothing for another network.
///
/// # Errors
/// If there is no picture, or one is of another side than the network's.
pub fn spread(autoencoder: &TrainedAutoencoder, pictures: &[Picture]) -> Result<Option<Spread>> {
    let (mut nats, mut means) = (0.0, Vec::new());
    for chunk in pictures.chunks(CHUNK) {
        let Some(posterior) = autoencoder.generation.posterior(picture::to_tensor(chunk, &autoencoder.device)?) else {
            return Ok(None);
        };
        let divergence: Tensor<1> = posterior.divergence().sum(); // [1]
        nats += f64::from(divergence.into_scalar::<f32>());
        means.extend(rows(posterior.mean, autoencoder.generation.len()));
    }
    let means = matrix(&means)?; // pictures x latent
    let active = means.column_iter().filter(|column| column.variance() > ACTIVE).count();
    Ok(Some(Spread { nats: nats / pictures.len() as f64, active }))
}
