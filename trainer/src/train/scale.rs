//! The scale of a layer's features: the root of their mean square over the training pictures.

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use deepsim::comparator::ScaledPlace;
use deepsim::picture;

use crate::config::Config;
use crate::data::Dataset;
use crate::data::builtin::crops;
use crate::models;

/// Training pictures measured, at most: more change the scale by less than a percent.
const MOST: usize = 128;
/// Pictures measured at a time.
const CHUNK: usize = 16;

/// Measures what `features` gives for centre crops of training pictures, one number for each of its tensors.
///
/// # Errors
/// If no picture can be read.
pub fn measure_scales(dataset: &Dataset, features: impl Fn(Tensor<4>) -> Vec<Tensor<4>>, side: usize, device: &Device) -> Result<Vec<f32>> {
    let pictures = crops(dataset, MOST, side)?;
    let mut sums = Vec::new();
    for chunk in pictures.chunks(CHUNK) {
        let features = features(picture::to_tensor(chunk, device)?); // each [batch, channels, grid, grid]
        sums.resize(features.len(), 0.0);
        for (sum, features) in sums.iter_mut().zip(features) {
            let mean = features.square().mean().into_scalar::<f32>();
            *sum += f64::from(mean) * chunk.len() as f64;
        }
    }
    // An f32 has more digits than the measurement.
    let scale = |sum: f64| ((sum / pictures.len() as f64).sqrt() as f32).max(f32::MIN_POSITIVE);
    Ok(sums.into_iter().map(scale).collect())
}

/// Returns the comparator's places with measured scales.
pub fn scaled_places(config: &Config, dataset: &Dataset, device: &Device) -> Result<Vec<ScaledPlace>> {
    let unscaled: Vec<_> = config.places().into_iter().map(|place| ScaledPlace { place, scale: 1.0 }).collect();
    if unscaled.is_empty() {
        return Ok(unscaled);
    }
    let comparator = models::comparator(config.network(), &unscaled, device)?;
    let scales = measure_scales(dataset, |pictures| comparator.features(pictures), config.size, device)?;
    Ok(unscaled.into_iter().zip(scales).map(|(place, scale)| ScaledPlace { scale, ..place }).collect())
}
