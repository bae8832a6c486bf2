//! What the judge says of pictures: EfficientNet-Lite0, which no loss has seen.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Device;
use burn::tensor::activation::softmax;
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::picture::{self, Picture};
use nalgebra::{DMatrix, DVector};

use super::rows_of;
use crate::models;

/// The side that it was trained at.
const SIDE: usize = 224;
/// Pictures judged at a time.
const CHUNK: usize = 16;

/// The judge, on a device.
#[derive(Debug)]
pub struct Judge {
    network: EfficientNet,
    device: Device,
}

/// The judge's opinion of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Pooled features, 1280.
    pub pooled: Vec<f32>,
    /// The five likeliest classes, likeliest first, in ImageNet's order of classes.
    pub classes: [usize; 5],
}

impl Judge {
    /// Reads the judge with the project's weights.
    ///
    /// # Errors
    /// If its model file cannot be found or used.
    pub fn open(device: &Device) -> Result<Self> {
        Ok(Self { network: models::efficientnet(device)?.no_grad(), device: device.clone() })
    }

    /// Returns the pooled features of each picture, resized to the side that it was trained at, 1280 numbers.
    ///
    /// # Errors
    /// If a picture cannot be resized.
    pub fn pooled(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>> {
        let mut pooled = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(CHUNK) {
            pooled.extend(self.opinions(chunk)?.into_iter().map(|opinion| opinion.pooled));
        }
        Ok(pooled)
    }

    /// Judges each picture, resized to the side that the network was trained at.
    ///
    /// # Errors
    /// If there is no picture.
    pub fn opinions(&self, pictures: &[Picture]) -> Result<Vec<Opinion>> {
        let resized = pictures.iter().map(|picture| picture.centre_crop(SIDE)).collect::<Result<Vec<_>, _>>()?;
        let judgement = self.network.judge(picture::to_tensor(&resized, &self.device)?);
        let opinion = |(pooled, logits): (Vec<f32>, Vec<f32>)| Opinion { pooled, classes: likeliest(&logits) };
        Ok(rows_of(judgement.pooled).into_iter().zip(rows_of(judgement.logits)).map(opinion).collect())
    }

    /// Returns the probabilities of the classes for each picture, the whole of it resized to the square that the network was trained at, 1000 numbers.
    ///
    /// # Errors
    /// If a picture cannot be resized.
    pub fn probabilities(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>> {
        let mut probabilities = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(CHUNK) {
            let resized = chunk.iter().map(|picture| picture.resized(SIDE, SIDE)).collect::<Result<Vec<_>, _>>()?;
            let logits = self.network.judge(picture::to_tensor(&resized, &self.device)?).logits; // [chunk, 1000]
            probabilities.extend(rows_of(softmax(logits, 1)));
        }
        Ok(probabilities)
    }
}

/// Returns the row of `features` that is nearest to these.
///
/// # Panics
/// If there is no row.
pub fn nearest(features: &DMatrix<f64>, to: &DVector<f64>) -> usize {
    let distances: Vec<f64> = features.row_iter().map(|row| (row.transpose() - to).norm_squared()).collect();
    (0..distances.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).expect("a set of pictures is not empty")
}

fn likeliest(logits: &[f32]) -> [usize; 5] {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    std::array::from_fn(|place| order[place])
}

/// Returns the cosine of the angle between two vectors; 0 if one of them is nothing.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_classes_come_in_order() {
        assert_eq!(likeliest(&[0.1, 3.0, -1.0, 2.0, 0.2, 0.0, 9.0]), [6, 1, 3, 4, 0]);
    }

    #[test]
    fn cosines_of_known_angles() {
        for (a, b, wanted) in [([1.0, 0.0], [2.0, 0.0], 1.0), ([1.0, 0.0], [0.0, 3.0], 0.0), ([1.0, 1.0], [1.0, 0.0], 0.5f64.sqrt())] {
            assert!((cosine(&a, &b) - wanted).abs() < 1e-7);
        }
        assert_eq!(cosine(&[0.0; 2], &[1.0; 2]), 0.0);
    }
}
