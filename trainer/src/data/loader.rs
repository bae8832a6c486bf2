//! Batches of training crops, decoded and augmented on threads of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::tensor::TensorData;
use deepsim::picture;
use rand::seq::SliceRandom;

use super::augment::augment;
use super::{DataError, Dataset};
use crate::random::random;

/// Separates the shuffling's random numbers from the crops'.
const SHUFFLE: u64 = u64::MAX;

/// Batches that a thread may be ahead.
const AHEAD: usize = 2;

/// The crops of one step.
#[derive(Debug)]
pub struct Batch {
    /// `[batch, 3, side, side]` in [-1, 1].
    pub pictures: TensorData,
    /// Pictures that could not be used, with the reason; the ones after them took their place.
    pub skipped: Vec<String>,
}

/// What the batches are made of. Which crop is where depends on nothing else, however many threads there are.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The run's seed.
    pub seed: u64,
    /// Crops a step.
    pub batch: usize,
    /// Side of the crops.
    pub side: usize,
}

/// Gives the batches of a run in order, from any step on.
#[derive(Debug)]
pub struct Loader {
    threads: Vec<Receiver<Result<Batch, DataError>>>,
    next: usize,
}

impl Loader {
    /// Starts the threads; the first batch is that of step `first`.
    pub fn start(dataset: &Arc<Dataset>, plan: Plan, first: u64, threads: usize) -> Self {
        let count = threads.max(1);
        let threads = (0..count).map(|thread| {
            let (sender, receiver) = sync_channel(AHEAD);
            let dataset = Arc::clone(dataset);
            // Detached: it ends when the loader is dropped and its channel closes.
            thread::spawn(move || {
                let mut orders = Orders { seed: plan.seed, orders: BTreeMap::new() };
                let steps = (first + thread as u64..).step_by(count);
                for step in steps {
                    let batch = make(&dataset, plan, step, &mut orders);
                    let failed = batch.is_err();
                    if sender.send(batch).is_err() || failed {
                        return;
                    }
                }
            });
            receiver
        });
        Self { threads: threads.collect(), next: 0 }
    }

    /// The next step's batch. Waits for it.
    ///
    /// # Errors
    /// If no picture of the data set can be used.
    pub fn wait(&mut self) -> Result<Batch, DataError> {
        let thread = self.next;
        self.next = (thread + 1) % self.threads.len();
        self.threads[thread].recv().unwrap_or_else(|_| {
            Err(DataError::Picture { name: "data".into(), reason: "the thread that reads the pictures has ended".into() })
        })
    }
}

/// Each epoch's order of the pictures.
struct Orders {
    seed: u64,
    orders: BTreeMap<u64, Vec<usize>>,
}

impl Orders {
    fn picture(&mut self, epoch: u64, place: usize, count: usize) -> usize {
        let seed = self.seed;
        // A batch reaches from one epoch into the next at most a few times; older orders are not needed again.
        self.orders.retain(|&old, _| old + 2 > epoch);
        let order = self.orders.entry(epoch).or_insert_with(|| {
            let mut order: Vec<usize> = (0..count).collect();
            order.shuffle(&mut random(seed, SHUFFLE, epoch));
            order
        });
        order[place]
    }
}

fn make(dataset: &Dataset, plan: Plan, step: u64, orders: &mut Orders) -> Result<Batch, DataError> {
    let count = dataset.len();
    let mut crops = Vec::with_capacity(plan.batch);
    let mut skipped = Vec::new();
    for slot in 0..plan.batch as u64 {
        let position = step * plan.batch as u64 + slot;
        let epoch = position / count as u64;
        // Below `count`, which is a usize.
        let place = (position % count as u64) as usize;
        let index = orders.picture(epoch, place, count);
        // A picture that cannot be used gives its place to the next one that can.
        let crop = (0..count).find_map(|further| {
            let index = (index + further) % count;
            let crop = dataset.picture(index).and_then(|picture| {
                augment(&picture, plan.side, &mut random(plan.seed, epoch, index as u64))
                    .map_err(|error| DataError::Picture { name: format!("picture {index}"), reason: error.to_string() })
            });
            crop.map_err(|error| skipped.push(error.to_string())).ok()
        });
        let Some(crop) = crop else {
            let first = skipped.first().cloned().unwrap_or_default();
            return Err(DataError::AllBad { name: dataset.name().to_owned(), count, first });
        };
        crops.push(crop);
    }
    let pictures =
        picture::to_data(&crops).map_err(|error| DataError::Picture { name: dataset.name().to_owned(), reason: error.to_string() })?;
    Ok(Batch { pictures, skipped })
}
