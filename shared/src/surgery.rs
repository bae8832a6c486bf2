//! Edits of features before they are inverted: what does the picture lose when a part of them is gone?
//!
//! The experiments are those of Dosovitskiy & Brox, CVPR 2016, section 5 (top-5 activations, binarised, dropped out, interpolated, random),
//! and work on plain numbers: sorting on a browser's GPU is not possible, and there are few numbers.

use std::fmt;
use std::ops::Range;

use burn::tensor::TensorData;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::random::{gaussian, generator};

/// The features of one picture: channels x grid x grid numbers, channel by channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Vec<f32>,
    grid: usize,
}

impl Features {
    /// Splits the values of `[batch, channels, grid, grid]` into the features of each picture.
    pub fn of(features: &TensorData) -> Vec<Self> {
        let [_, channels, grid, _] = features.shape()[..] else {
            return Vec::new();
        };
        let values: Vec<f32> = features.iter().collect();
        values.chunks_exact((channels * grid * grid).max(1)).map(|values| Self { values: values.into(), grid }).collect()
    }

    /// Joins the features of several pictures, all of one size, as the values of `[batch, channels, grid, grid]`.
    pub fn to_data(batch: &[Self]) -> TensorData {
        let grid = batch.first().map_or(1, |features| features.grid);
        let channels = batch.first().map_or(0, |features| features.values.len() / (grid * grid).max(1));
        let values: Vec<f32> = batch.iter().flat_map(|features| features.values.iter().copied()).collect();
        TensorData::new(values, [batch.len(), channels, grid, grid])
    }
}

impl Features {
    /// Returns the number of positions along a side of the grid.
    pub const fn grid(&self) -> usize {
        self.grid
    }

    /// Returns the numbers of one channel, row by row; none if there is no such channel.
    pub fn channel(&self, channel: usize) -> &[f32] {
        let area = (self.grid * self.grid).max(1);
        self.values.get(channel * area..(channel + 1) * area).unwrap_or_default()
    }

    /// Returns the `count` channels with the largest sum of squares, strongest first, and their share of the whole sum.
    pub fn strongest(&self, count: usize) -> Vec<(usize, f64)> {
        let energy = self.energy();
        let whole = square_sum(&self.values).max(f64::MIN_POSITIVE);
        order(&energy).into_iter().take(count).map(|channel| (channel, f64::from(energy[channel]) / whole)).collect()
    }

    /// Returns the sum of squares of each channel.
    fn energy(&self) -> Vec<f32> {
        let area = (self.grid * self.grid).max(1);
        self.values.chunks(area).map(|channel| channel.iter().map(|value| value * value).sum()).collect()
    }
}

/// An edit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum Edit {
    /// Leaves the k largest numbers, and zero for the others.
    KeepTop {
        /// How many.
        k: usize,
    },
    /// Zero for the k largest numbers.
    DropTop {
        /// How many.
        k: usize,
    },
    /// Leaves the k channels with the largest sum of squares.
    KeepChannels {
        /// How many.
        k: usize,
    },
    /// One value for every number above zero, such that the sum of squares stays: which units fire, not how much.
    Binarise,
    /// Zero for a share of the numbers, chosen at random.
    DropRandom {
        /// The share, 0 to 1.
        share: f64,
        /// Seed of the choice.
        seed: u64,
    },
    /// Gaussian noise is added, `amount` times as strong as the features (their root mean square).
    Noise {
        /// Its strength.
        amount: f64,
        /// Its seed.
        seed: u64,
    },
    /// One channel is multiplied by a factor: 0 silences it.
    Amplify {
        /// The channel.
        channel: usize,
        /// The factor.
        factor: f32,
    },
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::KeepTop { k } => format!("only the {k} largest"),
            Self::DropTop { k } => format!("without the {k} largest"),
            Self::KeepChannels { k } => format!("only the {k} strongest channels"),
            Self::Binarise => "binarised".to_owned(),
            Self::DropRandom { share, .. } => format!("{:.0} % dropped at random", share * 100.0),
            Self::Noise { amount, .. } => format!("noise of {amount} times their strength"),
            Self::Amplify { channel, factor } => format!("channel {channel} times {factor}"),
        };
        f.pad(&text)
    }
}

impl Edit {
    /// Returns the features after the edit.
    pub fn apply(self, mut features: Features) -> Features {
        let area = (features.grid * features.grid).max(1);
        let energy = if matches!(self, Self::KeepChannels { .. }) { features.energy() } else { Vec::new() };
        let values = &mut features.values;
        match self {
            Self::KeepTop { k } => {
                let places = order(values);
                silence(values, &places, k..usize::MAX);
            }
            Self::DropTop { k } => {
                let places = order(values);
                silence(values, &places, 0..k);
            }
            Self::KeepChannels { k } => {
                for &channel in order(&energy).iter().skip(k) {
                    values[channel * area..][..area].fill(0.0);
                }
            }
            Self::Binarise => {
                let count = values.iter().filter(|value| **value > 0.0).count();
                let level = (square_sum(values) / count.max(1) as f64).sqrt() as f32;
                for value in values {
                    *value = if *value > 0.0 { level } else { 0.0 };
                }
            }
            Self::DropRandom { share, seed } => {
                let mut places: Vec<usize> = (0..values.len()).collect();
                places.shuffle(&mut generator(seed));
                let dropped = (values.len() as f64 * share.clamp(0.0, 1.0)).round() as usize;
                silence(values, &places, 0..dropped);
            }
            Self::Noise { amount, seed } => {
                let strength = (square_sum(values) / values.len().max(1) as f64).sqrt() * amount;
                let mut random = generator(seed);
                for value in values {
                    *value += (strength * gaussian(&mut random)) as f32;
                }
            }
            Self::Amplify { channel, factor } => {
                for value in values.iter_mut().skip(channel * area).take(area) {
                    *value *= factor;
                }
            }
        }
        features
    }
}

/// Mixes the features of two pictures of one size: `share` 0 is the first, 1 the second.
pub fn mix(first: &Features, second: &Features, share: f32) -> Features {
    let values = first.values.iter().zip(&second.values).map(|(a, b)| a + (b - a) * share).collect();
    Features { values, grid: first.grid }
}

/// Returns features that no picture has: each number is that of a picture drawn at random from `pictures`, so every unit has its own
/// histogram and no unit knows of another. `None` without pictures.
pub fn random(pictures: &[Features], seed: u64) -> Option<Features> {
    let first = pictures.first()?;
    let mut random = generator(seed);
    let values = (0..first.values.len()).map(|unit| pictures[random.random_range(0..pictures.len())].values[unit]).collect();
    Some(Features { values, grid: first.grid })
}

/// Returns the places of the numbers, largest first; of equal ones the first comes first.
fn order(values: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    places
}

/// Sets the values at a range of the listed places to zero.
fn silence(values: &mut [f32], places: &[usize], range: Range<usize>) {
    for &place in places.iter().take(range.end).skip(range.start) {
        values[place] = 0.0;
    }
}

fn square_sum(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: &[f32], grid: usize) -> Features {
        Features { values: values.into(), grid }
    }

    #[test]
    fn numbers_of_a_batch_come_back() {
        let data = TensorData::new((0..2 * 3 * 4).map(|value| value as f32).collect::<Vec<_>>(), [2, 3, 2, 2]);
        let parted = Features::of(&data);
        assert_eq!((parted.len(), parted[1].values[0]), (2, 12.0));
        assert_eq!(Features::to_data(&parted), data);
    }

    #[test]
    fn edits_do_what_they_say() {
        let given = [3.0, 0.0, 1.0, 4.0, 2.0, 0.0, 0.0, 0.0];
        for (edit, grid, wanted) in [
            (Edit::KeepTop { k: 2 }, 1, [3.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0]),
            (Edit::KeepTop { k: 99 }, 1, given),
            (Edit::DropTop { k: 2 }, 1, [0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0]),
            (Edit::KeepChannels { k: 1 }, 2, [3.0, 0.0, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0]),
            (Edit::DropRandom { share: 1.0, seed: 3 }, 1, [0.0; 8]),
            (Edit::DropRandom { share: 0.0, seed: 3 }, 1, given),
            (Edit::Noise { amount: 0.0, seed: 3 }, 1, given),
            (Edit::Amplify { channel: 1, factor: 0.5 }, 2, [3.0, 0.0, 1.0, 4.0, 1.0, 0.0, 0.0, 0.0]),
            (Edit::Amplify { channel: 9, factor: 0.5 }, 2, given),
        ] {
            assert_eq!(edit.apply(features(&given, grid)).values, wanted, "{edit}");
        }
    }

    #[test]
    fn binarising_keeps_which_units_fire_and_how_much_in_all() {
        let binary = Edit::Binarise.apply(features(&[3.0, 0.0, 4.0, -1.0], 1)).values;
        let level = (26.0f32 / 2.0).sqrt();
        assert_eq!(binary, [level, 0.0, level, 0.0]);
        assert_eq!(Edit::Binarise.apply(features(&[0.0; 3], 1)).values, [0.0; 3]);
    }

    #[test]
    fn channels_are_found_by_their_energy() {
        let given = features(&[0.0, 1.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0], 2);
        assert_eq!(given.strongest(1), [(1, 0.9)]);
        assert_eq!((given.strongest(9).len(), given.grid()), (2, 2));
        assert_eq!((given.channel(1), given.channel(2)), (&[3.0, 0.0, 0.0, 0.0][..], &[][..]));
    }

    #[test]
    fn half_is_dropped_and_noise_has_its_strength() {
        let many = features(&[2.0; 10_000], 1);
        let dropped = Edit::DropRandom { share: 0.5, seed: 1 }.apply(many.clone());
        assert_eq!(dropped.values.iter().filter(|value| **value == 0.0).count(), 5000);
        assert_ne!(dropped, Edit::DropRandom { share: 0.5, seed: 2 }.apply(many.clone()));
        let noisy = Edit::Noise { amount: 0.5, seed: 1 }.apply(many.clone());
        let differences: Vec<f32> = noisy.values.iter().map(|value| value - 2.0).collect();
        let strength = (square_sum(&differences) / 10_000.0).sqrt();
        assert!((strength - 1.0).abs() < 0.03, "{strength}");
        assert_eq!(noisy, Edit::Noise { amount: 0.5, seed: 1 }.apply(many));
    }

    #[test]
    fn mixtures_lie_between_and_random_features_are_somebodys() {
        let (a, b) = (features(&[0.0, 4.0], 1), features(&[8.0, 0.0], 1));
        assert_eq!(mix(&a, &b, 0.25).values, [2.0, 3.0]);
        let drawn = random(&[a, b], 5).unwrap();
        assert!([0.0, 8.0].contains(&drawn.values[0]) && [0.0, 4.0].contains(&drawn.values[1]));
        assert_eq!(random(&[], 5), None);
    }
}
