//! `peer`: the sides of `cargo xtask bench --peers` that are ours. Each times something, prints one line of JSON, and writes what
//! another implementation needs to do the same.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

mod inversion;
mod state;
mod step;

use std::process::ExitCode;

use clap::Parser;

/// A step makes and drops hundreds of megabytes; this allocator keeps the pages, the system's gives them back and asks again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
enum Task {
    /// The whole DeePSiM training step
    Step(step::Options),
    /// The inversion of one photo at 224
    Inversion(inversion::Options),
}

fn main() -> ExitCode {
    trainer::device::prepare_environment();
    let done = match Task::parse() {
        Task::Step(options) => step::measure(&options),
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
