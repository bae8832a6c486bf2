//! Training with the DeePSiM loss, on any device and without a file system: what a step changes, the gate, the average, and which crops a step sees. The
//! `trainer` and the page's view Train run these same lines.

pub mod adam;
pub mod augment;
pub mod average;
pub mod gate;
pub mod losses;
pub mod numbers;
pub mod offset;
pub mod oppose;
pub mod order;
pub mod replicas;
pub mod run;
pub mod state;
pub mod step;
