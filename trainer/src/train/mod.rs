//! Training, whatever is trained: the loop, what a step changes, the gate, the average, checkpoints, recovery, progress. What is particular to
//! one system lies in `system`; measuring trained networks in `measure`.

pub mod checkpoint;
pub mod linear;
pub mod loss;
pub mod mean;
pub mod memory;
#[cfg(feature = "mpi")]
mod mpi;
pub mod optimizer;
pub mod progress;
pub mod recovery;
pub mod replica;
pub mod run_folder;
pub mod scale;
pub mod schedule;
pub mod state;
pub mod task;
mod training_loop;

pub use training_loop::{Ended, Session};
