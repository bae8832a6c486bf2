//! `trainer`: see `trainer --help`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use trainer::cli::Cli;
use trainer::data::loader::Share;
use trainer::device::{self, memory};
use trainer::system;
use trainer::train::replica::{self, Agreed, Replica};
use trainer::train::{Ended, Session};

/// A step makes and drops hundreds of megabytes; this allocator keeps the pages, the system's gives them back and asks again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What several replicas have found is said once.
            if error.downcast_ref::<Agreed>().is_none() || replica::reports() {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    memory::keep_freed_pages();
    device::prepare_environment();
    replica::prepare_environment();
    deepsim::kernels::join_pool();
    let cli = Cli::read()?;
    end_with_the_reader().context("cannot listen for signals")?;
    report_full_files().context("cannot listen for signals")?;
    match &cli.command {
        Some(command) => {
            let (backend, action) = command.action();
            let backend = backend.resolve()?;
            backend.make_default();
            action(&backend.open())
        }
        None => train(&cli),
    }
}

fn train(cli: &Cli) -> Result<()> {
    let replica = Replica::connect()?;
    let trained = train_as(&replica, cli);
    if let Err(error) = &trained
        && error.downcast_ref::<Agreed>().is_none()
        && replica.share() != Share::ALL
    {
        // The others would wait for this one for ever.
        eprintln!("error: replica {}: {error:#}", replica.share().rank);
        replica.abort();
    }
    trained
}

fn train_as(replica: &Replica, cli: &Cli) -> Result<()> {
    let config = &cli.config;
    replica.check(config)?;
    let backend = replica.agree(replica.device(config.device).resolve())?;
    backend.make_default();
    replica.agree(config.check())?;
    let (start, device) = (cli.start(), backend.open());
    let stop = stop_on_signals().context("cannot listen for signals")?;
    let session = Session { config, start: &start, device: &device, quiet: cli.quiet, stop: &stop, replica };
    let (ended, step) = system::of_task(config.task)?.train(&session)?;
    if !replica.leads() {
        return Ok(());
    }
    let run = start.folder().display();
    match ended {
        Ended::Done => println!("trained {step} steps; next: trainer export {run} --output MODEL.safetensors"),
        Ended::Early => println!("stopped and saved at step {step}; go on with: trainer --resume {run}"),
    }
    Ok(())
}

/// Returns a flag that Ctrl-C and SIGTERM set, so that the run saves and ends; a second signal ends the process at once.
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
