//! Which picture is where: each epoch has an order of its own, which depends on the seed alone.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use crate::random::generator_at;

/// Separates the shuffling's random numbers from the crops'.
const SHUFFLE: u64 = u64::MAX;

/// The order of the pictures of a run.
#[derive(Debug, Clone)]
pub struct Order {
    seed: u64,
    epochs: BTreeMap<u64, Vec<usize>>,
}

impl Order {
    /// Creates the order of a run with this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, epochs: BTreeMap::new() }
    }

    /// Returns the epoch and the index of the picture at a position of the run, counted over all of its epochs, of `count` pictures, at least one.
    pub fn at(&mut self, position: u64, count: usize) -> (u64, usize) {
        let epoch = position / count as u64;
        // Below `count`, which is a usize.
        let place = (position % count as u64) as usize;
        let seed = self.seed;
        // A batch reaches from one epoch into the next at most a few times; older orders are not needed again.
        self.epochs.retain(|&old, _| old + 2 > epoch);
        let order = self.epochs.entry(epoch).or_insert_with(|| {
            let mut order: Vec<usize> = (0..count).collect();
            order.shuffle(&mut generator_at(seed, SHUFFLE, epoch));
            order
        });
        (epoch, order[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_each_picture_once_in_another_order() {
        let mut order = Order::new(7);
        let mut epoch = |number: u64| (0..20).map(|place| order.at(number * 20 + place, 20).1).collect::<Vec<_>>();
        let (first, second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        for mut pictures in [first, second] {
            pictures.sort_unstable();
            assert_eq!(pictures, (0..20).collect::<Vec<_>>());
        }
        assert_eq!(Order::new(7).at(25, 20), order.at(25, 20));
    }
}
