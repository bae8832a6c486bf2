//! `trainer`: see `trainer --help`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use trainer::cli::{Cli, Command};
use trainer::generation::classify::classify;
use trainer::generation::draw;
use trainer::train::Ended;
use trainer::{bench, device, eval, experiment, export, import, invert, memory, report, train};

/// A step makes and drops hundreds of megabytes; this allocator keeps the pages, the system's gives them back and asks again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    memory::keep_freed_pages();
    device::prepare_environment();
    let cli = Cli::read()?;
    end_with_the_reader().context("cannot listen for signals")?;
    report_full_files().context("cannot listen for signals")?;
    let backend = cli.backend().resolve()?;
    backend.make_default();
    match &cli.command {
        Some(Command::Devices) => device::list(),
        Some(Command::Bench(options)) => bench::bench(options, &backend.open()),
        Some(Command::Invert(options)) => invert::invert(options, &backend.open()),
        Some(Command::Eval(options)) => eval::eval(options, &backend.open()),
        Some(Command::Sample(options)) => draw::sample(options, &backend.open()),
        Some(Command::Interpolate(options)) => draw::interpolate(options, &backend.open()),
        Some(Command::Reconstruct(options)) => draw::reconstruct(options, &backend.open()),
        Some(Command::Classify(options)) => classify(options, &backend.open()),
        Some(Command::Experiment(options)) => experiment::experiment(options, &backend.open()),
        Some(Command::Report(options)) => report::report(options, &backend.open()),
        Some(Command::Export(options)) => export::export(options, &backend.open()),
        Some(Command::Import(options)) => import::import(options, &backend.open()),
        None => {
            cli.config.check()?;
            let stop = stop_on_signals().context("cannot listen for signals")?;
            let start = cli.start();
            let (ended, step) = train::train(&cli.config, &start, &backend.open(), cli.quiet, &stop)?;
            let run = start.folder().display();
            match ended {
                Ended::Done => println!("trained {step} steps; next: trainer export {run} --output MODEL.safetensors"),
                Ended::Early => println!("stopped and saved at step {step}; go on with: trainer --resume {run}"),
            }
            Ok(())
        }
    }
}

/// Ctrl-C and SIGTERM ask for a clean end; a second one ends at once.
fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Ends quietly when nobody reads the output any more (`trainer devices | head -1`), as other commands do.
fn end_with_the_reader() -> std::io::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register_conditional_default(signal_hook::consts::SIGPIPE, Arc::new(AtomicBool::new(true)))?;
    Ok(())
}

/// Makes a write past the file size limit an error that can be reported, where the system would end the process.
fn report_full_files() -> std::io::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}
