//! The `trainer` binary's library. From the bottom up:
//!
//! * [`config`]: the options of a run, one struct for the command line and `config.toml`; [`device`]: where to compute.
//! * [`models`]: model files on disk.
//! * [`data`]: pictures from folders, tar and IDX files, and the crops that training sees.
//! * [`measure`]: errors, the judge, baselines, tables, charts and sheets.
//! * [`train`]: the loop, what a step changes, checkpoints.
//! * [`system`]: the kinds of models, a folder each: its training step, its export, its evaluation.
//! * [`command`]: the subcommands; [`cli`]: the command line.
//!
//! `docs/architecture.md` has the arrows between them, and the way of one crop from its file to a weight update.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

pub mod atomic_file;
pub mod cli;
pub mod command;
pub mod config;
pub mod data;
pub mod device;
pub mod measure;
pub mod models;
pub mod system;
pub mod train;
