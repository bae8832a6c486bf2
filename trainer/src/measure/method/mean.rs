//! The training set's mean picture, whatever the features: what knowing nothing of the picture gives.

use anyhow::Result;
use deepsim::Picture;

use super::Method;
use crate::data::Dataset;
use crate::data::builtin::crops;

/// One picture for all.
#[derive(Debug)]
pub struct MeanPicture(Picture);

impl MeanPicture {
    /// Computes the mean of the centre crops of all training pictures, `side` pixels a side.
    ///
    /// # Errors
    /// If none can be read.
    pub fn of(dataset: &Dataset, side: usize) -> Result<Self> {
        let crops = crops(dataset, usize::MAX, side)?;
        let mut sums = vec![0u64; side * side * 3];
        for crop in &crops {
            for (sum, value) in sums.iter_mut().zip(crop.rgb()) {
                *sum += u64::from(*value);
            }
        }
        let count = crops.len() as u64;
        // A mean of bytes is a byte.
        let rgb = sums.into_iter().map(|sum| ((sum + count / 2) / count) as u8).collect();
        Ok(Self(Picture::from_rgb(side, side, rgb)?))
    }
}

impl Method for MeanPicture {
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>> {
        Ok(vec![self.0.clone(); pictures.len()])
    }
}
