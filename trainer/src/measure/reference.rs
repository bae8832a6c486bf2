//! The pictures that drawn ones are measured against: those that a network learned from, and held-out ones.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use deepsim::model_file::ModelFile;
use deepsim::picture::Picture;
use nalgebra::DMatrix;
use serde::Serialize;

use crate::data::builtin::{built_in_of_card, open};
use crate::data::{Dataset, Truncated};
use crate::measure::bootstrap::Estimate;
use crate::measure::distance::{FrechetReference, kernel_distance};
use crate::measure::judge::{Judge, nearest};

/// How far drawn pictures are from others, in the judge's features.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Distances {
    /// Kernel distance to the training pictures.
    pub kernel_training: Estimate,
    /// Kernel distance to the held-out ones.
    pub kernel_held_out: Estimate,
    /// Fréchet distance to the training pictures.
    pub frechet_training: f64,
    /// Fréchet distance to the held-out ones.
    pub frechet_held_out: f64,
}

/// Training pictures and held-out ones, as the judge sees them.
pub struct References {
    /// Features of the training pictures, a row each.
    pub training: DMatrix<f64>,
    /// Features of the held-out pictures, a row each.
    pub held_out: DMatrix<f64>,
    frechet: [FrechetReference; 2],
}

impl References {
    /// Returns whether there are pictures enough to measure distances to.
    pub const fn are_enough(training: &[Picture], held_out: &[Picture]) -> bool {
        training.len() > 3 && held_out.len() > 1
    }

    /// Looks at the pictures.
    ///
    /// # Errors
    /// If a picture cannot be used.
    pub fn new(judge: &Judge, training: &[Picture], held_out: &[Picture]) -> Result<Self> {
        ensure!(Self::are_enough(training, held_out), "a few pictures are not enough to measure distances to");
        eprintln!("looking at {} training pictures and {} held-out ones", training.len(), held_out.len());
        let (training, held_out) = (pooled(judge, training)?, pooled(judge, held_out)?);
        Ok(Self { frechet: [FrechetReference::new(&training), FrechetReference::new(&held_out)], training, held_out })
    }

    /// Returns the distances of pictures with these features.
    pub fn measure(&self, features: &DMatrix<f64>) -> Distances {
        Distances {
            kernel_training: kernel_distance(features, &self.training),
            kernel_held_out: kernel_distance(features, &self.held_out),
            frechet_training: self.frechet[0].distance(features),
            frechet_held_out: self.frechet[1].distance(features),
        }
    }

    /// Returns the distance between two halves of the training pictures, which nothing can be expected to fall below.
    pub fn floor(&self) -> Distances {
        let half = |odd: usize| -> DMatrix<f64> {
            let rows: Vec<_> = self.training.row_iter().skip(odd).step_by(2).collect();
            DMatrix::from_rows(&rows)
        };
        let (even, odd) = (half(0), half(1));
        Distances {
            kernel_training: kernel_distance(&even, &odd),
            frechet_training: FrechetReference::new(&even).distance(&odd),
            ..self.measure(&odd)
        }
    }

    /// Returns for each row of features the index of the nearest training picture.
    pub fn nearest<'a>(&'a self, features: &'a DMatrix<f64>) -> impl Iterator<Item = usize> + 'a {
        features.row_iter().map(|row| nearest(&self.training, &row.transpose()))
    }

    /// Returns the median over pictures of the distance to the nearest training picture. Copies are nearer than held-out pictures are.
    pub fn median_to_nearest(&self, features: &DMatrix<f64>) -> f64 {
        let distance = |(row, nearest): (usize, usize)| (features.row(row) - self.training.row(nearest)).norm();
        let mut distances: Vec<f64> = self.nearest(features).enumerate().map(distance).collect();
        distances.sort_by(f64::total_cmp);
        distances.get(distances.len() / 2).copied().unwrap_or(0.0)
    }
}

/// Returns the judge's features of pictures, a row each.
///
/// # Errors
/// If there is no picture, or one cannot be used.
pub fn pooled(judge: &Judge, pictures: &[Picture]) -> Result<DMatrix<f64>> {
    matrix(&judge.pooled(pictures)?)
}

/// Converts rows to a matrix.
///
/// # Errors
/// If there is none.
pub fn matrix(rows: &[Vec<f32>]) -> Result<DMatrix<f64>> {
    let width = rows.first().context("no picture")?.len();
    Ok(DMatrix::from_row_iterator(rows.len(), width, rows.iter().flatten().map(|&value| f64::from(value))))
}

/// Opens the training pictures and the held-out ones of models: those that are named, or the built-in ones that the models' cards name.
///
/// # Errors
/// If they cannot be found, or the models learned from different ones.
pub fn data(training: &[PathBuf], held_out: &[PathBuf], files: &[ModelFile]) -> Result<(Dataset, Dataset)> {
    if !training.is_empty() {
        return open(training, held_out, Truncated::Refused);
    }
    let learned_from = |file: &ModelFile| file.card().training.as_ref().map(|training| training.data.clone());
    let first =
        files.first().and_then(learned_from).context("the model's card does not say what it learned from: give --training and --data")?;
    ensure!(
        files.iter().all(|file| learned_from(file).as_ref() == Some(&first)),
        "the models learned from different pictures: give --training"
    );
    match built_in_of_card(&first) {
        Some(name) => open(&[name.into()], held_out, Truncated::Refused),
        None => bail!("the model learned from {first}, which is not built in: give --training and --data"),
    }
}
