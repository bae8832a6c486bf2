//! Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004): luma, a Gaussian window of 11 pixels with sigma 1.5.

use deepsim::Picture;

/// Half of the window, without its middle.
const RADIUS: usize = 5;
const SIGMA: f64 = 1.5;
/// (0.01 x 255)^2 and (0.03 x 255)^2, the constants of section III.B.
const C1: f64 = 6.5025;
const C2: f64 = 58.5225;

/// Returns the mean structural similarity over all windows that lie inside; 1 for equal pictures. Both are of one size, at least 11 pixels
/// a side.
pub fn ssim(a: &Picture, b: &Picture) -> f64 {
    ssim_of_planes(&luma(a), &luma(b), a.width(), a.height())
}

/// Returns the same for planes of values of 0 to 255, row by row.
pub fn ssim_of_planes(a: &[f64], b: &[f64], width: usize, height: usize) -> f64 {
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).collect::<Vec<_>>();
    let smooth = |values: &[f64]| smooth(values, width, height);
    let (mean_a, mean_b) = (smooth(a), smooth(b));
    let (square_a, square_b, both) = (smooth(&product(a, a)), smooth(&product(b, b)), smooth(&product(a, b)));
    let mut sum = 0.0;
    for at in 0..mean_a.len() {
        let (a, b) = (mean_a[at], mean_b[at]);
        let (variance_a, variance_b, covariance) = (square_a[at] - a * a, square_b[at] - b * b, both[at] - a * b);
        sum += (2.0 * a * b + C1) * (2.0 * covariance + C2) / ((a * a + b * b + C1) * (variance_a + variance_b + C2));
    }
    sum / mean_a.len() as f64
}

/// Returns the luma of each pixel (ITU-R BT.601), 0 to 255.
fn luma(picture: &Picture) -> Vec<f64> {
    let weigh = |rgb: &[u8]| 0.299 * f64::from(rgb[0]) + 0.587 * f64::from(rgb[1]) + 0.114 * f64::from(rgb[2]);
    picture.rgb().chunks_exact(3).map(weigh).collect()
}

/// Returns the window's weighted mean at every place where it lies inside.
fn smooth(values: &[f64], width: usize, height: usize) -> Vec<f64> {
    let weights: Vec<f64> = (0..=2 * RADIUS).map(|at| (-(at as f64 - RADIUS as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let narrow = width - 2 * RADIUS;
    let mean = |at: usize, step: usize, values: &[f64]| {
        weights.iter().enumerate().map(|(place, weight)| weight * values[at + place * step]).sum::<f64>() / total
    };
    let rows: Vec<f64> = (0..height).flat_map(|y| (0..narrow).map(move |x| y * width + x)).map(|at| mean(at, 1, values)).collect();
    (0..(height - 2 * RADIUS) * narrow).map(|at| mean(at, narrow, &rows)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(seed: usize) -> Picture {
        let value = |x: usize, y: usize, c: usize| ((x * (3 + c) + y * y * (seed + 1) + x * y) % 200 + 20 * seed) as u8;
        let rgb = (0..24 * 20).flat_map(|at| [0, 1, 2].map(|c| value(at % 24, at / 24, c))).collect();
        Picture::from_rgb(24, 20, rgb).unwrap()
    }

    #[test]
    fn equal_pictures_are_alike_and_others_are_as_scikit_image_says() {
        assert!((ssim(&waves(0), &waves(0)) - 1.0).abs() < 1e-12);
        let grey = Picture::from_rgb(24, 20, vec![90; 24 * 20 * 3]).unwrap();
        // structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255), on the same luma.
        for (a, b, wanted) in [(waves(0), waves(1), WAVES), (waves(0), grey, GREY)] {
            let found = ssim(&a, &b);
            assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
        }
    }

    const WAVES: f64 = -0.098_484_578_445_555_48;
    const GREY: f64 = 0.027_128_726_455_635_948;
}
