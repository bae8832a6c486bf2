//! `peer`: the sides of `cargo xtask bench --peers` that are ours. Each times something, prints one line of JSON, and writes what
//! another implementation needs to do the same.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

mod crops;
mod enlarge;
mod inversion;
mod lapgan;
mod restyle;
mod step;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde_json::Value;
use trainer::command::bench::{self, BenchOptions};

/// A step makes and drops hundreds of megabytes; this allocator keeps the pages, the system's gives them back and asks again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
enum Task {
    /// The whole DeePSiM training step; `bench/peers/torch_step.py` repeats it in PyTorch
    Step(BenchOptions),
    /// A training step of the style network; `bench/peers/torch_restyle.py` repeats it
    Restyle(step::Options),
    /// A training step of the upscaler; `bench/peers/torch_enlarge.py` repeats it
    Enlarge(step::Options),
    /// A training step of a level of LAPGAN; `bench/peers/torch_lapgan.py` repeats it
    Lapgan(step::Options),
    /// Training crops from a data set; `bench/peers/webdataset_crops.py` makes such ones
    Crops(crops::CropOptions),
    /// The inversion of one photo at 224
    Inversion(inversion::Options),
}

fn main() -> ExitCode {
    trainer::device::memory::keep_freed_pages();
    trainer::device::prepare_environment();
    deepsim::kernels::join_pool();
    let done = match Task::parse() {
        Task::Step(options) => deepsim_step(&options),
        Task::Restyle(options) => restyle::measure(&options),
        Task::Enlarge(options) => enlarge::measure(&options),
        Task::Lapgan(options) => lapgan::measure(&options),
        Task::Crops(options) => crops::measure(&options),
        Task::Inversion(options) => inversion::measure(&options),
    };
    match done {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn deepsim_step(options: &BenchOptions) -> Result<Value> {
    let backend = options.device.resolve()?;
    backend.make_default();
    Ok(serde_json::to_value(bench::measure(options, &backend.open())?)?)
}
