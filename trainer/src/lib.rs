//! What the `trainer` binary is made of; [`train::train`] is the loop, [`step`] one step of it.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

pub mod checkpoint;
pub mod cli;
pub mod config;
pub mod data;
pub mod device;
pub mod ema;
pub mod export;
pub mod gate;
pub mod invert;
pub mod locate;
pub mod metrics;
pub mod model;
pub mod progress;
pub mod random;
pub mod run;
pub mod samples;
pub mod scale;
pub mod step;
pub mod train;
