//! Several processes that train one network: each goes back through its share of the batch, and what they found is averaged.
//!
//! A loss is a mean over the batch, and shares are of equal size, so that the mean of the replicas' gradients is the gradient of the whole batch, and the
//! mean of their losses its loss.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor, TensorData};

/// A connection between the replicas.
pub trait Exchange: Send + Sync {
    /// Returns the number of replicas. It may be asked for while a sum is on its way.
    fn replicas(&self) -> usize;

    /// Returns the sums of numbers over all replicas, which call this in the same order with as many numbers. Threads may differ from call to call; no two
    /// calls of a replica overlap. Until `awaited` is true this replica computes meanwhile, and the exchange leaves it the processor.
    fn sum(&self, numbers: Vec<f32>, awaited: &AtomicBool) -> Vec<f32>;
}

static EXCHANGE: OnceLock<Box<dyn Exchange>> = OnceLock::new();

/// Makes this process one of several replicas, until it ends. Returns false if it is one already.
pub fn connect(exchange: Box<dyn Exchange>) -> bool {
    EXCHANGE.set(exchange).is_ok()
}

/// Replaces numbers by their means over all replicas; a process that trains alone keeps them.
pub fn average(numbers: &mut [f32]) {
    if let Some(exchange) = EXCHANGE.get() {
        let sums = exchange.sum(numbers.to_vec(), &AtomicBool::new(true));
        let share = share(exchange.as_ref());
        numbers.iter_mut().zip(sums).for_each(|(number, sum)| *number = sum * share);
    }
}

/// Returns one replica's share of a mean.
fn share(exchange: &dyn Exchange) -> f32 {
    1.0 / exchange.replicas() as f32
}

/// Returns a network's gradients, averaged over all replicas.
pub fn gradients_of<M: Module>(gradients: Gradients, network: &M) -> GradientsParams {
    averaged(GradientsParams::from_grads(gradients, network), network)
}

/// Returns gradients of some of a network's weights, averaged over all replicas.
pub fn averaged<M: Module>(gradients: GradientsParams, network: &M) -> GradientsParams {
    Averaging::start(gradients, network).finish(network)
}

/// A network's gradients on their way to the other replicas, in one exchange for all of them; meanwhile this one computes.
#[derive(Debug)]
#[must_use = "every replica takes its step with the averaged gradients"]
pub struct Averaging {
    gradients: GradientsParams,
    /// Nothing in a process that trains alone.
    exchange: Option<Exchanging>,
}

/// An exchange on its way.
#[derive(Debug)]
struct Exchanging {
    sums: JoinHandle<Vec<f32>>,
    /// Whether this process waits for the sums.
    awaited: Arc<AtomicBool>,
    /// What a sum is multiplied with to be a mean.
    share: f32,
}

impl Averaging {
    /// Starts to average a network's gradients. Until [`Self::finish`] nothing else may be averaged.
    pub fn start<M: Module>(gradients: GradientsParams, network: &M) -> Self {
        // A browser's page trains alone, and cannot wait for its GPU.
        let Some(exchange) = EXCHANGE.get().filter(|_| !cfg!(target_arch = "wasm32")) else {
            return Self { gradients, exchange: None };
        };
        let mut found = Found { gradients, rows: Vec::new() };
        network.visit(&mut found);
        let Found { gradients, rows } = found;
        if rows.is_empty() {
            return Self { gradients, exchange: None };
        }
        let data = Tensor::cat(rows, 0).into_data(); // [gradients]
        let numbers = data.try_into_vec_as::<f32>().expect("gradients are numbers, which become f32");
        let awaited = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&awaited);
        let sums = thread::spawn(move || exchange.sum(numbers, &flag));
        Self { gradients, exchange: Some(Exchanging { sums, awaited, share: share(exchange.as_ref()) }) }
    }

    /// Waits for the other replicas and returns the averaged gradients of the same network.
    pub fn finish<M: Module>(self, network: &M) -> GradientsParams {
        let Some(Exchanging { sums, awaited, share }) = self.exchange else {
            return self.gradients;
        };
        awaited.store(true, Ordering::Relaxed);
        let sums = sums.join().unwrap_or_else(|panic| resume_unwind(panic));
        let mut replace = Replace { gradients: self.gradients, left: &sums, share };
        network.visit(&mut replace);
        replace.gradients
    }
}

/// Collects the gradients in the order of the network's fields.
struct Found {
    gradients: GradientsParams,
    rows: Vec<Tensor<1>>,
}

impl ModuleVisitor for Found {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let count = gradient.shape().num_elements();
            self.rows.push(gradient.reshape([count])); // [weights of this tensor]
        }
    }
}

/// Puts gradients back in the same order.
struct Replace<'a> {
    gradients: GradientsParams,
    left: &'a [f32],
    share: f32,
}

impl ModuleVisitor for Replace<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let (now, left) = self.left.split_at(gradient.shape().num_elements());
            self.left = left;
            let averaged: Vec<f32> = now.iter().map(|sum| sum * self.share).collect();
            let averaged = Tensor::<D>::from_data(TensorData::new(averaged, gradient.dims()), &gradient.device());
            self.gradients.register(param.id, averaged);
        }
    }
}
