//! `cargo xtask`: set-up, page, tests and bench, in one place. See `cargo xtask --help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::peers::Part;
use xtask::{bench, cuda, lighthouse, results, sanitize, test, web};

/// What developers and visitors run.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the page and serve it at http://127.0.0.1:8080
    Demo {
        /// Port to serve at
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Build the page into dist/, ready for any static host
    Web {
        /// Build for visitors; the only way there is
        #[arg(long)]
        release: bool,
    },
    /// Formatting, clippy, docs, unit tests, command-line tests and browser tests
    Test,
    /// Try hostile input and kill training at random, for as long as wanted
    Torture {
        /// How long, in minutes
        #[arg(long, default_value_t = 10, value_name = "N")]
        minutes: u64,
    },
    /// Run the processor's kernels in miri and with the address and thread sanitizers (nightly Rust, Linux)
    Sanitize,
    /// Measure the models in the repository and write tables and sheets into docs/ (hours without a GPU)
    Results {
        /// Only these sections: inverters, optimisation, losses, comparators, reencode, styles, generation, lapgan, surgery, divergence, codes
        sections: Vec<String>,
    },
    /// Build the trainer for NVIDIA cards, without the LLVM download that burn's CUDA backend would do
    Cuda,
    /// Audit the page with Lighthouse (npm), on a desktop and on a phone
    Lighthouse,
    /// Measure parts, training and inversion on this machine
    Bench {
        /// Compare with PyTorch and with libraries for the browser instead; installs them (gigabytes) below the target folder
        #[arg(long)]
        peers: bool,
        /// Of the comparisons only these
        #[arg(long, value_enum, value_delimiter = ',', requires = "peers")]
        only: Vec<Part>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo { port } => web::demo(port),
        Task::Web { release: _ } => web::build().map(drop),
        Task::Test => test::test(),
        Task::Torture { minutes } => test::torture(minutes),
        Task::Sanitize => sanitize::sanitize(),
        Task::Results { sections } => results::results(&sections),
        Task::Cuda => cuda::build().map(drop),
        Task::Lighthouse => lighthouse::lighthouse(),
        Task::Bench { peers, only } => bench::bench(peers.then_some(&only)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
