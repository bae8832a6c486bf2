//! How good enlargements are, as papers on super-resolution measure them: PSNR and SSIM of the luma, four pixels shaved off each border; and in the
//! judge's features and classes.

use anyhow::{Result, ensure};
use deepsim::Picture;
use deepsim::nets::upscaler::FACTOR;
use serde::Serialize;

use crate::measure::bootstrap::{Estimate, estimate};
use crate::measure::distance;
use crate::measure::judge::Judge;
use crate::measure::ssim::ssim_of_planes;

/// Pixels shaved off each border.
const SHAVED: usize = FACTOR;

/// Large pictures, the small ones that are enlarged, and what the judge says of the former.
pub struct Pairs {
    /// The large pictures, their sides multiples of four.
    pub large: Vec<Picture>,
    /// Each at a quarter of its sides, reduced by the antialiased bicubic filter.
    pub small: Vec<Picture>,
    pooled: Vec<Vec<f32>>,
    probabilities: Vec<Vec<f32>>,
    /// The mean distance between two large pictures in the judge's features; a single one has none.
    spread: Option<f64>,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measures {
    /// Pictures measured.
    pub pictures: usize,
    /// Peak signal-to-noise ratio of the luma, dB.
    pub psnr: Estimate,
    /// Structural similarity of the luma.
    pub ssim: Estimate,
    /// Normalised error in the judge's features; nothing for a single picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<Estimate>,
    /// Error in the judge's class probabilities, over their length for the large picture.
    pub classes: Estimate,
}

impl Pairs {
    /// Prepares pictures, cropped to sides that are multiples of four.
    ///
    /// # Errors
    /// If there is none, or one is too small.
    pub fn new(pictures: &[Picture], judge: &Judge) -> Result<Self> {
        ensure!(!pictures.is_empty(), "measuring needs held-out pictures");
        let cropped = |picture: &Picture| {
            let whole = |length: usize| length / FACTOR * FACTOR;
            picture.part(0..whole(picture.width()), 0..whole(picture.height()))
        };
        let large = pictures.iter().map(cropped).collect::<Result<Vec<_>, _>>()?;
        let small = large.iter().map(reduced).collect::<Result<Vec<_>>>()?;
        let pooled = judge.pooled(&large)?;
        let distances = (0..pooled.len()).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| distance(&pooled[i], &pooled[j]));
        let (sum, count) = distances.fold((0.0, 0), |(sum, count), distance| (sum + distance, count + 1));
        let probabilities = judge.probabilities(&large)?;
        Ok(Self { large, small, pooled, probabilities, spread: (count > 0).then(|| sum / f64::from(count)) })
    }

    /// Measures enlargements of the small pictures.
    ///
    /// # Errors
    /// If one has another size than its large picture.
    pub fn measure(&self, enlarged: &[Picture], judge: &Judge) -> Result<Measures> {
        let [mut psnrs, mut ssims] = [const { Vec::new() }; 2];
        for (large, enlarged) in self.large.iter().zip(enlarged) {
            let size = (large.width(), large.height());
            ensure!(size == (enlarged.width(), enlarged.height()), "an enlargement of another size than its picture");
            let (wanted, width, height) = shaved_luma(large)?;
            let (found, ..) = shaved_luma(enlarged)?;
            let error = wanted.iter().zip(&found).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / wanted.len() as f64;
            psnrs.push(10.0 * (255.0f64.powi(2) / error).log10());
            ssims.push(ssim_of_planes(&wanted, &found, width, height));
        }
        let pooled = judge.pooled(enlarged)?;
        let errors = |spread: f64| self.pooled.iter().zip(&pooled).map(|(a, b)| distance(a, b) / spread).collect::<Vec<f64>>();
        let probabilities = judge.probabilities(enlarged)?;
        let classes = self.probabilities.iter().zip(&probabilities).map(|(a, b)| distance(a, b) / length(a));
        Ok(Measures {
            pictures: enlarged.len(),
            psnr: estimate(&psnrs, 1),
            ssim: estimate(&ssims, 1),
            judge: self.spread.map(|spread| estimate(&errors(spread), 1)),
            classes: estimate(&classes.collect::<Vec<_>>(), 1),
        })
    }
}

/// Returns a picture reduced to a quarter of its sides, antialiased and bicubic.
///
/// # Errors
/// If a side has fewer than four pixels.
pub fn reduced(picture: &Picture) -> Result<Picture> {
    Ok(picture.resized(picture.width() / FACTOR, picture.height() / FACTOR)?)
}

/// Returns the luma of a picture without its border, and its width and height: Y' of ITU-R BT.601, 16 to 235, as the literature on
/// super-resolution takes it.
fn shaved_luma(picture: &Picture) -> Result<(Vec<f64>, usize, usize)> {
    let part = picture.part(SHAVED..picture.width().saturating_sub(SHAVED), SHAVED..picture.height().saturating_sub(SHAVED))?;
    let luma = |rgb: &[u8]| 16.0 + (65.481 * f64::from(rgb[0]) + 128.553 * f64::from(rgb[1]) + 24.966 * f64::from(rgb[2])) / 255.0;
    Ok((part.rgb().chunks_exact(3).map(luma).collect(), part.width(), part.height()))
}

fn length(a: &[f32]) -> f64 {
    a.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::data::builtin::open_held_out;

    #[test]
    fn a_picture_itself_has_no_errors_and_a_flat_one_has_large_ones() {
        let judge = Judge::open(&Device::flex()).unwrap();
        let held_out = open_held_out(&[]).unwrap();
        let pairs = Pairs::new(&[held_out.picture(0).unwrap(), held_out.picture(1).unwrap()], &judge).unwrap();
        let same = pairs.measure(&pairs.large, &judge).unwrap();
        assert_eq!((same.judge.unwrap().mean, same.classes.mean), (0.0, 0.0));
        let grey: Vec<Picture> = pairs.large.iter().map(|large| large.clone().map_pixels(|_| [128; 3])).collect();
        let flat = pairs.measure(&grey, &judge).unwrap();
        assert!(flat.judge.unwrap().mean > 0.5 && flat.classes.mean > 0.5, "{flat:?}");
    }
}
