//! Convolution, pooling, normalisation and borders on every backend, with their own code for the processor. Networks made of them are in
//! [`nets`](crate::nets).

pub mod border;
pub mod conv;
mod flex;
pub mod normalise;
mod parallel;
pub mod pool;
