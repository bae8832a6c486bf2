//! Random numbers that depend only on what they are for, so that a resumed run draws the same ones.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Returns a generator for one purpose, named by the run's seed and two numbers (epoch and picture, or a purpose and a step).
pub fn random(seed: u64, first: u64, second: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (place, value) in key.chunks_exact_mut(8).zip([seed, first, second, 0]) {
        place.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
