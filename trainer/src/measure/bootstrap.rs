//! How sure a mean is: percentile bootstrap (Efron 1979), drawing photographs and not crops, since crops of one are alike.

use std::fmt;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use deepsim::random::generator_at;

/// Resamples behind an interval.
const RESAMPLES: usize = 1000;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0xb007;

/// A mean and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$} ({:.digits$}–{:.digits$})", self.mean, self.low, self.high)
    }
}

/// Returns the mean of values that come in groups of `group` (the crops of one photograph), and its interval. Equal values give equal
/// intervals.
///
/// Without values everything is NaN.
pub fn estimate(values: &[f64], group: usize) -> Estimate {
    let sums: Vec<(f64, usize)> = values.chunks(group.max(1)).map(|group| (group.iter().sum(), group.len())).collect();
    let mean = |picked: &mut dyn Iterator<Item = &(f64, usize)>| {
        let (sum, count) = picked.fold((0.0, 0), |(sum, count), (value, number)| (sum + value, count + number));
        sum / count as f64
    };
    let mut random = generator_at(0, PURPOSE, 0);
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| mean(&mut (0..sums.len()).map(|_| &sums[random.random_range(0..sums.len())]))).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
    Estimate { mean: mean(&mut sums.iter()), low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_about_two_standard_errors_wide_each_way() {
        // Mean 4.5 and standard deviation 2.872, so the standard error of 400 is 0.1436.
        let values: Vec<f64> = (0..400).map(|value| f64::from(value % 10)).collect();
        let found = estimate(&values, 1);
        assert!((found.mean - 4.5).abs() < 1e-12);
        assert!((found.high - found.low - 4.0 * 0.1436).abs() < 0.06, "{found:?}");
    }

    #[test]
    fn crops_of_one_photograph_are_not_more_photographs() {
        let photographs: Vec<f64> = (0..40).map(|value| f64::from(value % 10)).collect();
        let crops: Vec<f64> = photographs.iter().flat_map(|&value| [value; 4]).collect();
        assert_eq!(estimate(&photographs, 1), estimate(&crops, 4));
        assert!(estimate(&crops, 1).high < estimate(&crops, 4).high);
    }
}
