//! Convolution and pooling on every backend, with their own code for the processor. Networks made of them are in [`nets`](crate::nets).

pub mod conv;
mod flex;
mod parallel;
pub mod pool;
