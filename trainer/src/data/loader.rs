//! Batches of training crops, decoded and augmented on threads of their own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::tensor::TensorData;
use deepsim::Picture;
use deepsim::picture::{self, PictureError};
use deepsim::random::generator_at;
use deepsim::training::augment::{augment, square};
use deepsim::training::order::Order;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{DataError, Dataset};
use crate::config::choices::CropChoice;

/// Batches that a thread may be ahead.
const AHEAD: usize = 2;

/// The examples of one step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, 3, side, side]` in [-1, 1].
    pub pictures: TensorData,
    /// What a network is given to make the pictures of, `[batch, 3, height, width]` in [-1, 1], where that is a picture of its own.
    pub inputs: Option<TensorData>,
    /// The index in its source of each.
    pub indices: Vec<usize>,
    /// Which part of the step's batch this is.
    pub share: Share,
    /// Pictures that could not be used, with the reason; the ones after them took their place.
    pub skipped: Vec<String>,
}

/// Examples to train on, another one every epoch.
pub trait Source: Send + Sync {
    /// Returns the data set's name.
    fn name(&self) -> &str;

    /// Examples in an epoch, readable or not; at least one.
    fn len(&self) -> usize;

    /// Returns the `index`-th example; the random numbers decide how it looks.
    ///
    /// # Errors
    /// With its name and the reason.
    fn example(&self, index: usize, random: &mut ChaCha8Rng) -> Result<Picture, DataError>;

    /// Returns what a network is given to make an example of, where that is a picture of its own and not computed from it.
    ///
    /// # Errors
    /// With the reason.
    fn input(&self, _example: &Picture, _random: &mut ChaCha8Rng) -> Result<Option<Picture>, DataError> {
        Ok(None)
    }

    /// Returns false: a source without examples is an error when it is opened.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A data set's pictures as training examples.
#[derive(Debug, Clone)]
pub struct Crops {
    /// The pictures.
    pub dataset: Arc<Dataset>,
    /// Side of the crops.
    pub side: usize,
    /// How they are taken.
    pub crop: CropChoice,
}

impl Source for Crops {
    fn name(&self) -> &str {
        self.dataset.name()
    }

    fn len(&self) -> usize {
        self.dataset.len()
    }

    fn example(&self, index: usize, random: &mut ChaCha8Rng) -> Result<Picture, DataError> {
        let picture = self.dataset.picture(index)?;
        let bad = |error: PictureError| DataError::Picture { name: format!("picture {index}"), reason: error.to_string() };
        match self.crop {
            CropChoice::Altered => {}
            CropChoice::Random => return square(&picture, self.side, random).map_err(bad),
            CropChoice::Whole => return picture.centre_crop(self.side).map_err(bad),
        }
        // One that cannot be read is named when its own turn comes.
        let other_picture = |random: &mut ChaCha8Rng| self.dataset.picture(random.random_range(0..self.dataset.len())).ok();
        augment(&picture, other_picture, self.side, random).map_err(bad)
    }
}

/// The part of a batch that a process trains on: all of it, unless it is one of several replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The number of the replica, from 0.
    pub rank: usize,
    /// Replicas.
    pub count: usize,
}

impl Share {
    /// A process that trains alone.
    pub const ALL: Self = Self { rank: 0, count: 1 };

    /// Returns of numbers that were drawn for a whole batch those of this part.
    pub fn of<'a, T>(&self, drawn: &'a [T]) -> &'a [T] {
        let each = drawn.len() / self.count;
        &drawn[self.rank * each..(self.rank + 1) * each]
    }
}

/// How the batches are made up. Which example is where depends on nothing else, however many threads there are.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The run's seed.
    pub seed: u64,
    /// Examples a step, over all replicas.
    pub batch: usize,
    /// This process's part of them.
    pub share: Share,
}

/// Gives the batches of a run in order, from any step on.
#[derive(Debug)]
pub struct Loader {
    threads: Vec<Receiver<Result<Batch, DataError>>>,
    next: usize,
}

impl Loader {
    /// Starts the threads; the first batch is that of step `first`.
    pub fn start(source: &Arc<dyn Source>, plan: Plan, first: u64, threads: usize) -> Self {
        let count = threads.max(1);
        let threads = (0..count).map(|thread| {
            let (sender, receiver) = sync_channel(AHEAD);
            let source = Arc::clone(source);
            // Detached: it ends when the loader is dropped and its channel closes.
            thread::spawn(move || {
                let mut order = Order::new(plan.seed);
                let steps = (first + thread as u64..).step_by(count);
                for step in steps {
                    let batch = make(source.as_ref(), plan, step, &mut order);
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

    /// Waits for the next step's batch and returns it.
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

fn make(source: &dyn Source, plan: Plan, step: u64, order: &mut Order) -> Result<Batch, DataError> {
    let count = source.len();
    let mut indices = Vec::new();
    let mut crops = Vec::new();
    let mut inputs = Vec::new();
    let mut skipped = Vec::new();
    let each = plan.batch / plan.share.count;
    for slot in (plan.share.rank * each) as u64..((plan.share.rank + 1) * each) as u64 {
        let (epoch, index) = order.at(step * plan.batch as u64 + slot, count);
        // A picture that cannot be used gives its place to the next one that can.
        let found = (0..count).find_map(|further| {
            let index = (index + further) % count;
            let mut random = generator_at(plan.seed, epoch, index as u64);
            let example = source.example(index, &mut random).and_then(|picture| Ok((source.input(&picture, &mut random)?, picture)));
            example.map_err(|error| skipped.push(error.to_string())).ok().map(|(input, picture)| (index, input, picture))
        });
        let Some((index, input, crop)) = found else {
            let first = skipped.first().cloned().unwrap_or_default();
            return Err(DataError::AllBad { name: source.name().to_owned(), count, first });
        };
        indices.push(index);
        crops.push(crop);
        inputs.extend(input);
    }
    let bad = |error: PictureError| DataError::Picture { name: source.name().to_owned(), reason: error.to_string() };
    let pictures = picture::to_data(&crops).map_err(bad)?;
    let inputs = if inputs.is_empty() { None } else { Some(picture::to_data(&inputs).map_err(bad)?) };
    Ok(Batch { pictures, inputs, indices, share: plan.share, skipped })
}
