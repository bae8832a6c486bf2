//! Pictures that know only the first two moments of a data set: what a network's samples must be better than.

use anyhow::{Context, Result};
use deepsim::Picture;
use deepsim::generation::latent;
use deepsim::picture;
use nalgebra::{DMatrix, SymmetricEigen};

/// Separates these draws from those of samples.
const SEED: u64 = 0xce11;
/// Pictures that a distribution is fitted to, at most: its rank is one less.
const MOST: usize = 1000;

/// A normal distribution over the pixels of pictures.
pub struct PixelNormal {
    mean: Vec<f32>,
    /// Rows that, weighted with standard normal numbers and summed, are a draw without its mean; the widest first.
    axes: Vec<Vec<f32>>,
    side: usize,
}

impl PixelNormal {
    /// Fits the distribution to pictures of one size, to some of them if there are many.
    ///
    /// # Errors
    /// If there is no picture.
    pub fn fit(pictures: &[Picture]) -> Result<Self> {
        let count = pictures.len().min(MOST);
        let chosen: Vec<Picture> = (0..count).map(|place| pictures[place * pictures.len() / count].clone()).collect();
        let side = chosen.first().context("no picture")?.width();
        let width = 3 * side * side;
        let values: Vec<f32> = picture::to_data(&chosen)?.iter().collect();
        let mut rows = DMatrix::from_row_iterator(count, width, values);
        let mean = rows.row_mean();
        for mut row in rows.row_iter_mut() {
            row -= &mean;
        }
        // The principal axes from the products of pictures, which are fewer than pixels.
        let products = (&rows * rows.transpose()) / (count.max(2) - 1) as f32;
        let eigen = SymmetricEigen::new(products.map(f64::from));
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        // An axis of length sqrt(eigenvalue) is rows' * eigenvector / sqrt(count - 1).
        let shrink = ((count.max(2) - 1) as f64).sqrt();
        let axis = |&at: &usize| {
            let shares = eigen.eigenvectors.column(at).map(|value| (value / shrink) as f32);
            rows.tr_mul(&shares).iter().copied().collect()
        };
        Ok(Self { mean: mean.iter().copied().collect(), axes: order.iter().map(axis).collect(), side })
    }

    /// Returns `count` samples of the distribution in its first `axes` dimensions, clipped to the range of pictures.
    ///
    /// # Errors
    /// Only if the numbers make no picture.
    pub fn draw(&self, count: usize, axes: usize) -> Result<Vec<Picture>> {
        let axes = &self.axes[..axes.min(self.axes.len())];
        let drawn = (0..count as u64).map(|place| {
            let mut values = self.mean.clone();
            for (axis, amount) in axes.iter().zip(latent(SEED, place, 0, axes.len())) {
                for (value, along) in values.iter_mut().zip(axis) {
                    *value += amount * along;
                }
            }
            let data = burn::tensor::TensorData::new(values, [1, 3, self.side, self.side]);
            picture::from_data(&data)?.pop().context("one picture")
        });
        drawn.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_the_pictures() {
        // One grey value a picture, 96 to 160: mean 128, standard deviation about 19.
        let pictures: Vec<Picture> = (0..65).map(|value| Picture::from_rgb(4, 4, vec![96 + value; 48]).unwrap()).collect();
        let drawn = PixelNormal::fit(&pictures).unwrap().draw(2000, usize::MAX).unwrap();
        assert!(
            drawn.iter().all(|picture| picture.rgb().iter().all(|value| value.abs_diff(picture.rgb()[0]) <= 1)),
            "all pixels move as one"
        );
        let values: Vec<f64> = drawn.iter().map(|picture| f64::from(picture.rgb()[0])).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert!((mean - 128.0).abs() < 2.0 && (deviation - 18.9).abs() < 1.0, "{mean} {deviation}");
    }
}
