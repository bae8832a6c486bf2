//! How far one set of pictures is from another, in the judge's pooled features: a row of numbers for each picture.
//!
//! Two distances. The *kernel distance* (KID, Binkowski et al. 2018) has an unbiased estimate, so sets of a few hundred can be compared. The
//! *Fréchet distance* (FID, Heusel et al. 2017) is that of two normal distributions; so few pictures do not carry a covariance of 1280
//! dimensions, so here it is taken in the first principal components of the pictures that the others are compared with.

use deepsim::random::generator_at;
use nalgebra::{DMatrix, DVector, RowDVector, SymmetricEigen};
use rand::RngExt;

use crate::measure::bootstrap::Estimate;

/// Principal components of the Fréchet distance.
const COMPONENTS: usize = 64;
/// Resamples behind an interval.
const RESAMPLES: usize = 200;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0x61d;

/// Returns the unbiased estimate of the squared maximum mean discrepancy with the cubic polynomial kernel `(x . y / d + 1)^3`, and the
/// interval that holds it with 95 % confidence: bootstrap over the pictures of both sets. Below zero it may fall for sets of one
/// distribution.
///
/// Both sets have at least two rows, of one width.
pub fn kernel_distance(a: &DMatrix<f64>, b: &DMatrix<f64>) -> Estimate {
    let kernel = |x: &DMatrix<f64>, y: &DMatrix<f64>| {
        let width = x.ncols() as f64;
        (x * y.transpose()).map(|product| (product / width + 1.0).powi(3))
    };
    let (within_a, within_b, between) = (kernel(a, a), kernel(b, b), kernel(a, b));
    // How often each picture was drawn: once each is the estimate itself. A picture is never compared with itself.
    let of_weights = |left: &DVector<f64>, right: &DVector<f64>| {
        let within = |kernel: &DMatrix<f64>, weights: &DVector<f64>| {
            let squares = weights.component_mul(weights);
            let pairs = weights.sum().powi(2) - squares.sum();
            (weights.dot(&(kernel * weights)) - squares.dot(&kernel.diagonal())) / pairs
        };
        let mean = left.dot(&(&between * right)) / (left.sum() * right.sum());
        within(&within_a, left) + within(&within_b, right) - 2.0 * mean
    };
    let mut random = generator_at(0, PURPOSE, 0);
    let mut resample = |count: usize| {
        let mut weights = DVector::zeros(count);
        for _ in 0..count {
            weights[random.random_range(0..count)] += 1.0;
        }
        weights
    };
    let mut drawn: Vec<f64> = (0..RESAMPLES).map(|_| of_weights(&resample(a.nrows()), &resample(b.nrows()))).collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[((RESAMPLES - 1) as f64 * share).round() as usize];
    let ones = |count| DVector::from_element(count, 1.0);
    Estimate { mean: of_weights(&ones(a.nrows()), &ones(b.nrows())), low: at(0.025), high: at(0.975) }
}

/// The pictures that others are compared with by the Fréchet distance.
#[derive(Debug)]
pub struct FrechetReference {
    mean: RowDVector<f64>,
    /// Columns are principal components.
    basis: DMatrix<f64>,
    /// What the reference itself is in them.
    normal: Normal,
}

/// A normal distribution.
#[derive(Debug)]
struct Normal {
    mean: RowDVector<f64>,
    covariance: DMatrix<f64>,
}

impl FrechetReference {
    /// Prepares the distance to features of pictures, at least two rows.
    pub fn new(features: &DMatrix<f64>) -> Self {
        let mean = features.row_mean();
        let all = covariance(features, &mean);
        let eigen = SymmetricEigen::new(all);
        let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let kept: Vec<_> = order.iter().take(COMPONENTS.min(features.nrows() - 1)).map(|&at| eigen.eigenvectors.column(at)).collect();
        let basis = DMatrix::from_columns(&kept);
        let normal = normal(&project(features, &mean, &basis));
        Self { mean, basis, normal }
    }

    /// Returns the distance of other pictures: `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`.
    pub fn distance(&self, features: &DMatrix<f64>) -> f64 {
        let other = normal(&project(features, &self.mean, &self.basis));
        let root = square_root(&self.normal.covariance);
        // The eigenvalues of C1 C2 are those of this symmetric matrix.
        let product = SymmetricEigen::new(&root * &other.covariance * &root).eigenvalues;
        let joint: f64 = product.iter().map(|value| value.max(0.0).sqrt()).sum();
        (&self.normal.mean - &other.mean).norm_squared() + self.normal.covariance.trace() + other.covariance.trace() - 2.0 * joint
    }
}

fn project(features: &DMatrix<f64>, mean: &RowDVector<f64>, basis: &DMatrix<f64>) -> DMatrix<f64> {
    let mut centred = features.clone();
    for mut row in centred.row_iter_mut() {
        row -= mean;
    }
    centred * basis
}

fn normal(features: &DMatrix<f64>) -> Normal {
    let mean = features.row_mean();
    Normal { covariance: covariance(features, &mean), mean }
}

fn covariance(features: &DMatrix<f64>, mean: &RowDVector<f64>) -> DMatrix<f64> {
    let mut centred = features.clone();
    for mut row in centred.row_iter_mut() {
        row -= mean;
    }
    centred.tr_mul(&centred) / (features.nrows() - 1) as f64
}

fn square_root(symmetric: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(symmetric.clone());
    let roots = DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| value.max(0.0).sqrt()));
    &eigen.eigenvectors * roots * eigen.eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns rows of uncorrelated numbers of mean `shift` and standard deviation `scale`.
    fn draws(seed: u64, rows: usize, width: usize, shift: f64, scale: f64) -> DMatrix<f64> {
        let values = deepsim::generation::latent(seed, 0, 0, rows * width);
        DMatrix::from_iterator(rows, width, values.into_iter().map(|value| f64::from(value) * scale + shift))
    }

    #[test]
    fn the_kernel_distance_is_its_definition() {
        let (a, b) = (draws(1, 5, 3, 0.0, 1.0), draws(2, 4, 3, 1.0, 1.0));
        let kernel = |x: &DMatrix<f64>, i: usize, y: &DMatrix<f64>, j: usize| (x.row(i).dot(&y.row(j)) / 3.0 + 1.0).powi(3);
        let mean = |x: &DMatrix<f64>, y: &DMatrix<f64>, own: bool| {
            let pairs: Vec<f64> = (0..x.nrows())
                .flat_map(|i| (0..y.nrows()).map(move |j| (i, j)))
                .filter(|(i, j)| !own || i != j)
                .map(|(i, j)| kernel(x, i, y, j))
                .collect();
            pairs.iter().sum::<f64>() / pairs.len() as f64
        };
        let wanted = mean(&a, &a, true) + mean(&b, &b, true) - 2.0 * mean(&a, &b, false);
        assert!((kernel_distance(&a, &b).mean - wanted).abs() < 1e-12);
    }

    #[test]
    fn the_interval_holds_zero_for_one_distribution_and_not_for_two() {
        let (a, same, other) = (draws(1, 150, 6, 0.0, 1.0), draws(2, 120, 6, 0.0, 1.0), draws(3, 120, 6, 0.5, 1.0));
        let near = kernel_distance(&a, &same);
        assert!(near.low < 0.0 && near.high > 0.0, "{near:?}");
        let far = kernel_distance(&a, &other);
        assert!(far.low > near.high, "{far:?}");
    }

    #[test]
    fn the_frechet_distance_of_normal_distributions_is_the_closed_form() {
        // Independent dimensions: the sum of (m1 - m2)^2 + (s1 - s2)^2.
        let reference = FrechetReference::new(&draws(1, 40_000, 3, 0.0, 1.0));
        for (shift, scale) in [(0.0, 1.0), (0.5, 1.0), (0.0, 2.0), (1.0, 0.5)] {
            let found = reference.distance(&draws(2, 40_000, 3, shift, scale));
            let wanted = 3.0 * (shift * shift + (1.0 - scale) * (1.0 - scale));
            assert!((found - wanted).abs() < 0.05, "{shift}, {scale}: {found} is not {wanted}");
        }
    }
}
