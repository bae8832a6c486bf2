//! What the `trainer` binary is made of; [`train::train`] is the loop, [`step`] one step of it.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

pub mod bench;
pub mod checkpoint;
pub mod choices;
pub mod cli;
pub mod config;
pub mod data;
pub mod device;
pub mod ema;
pub mod eval;
pub mod experiment;
pub mod export;
pub mod gate;
pub mod generation;
pub mod import;
pub mod invert;
pub mod locate;
pub mod mean;
pub mod memory;
pub mod method;
pub mod metrics;
pub mod model;
pub mod optimizer;
pub mod progress;
pub mod random;
pub mod recovery;
pub mod report;
pub mod run;
pub mod samples;
pub mod scale;
pub mod schedule;
pub mod step;
pub mod table;
pub mod task;
pub mod train;
pub mod trainee;
