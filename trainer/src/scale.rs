//! The scale of a layer's features: the root of their mean square over the training pictures.

use anyhow::Result;
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::loss::ScaledLayer;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture;

use crate::data::Dataset;
use crate::data::builtin::crops;

/// Training pictures measured, at most: more change the scale by less than a percent.
const MOST: usize = 128;
/// Pictures measured at a time.
const CHUNK: usize = 16;

/// Measures layers on centre crops of training pictures.
///
/// # Errors
/// If no picture can be read.
pub fn measure_scales(dataset: &Dataset, encoder: &SqueezeNet, layers: &[Layer], side: usize, device: &Device) -> Result<Vec<ScaledLayer>> {
    let pictures = crops(dataset, MOST, side)?;
    let mut sums = vec![0.0; layers.len()];
    for chunk in pictures.chunks(CHUNK) {
        let features = encoder.features_of(picture::to_tensor(chunk, device)?, layers);
        for (sum, features) in sums.iter_mut().zip(features) {
            let mean = features.square().mean().into_scalar::<f32>();
            *sum += f64::from(mean) * chunk.len() as f64;
        }
    }
    // An f32 has more digits than the measurement.
    let scale = |sum: f64| ((sum / pictures.len() as f64).sqrt() as f32).max(f32::MIN_POSITIVE);
    Ok(layers.iter().zip(sums).map(|(&layer, sum)| ScaledLayer { layer, scale: scale(sum) }).collect())
}
