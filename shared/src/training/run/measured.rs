//! What a run has learned so far: held-out pictures and their inversions, errors, and the model file.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{COMPARATOR, Run, RunError};
use crate::Picture;
use crate::lab::Errors;
use crate::loss::mean_square;
use crate::model_file::{Card, HeldOut, InverterCard, Kind, ModelFile, Precision, Training};
use crate::nets::inverter::Inverter;
use crate::picture;
use crate::training::numbers::{numbers_of, with_numbers};

/// Held-out pictures inverted by the averaged weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The inversions, in the order of the pictures.
    pub inversions: Vec<Picture>,
    /// Their errors, over all pictures at once.
    pub errors: Errors,
    /// The mean peak signal-to-noise ratio, dB.
    pub psnr: f32,
}

impl Run {
    /// Returns the held-out pictures at the size of the crops.
    ///
    /// # Errors
    /// If one cannot be resized.
    pub fn held_out(&self) -> Result<Vec<Picture>, RunError> {
        Ok(self.pictures.held_out.iter().map(|picture| picture.centre_crop(self.options.size)).collect::<Result<_, _>>()?)
    }

    /// Inverts the held-out pictures with the average of the weights.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn measure(&self) -> Result<Measured, RunError> {
        let pictures = picture::to_tensor(&self.held_out()?, &self.device)?; // [batch, 3, size, size]
        let features = self.features(pictures.clone()); // [batch, channels, grid, grid]
        let inverted = self.state()?.average.module().forward(features.clone()); // [batch, 3, size, size]
        let each = (inverted.clone() - pictures.clone()).square().mean_dims(&[1, 2, 3]); // [batch, 1, 1, 1]
        let [count, ..] = pictures.dims();
        let row = Tensor::cat(vec![self.squares(pictures, features, inverted.clone()), each.reshape([count])], 0); // [4 + batch]
        let row: Vec<f32> = row.into_data_async().await?.iter().collect();
        let inversions = picture::from_data(&inverted.into_data_async().await?)?;
        // Pictures have a range of 2.
        let decibels = row.iter().skip(4).map(|square| 10.0 * (4.0 / square.max(1e-10)).log10());
        Ok(Measured { inversions, errors: errors_in(&row), psnr: decibels.sum::<f32>() / count as f32 })
    }

    /// Returns the errors of the mean of the training pictures in place of an inversion: what knows nothing of the features.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn mean_picture_errors(&self) -> Result<Errors, RunError> {
        let size = self.options.size;
        let mut sum: Option<Tensor<4>> = None;
        for picture in &self.pictures.training {
            let one = picture::to_tensor(&[picture.centre_crop(size)?], &self.device)?; // [1, 3, size, size]
            sum = Some(match sum {
                Some(sum) => sum + one,
                None => one,
            });
        }
        let pictures = picture::to_tensor(&self.held_out()?, &self.device)?; // [batch, 3, size, size]
        let mean = sum.ok_or_else(|| RunError::Options("no pictures".into()))?.div_scalar(self.pictures.training.len() as f64); // [1, 3, size, size]
        let [count, ..] = pictures.dims();
        let mean = mean.expand([count, 3, size, size]); // [batch, 3, size, size]
        let features = self.features(pictures.clone()); // [batch, channels, grid, grid]
        let row: Vec<f32> = self.squares(pictures, features, mean).into_data_async().await?.iter().collect();
        Ok(errors_in(&row))
    }

    /// Returns the model file of the averaged weights, with a card that says how they came about.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn export(&self) -> Result<ModelFile, RunError> {
        let Measured { inversions, errors, psnr } = self.measure().await?;
        let options = self.options;
        let layer = options.shape.layer;
        let held_out = HeldOut {
            pictures: inversions.len(),
            side: options.size,
            psnr: psnr.into(),
            ssim: None,
            errors: BTreeMap::from([("picture".to_owned(), errors.picture.into()), (layer.name().to_owned(), errors.feature.into())]),
            cosine: None,
            grid: None,
            nats: None,
        };
        let before = self.started_from.as_ref().map_or(0, |training| training.pictures_seen);
        let training = Training {
            data: self.pictures.name.clone(),
            pictures_seen: before + self.step * options.batch as u64,
            size: options.size,
            batch: options.batch,
            seed: options.seed,
            learning_rate: self.rate,
            optimizer: None,
            translation: false,
            weights: self.setup.loss.weights(),
            network: COMPARATOR,
            comparator: self.places.clone(),
            divergence: None,
            draws: false,
            mean_with: Vec::new(),
            started_from: self.started_from.clone().map(Box::new),
        };
        let kind = Kind::Inverter(InverterCard { shape: options.shape, feature_scale: self.setup.scale });
        let card = Card { training: Some(training), held_out: vec![held_out], ..Card::new(kind) };
        let weights = numbers_of(self.state()?.average.module()).await?;
        let inverter = Inverter::new(options.shape, &Device::flex());
        let inverter = with_numbers(inverter, &weights).ok_or_else(|| RunError::Saved("weights of another shape".into()))?;
        Ok(ModelFile::from_module(&inverter.no_grad(), card, Precision::F16))
    }

    /// Returns the scaled features `[batch, channels, grid, grid]` of pictures `[batch, 3, side, side]` at the inverted layer.
    fn features(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.setup.encoder.features(pictures, self.setup.layer).div_scalar(self.setup.scale)
    }

    /// Returns the mean squares of the pixels' error, of the pixels, of the features' error and of the features, `[4]`.
    fn squares(&self, pictures: Tensor<4>, features: Tensor<4>, inverted: Tensor<4>) -> Tensor<1> {
        let found = self.features(inverted.clone()); // [batch, channels, grid, grid]
        let squares =
            [mean_square(inverted - pictures.clone()), mean_square(pictures), mean_square(found - features.clone()), mean_square(features)];
        Tensor::cat(squares.into(), 0)
    }
}

/// Returns the relative errors that the four mean squares of [`Run::squares`] give.
fn errors_in(squares: &[f32]) -> Errors {
    let ratio = |error: usize, whole: usize| match (squares.get(error), squares.get(whole)) {
        (Some(error), Some(whole)) => (error / whole.max(f32::MIN_POSITIVE)).sqrt(),
        _ => f32::NAN,
    };
    Errors { picture: ratio(0, 1), feature: ratio(2, 3) }
}
