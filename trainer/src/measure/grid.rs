//! The grid: how much the errors of inversions repeat with the strides of the networks that made or compared them.
//!
//! A pattern with the period of a network's strides passes that network unseen, and stays in the inversion as a checkerboard or a plaid. It
//! is a line in the power spectrum of the error, at the period's frequency, above its neighbours.

use deepsim::Picture;
use rayon::prelude::*;

/// The strides of SqueezeNet's layers, pixels.
const PERIODS: [usize; 3] = [4, 8, 16];
/// Frequencies beside a line, along its direction, that are compared with it, in steps of the spectrum. The window widens a line by one step on
/// each side.
const NEIGHBOURS: [i64; 4] = [-3, -2, 2, 3];
/// Fewest periods along a side. A line of fewer is next to the lowest frequencies, which have most of the power: the error of a blurred picture of 64
/// pixels stands out at a period of 16.
const LEAST: usize = 8;
/// Frequencies across the direction that are added to each: there is more to average over.
const ACROSS: [i64; 3] = [-1, 0, 1];
/// Directions: along rows, along columns, along both diagonals.
const DIRECTIONS: [(i64, i64); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];

/// The lines in the power spectra of errors, over pictures of one side.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// By line: the sum over pictures of the logarithm of its power over its neighbours', and the pictures that have both.
    lines: Vec<(f64, usize)>,
}

impl Grid {
    /// Adds the errors of inversions of square pictures of one side.
    pub fn add(&mut self, pictures: &[Picture], inversions: &[Picture]) {
        let pairs: Vec<_> = pictures.iter().zip(inversions).collect();
        let ratios: Vec<Vec<f64>> = pairs.into_par_iter().map(|(picture, inversion)| ratios(&powers(picture, inversion))).collect();
        for ratios in ratios {
            self.lines.resize(ratios.len(), (0.0, 0));
            for ((sum, count), ratio) in self.lines.iter_mut().zip(ratios).filter(|(_, ratio)| ratio.is_finite()) {
                *sum += ratio;
                *count += 1;
            }
        }
    }

    /// Returns the strongest of the lines at periods of 4, 8 and 16 pixels along rows, columns and both diagonals: the geometric mean over pictures of its
    /// power over the geometric mean of its neighbours'. No picture counts more than another: by a sum of powers, one with a large error would decide alone.
    /// About 1 is no grid (the strongest of twelve, of 56 pictures: up to 1.2; of 500: up to 1.1). Periods of which a side has fewer than eight do not
    /// count. 1 for errors of zero.
    pub fn strongest(&self) -> f64 {
        let means = self.lines.iter().filter(|(_, count)| *count > 0).map(|&(sum, count)| (sum / count as f64).exp());
        means.reduce(f64::max).unwrap_or(1.0)
    }
}

/// Returns the logarithm of each line's power over the geometric mean of its neighbours'.
fn ratios(powers: &[f64]) -> Vec<f64> {
    let ratio = |powers: &[f64]| powers[0].ln() - powers[1..].iter().map(|power| power.ln()).sum::<f64>() / NEIGHBOURS.len() as f64;
    powers.chunks_exact(1 + NEIGHBOURS.len()).map(ratio).collect()
}

/// Returns the power of each line, then of its neighbours.
fn powers(picture: &Picture, inversion: &Picture) -> Vec<f64> {
    let side = picture.width();
    let turn = |at: f64| std::f64::consts::TAU * at / side as f64;
    let window: Vec<f64> = (0..side).map(|at| (turn(at as f64 + 0.5) / 2.0).sin().powi(2)).collect();
    let waves: Vec<(f64, f64)> = (0..side).map(|at| turn(at as f64).sin_cos()).collect();
    let brightness = |rgb: &[u8]| rgb.iter().map(|value| f64::from(*value)).sum::<f64>();
    let error: Vec<f64> = (picture.rgb().chunks_exact(3).zip(inversion.rgb().chunks_exact(3)))
        .enumerate()
        .map(|(at, (there, here))| (brightness(here) - brightness(there)) * window[at / side] * window[at % side])
        .collect();
    let mut powers = Vec::new();
    for period in PERIODS.into_iter().filter(|period| side / period >= LEAST) {
        // A side has no more pixels than an i64 counts.
        let line = (side / period) as i64;
        for (x, y) in DIRECTIONS {
            let at = |step: i64| {
                let across = ACROSS.map(|across| power(&error, &waves, (line + step) * x - across * y, (line + step) * y + across * x));
                across.iter().sum::<f64>()
            };
            powers.extend([0].into_iter().chain(NEIGHBOURS).map(at));
        }
    }
    powers
}

/// Returns the power of a square error at a frequency, in periods a side along rows and along columns.
fn power(error: &[f64], waves: &[(f64, f64)], along_x: i64, along_y: i64) -> f64 {
    let side = waves.len();
    // Negative frequencies are those that a side more would give.
    let steps = |frequency: i64| frequency.rem_euclid(side as i64) as usize;
    let (x_step, y_step) = (steps(along_x), steps(along_y));
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (y, row) in error.chunks_exact(side).enumerate() {
        let mut at = y * y_step % side;
        for value in row {
            sine += value * waves[at].0;
            cosine += value * waves[at].1;
            at += x_step;
            if at >= side {
                at -= side;
            }
        }
    }
    sine * sine + cosine * cosine
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns noise with a pattern on it.
    fn picture(side: usize, pattern: impl Fn(usize, usize) -> f64) -> Picture {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 16) / 65536.0 * 40.0
        };
        let rgb = (0..side * side).flat_map(|at| [(100.0 + noise() + pattern(at / side, at % side)) as u8; 3]).collect();
        Picture::from_rgb(side, side, rgb).unwrap()
    }

    fn grid_of(side: usize, pattern: impl Fn(usize, usize) -> f64) -> f64 {
        let grey = Picture::from_rgb(side, side, vec![120; side * side * 3]).unwrap();
        let mut grid = Grid::default();
        grid.add(&[grey], &[picture(side, pattern)]);
        grid.strongest()
    }

    #[test]
    fn patterns_with_the_period_of_a_stride_stand_out_and_others_do_not() {
        let wave = |period: f64, at: usize| 8.0 * (std::f64::consts::TAU * at as f64 / period).sin();
        // One picture of noise has lines of its own; a pattern is far above them.
        let noise = grid_of(128, |_, _| 0.0);
        assert!(noise < 6.0, "noise: {noise}");
        assert!(grid_of(128, |y, _| wave(10.7, y)) < 6.0, "a pattern of another period");
        for period in [4.0, 8.0, 16.0] {
            for (direction, found) in [
                ("rows", grid_of(128, |_, x| wave(period, x))),
                ("columns", grid_of(128, |y, _| wave(period, y))),
                ("diagonals", grid_of(128, |y, x| wave(period, 128 + x - y))),
                ("other diagonals", grid_of(128, |y, x| wave(period, x + y))),
            ] {
                assert!(found > 100.0, "{period} along {direction}: {found}");
            }
        }
        assert!(grid_of(128, |y, x| if (x / 2 + y / 2) % 2 == 0 { 8.0 } else { 0.0 }) > 100.0, "a checkerboard");
    }

    #[test]
    fn one_picture_of_many_does_not_make_a_grid() {
        let grey = Picture::from_rgb(64, 64, vec![120; 64 * 64 * 3]).unwrap();
        let fence = picture(64, |_, x| 40.0 * (std::f64::consts::TAU * x as f64 / 4.0).sin());
        let mut grid = Grid::default();
        grid.add(std::slice::from_ref(&grey), &[fence]);
        let alone = grid.strongest();
        for phase in 0..20 {
            // No period of these is one that is looked for.
            let other = picture(64, |y, x| f64::from(((y * (13 + phase) + x * (29 + phase)) % 61) as u8));
            grid.add(std::slice::from_ref(&grey), &[other]);
        }
        assert!(alone > 1000.0 && grid.strongest() < 4.0, "{alone} alone, {} of 21", grid.strongest());
    }

    #[test]
    fn equal_pictures_have_no_grid() {
        let grey = Picture::from_rgb(64, 64, vec![120; 64 * 64 * 3]).unwrap();
        let mut grid = Grid::default();
        grid.add(std::slice::from_ref(&grey), std::slice::from_ref(&grey));
        assert_eq!(grid.strongest(), 1.0);
    }
}
