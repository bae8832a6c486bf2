//! Random numbers that are the same on every device and in every browser.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Returns a generator that depends on its seed alone.
pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Returns a generator that depends on a seed and two places alone.
pub fn generator_at(seed: u64, first: u64, second: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (place, value) in key.chunks_exact_mut(8).zip([seed, first, second]) {
        place.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Returns a draw from the normal distribution (Box & Muller 1958).
pub(crate) fn gaussian(random: &mut ChaCha8Rng) -> f64 {
    // Above zero, for the logarithm.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}
