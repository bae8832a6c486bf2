//! The training step of a task, timed on the processor, and what another implementation needs to repeat the first one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::Device;
use clap::{Args, Parser};
use serde_json::{Value, json};
use trainer::command::bench::peak_mib;
use trainer::command::bench::state::State;
use trainer::config::Config;
use trainer::data::Dataset;
use trainer::data::loader::{Batch, Loader, Plan, Share};
use trainer::models::locate::locate;
use trainer::train::task::{Pictures, Task};

#[derive(Args)]
pub(crate) struct Options {
    /// Side of the crops, a multiple of 16
    #[arg(long, default_value_t = 128)]
    pub(crate) size: usize,
    /// Crops a step
    #[arg(long, default_value_t = 4)]
    pub(crate) batch: usize,
    /// Steps that are timed
    #[arg(long, default_value_t = 5)]
    steps: u64,
    /// Steps before those
    #[arg(long, default_value_t = 3)]
    warmup: u64,
    /// Write pictures, weights, settings and the first step's losses there
    #[arg(long)]
    state: PathBuf,
}

/// The options of a run, with the defaults of `trainer`.
#[derive(Parser)]
struct Run {
    #[command(flatten)]
    config: Config,
}

/// A task before its first step, and a batch.
pub(crate) struct Begun<T> {
    pub(crate) task: T,
    pub(crate) config: Config,
    pub(crate) batch: Batch,
}

/// Begins a task with these arguments of `trainer`.
pub(crate) fn begin<T: Task>(arguments: &[&str], options: &Options, device: &Device) -> Result<Begun<T>> {
    let sizes = [options.size, options.batch].map(|number| number.to_string());
    let fixed = ["trainer", "--size", &sizes[0], "--batch", &sizes[1]];
    let config = Run::try_parse_from(fixed.iter().chain(arguments))?.config;
    config.check()?;
    device.seed(config.seed);
    let training = Arc::new(Dataset::open(&locate("data/photos-train.tar.gz")?)?);
    let pictures = Pictures { training, samples: Vec::new() };
    let (task, _) = T::begin(&config, &pictures, device)?;
    let plan = Plan { seed: config.seed, batch: config.batch, share: Share::ALL };
    let batch = Loader::start(&T::source(&config, &pictures), plan, 0, 1).wait()?;
    Ok(Begun { task, config, batch })
}

/// Times steps on one batch; `prepare` changes the task before each. Writes the state with the first step's losses.
pub(crate) fn time<T: Task>(
    mut task: T,
    config: &Config,
    batch: &Batch,
    mut state: State,
    options: &Options,
    prepare: impl Fn(&mut T),
) -> Result<Value> {
    state.put("pictures", batch.pictures.clone());
    // A double has more digits than a rate.
    state.put("learning_rate", [config.learning_rate as f32]);
    let mut seconds = Vec::new();
    for step in 0..options.warmup + options.steps {
        prepare(&mut task);
        let begun = Instant::now();
        let outcome;
        (task, outcome) = task.step(batch.clone(), step, config.learning_rate);
        seconds.push(begun.elapsed().as_secs_f64());
        if step == 0 {
            let losses: Vec<f32> = outcome.terms.iter().map(|(_, loss)| *loss).collect();
            state.put("losses", losses.as_slice());
            state.write(&options.state)?;
        }
    }
    let warmup = options.warmup as usize;
    Ok(json!({ "seconds": seconds[warmup..], "peak_mib": peak_mib() }))
}
