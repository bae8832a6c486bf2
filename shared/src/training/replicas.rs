//! Several processes that train one network: each goes back through its share of the batch, and what they found is averaged.
//!
//! A loss is a mean over the batch, and shares are of equal size, so that the mean of the replicas' gradients is the gradient of the whole batch, and the
//! mean of their losses its loss.

use std::sync::OnceLock;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor, TensorData};

/// A connection between the replicas.
pub trait Exchange: Send + Sync {
    /// Replaces numbers by their means over all replicas, which call this in the same order with as many numbers.
    fn average(&self, numbers: &mut [f32]);
}

static EXCHANGE: OnceLock<Box<dyn Exchange>> = OnceLock::new();

/// Makes this process one of several replicas, until it ends. Returns false if it is one already.
pub fn connect(exchange: Box<dyn Exchange>) -> bool {
    EXCHANGE.set(exchange).is_ok()
}

/// Replaces numbers by their means over all replicas; a process that trains alone keeps them.
pub fn average(numbers: &mut [f32]) {
    if let Some(exchange) = EXCHANGE.get() {
        exchange.average(numbers);
    }
}

/// Returns a network's gradients, averaged over all replicas.
pub fn gradients_of<M: Module>(gradients: Gradients, network: &M) -> GradientsParams {
    averaged(GradientsParams::from_grads(gradients, network), network)
}

/// Returns gradients of some of a network's weights, averaged over all replicas: one exchange for all of them.
pub fn averaged<M: Module>(gradients: GradientsParams, network: &M) -> GradientsParams {
    // A browser's page trains alone, and cannot wait for its GPU.
    if cfg!(target_arch = "wasm32") || EXCHANGE.get().is_none() {
        return gradients;
    }
    let mut found = Found { gradients, rows: Vec::new() };
    network.visit(&mut found);
    let Found { gradients, rows } = found;
    if rows.is_empty() {
        return gradients;
    }
    let mut numbers: Vec<f32> = Tensor::cat(rows, 0).into_data().iter().collect(); // [gradients]
    average(&mut numbers);
    let mut replace = Replace { gradients, left: &numbers };
    network.visit(&mut replace);
    replace.gradients
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
}

impl ModuleVisitor for Replace<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let (now, left) = self.left.split_at(gradient.shape().num_elements());
            self.left = left;
            let averaged = Tensor::<D>::from_data(TensorData::new(now.to_vec(), gradient.dims()), &gradient.device());
            self.gradients.register(param.id, averaged);
        }
    }
}
