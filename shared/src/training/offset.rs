//! The random shift of a picture and its inversion before the comparator.

use rand::RngExt;

use crate::loss::Offset;
use crate::random::generator_at;

/// Separates the offsets' random numbers from the crops' and the shuffling's.
const OFFSETS: u64 = u64::MAX - 1;

/// Returns the shift of a picture and of its reconstruction before the comparator at a step, at most `range` pixels.
pub fn offset(seed: u64, step: u64, range: usize) -> Offset {
    let mut random = generator_at(seed, OFFSETS, step);
    Offset { left: random.random_range(0..=range), top: random.random_range(0..=range) }
}
