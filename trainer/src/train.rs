//! The training loop, from top to bottom: find pictures, make or resume networks, step, log, sample, save.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use deepsim::loss::{DeepSimLoss, Offset, ScaledLayer};
use deepsim::picture::{self, Picture};
use rand::RngExt;

use crate::checkpoint::{self, State};
use crate::config::Config;
use crate::data::builtin::{crops, open_data};
use crate::data::loader::{Loader, Plan};
use crate::model;
use crate::progress::{EVERY, Progress};
use crate::random::random;
use crate::run::{self, Speed, Start};
use crate::samples;
use crate::step::{Setup, Trainee};

/// Pictures on a sheet of samples.
const SAMPLES: usize = 8;
/// Separates the offsets' random numbers from the crops' and the shuffling's.
const OFFSETS: u64 = u64::MAX - 1;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Done,
    /// The time limit, Ctrl-C or SIGTERM; `--resume` goes on.
    Early,
}

/// Trains until the steps are done, the time is over or `stop` is set. Returns how it ended and the step reached.
///
/// # Errors
/// If pictures, models or the run's folder cannot be used, or a loss is no longer a number.
pub fn train(config: &Config, start: &Start, device: &Device, quiet: bool, stop: &AtomicBool) -> Result<(Ended, u64)> {
    let started = Instant::now();
    let (dataset, held_out) = open_data(config)?;
    let held_out = crops(&held_out, SAMPLES, config.size)?;
    let encoder = model::squeezenet(device)?;

    let (mut trainee, state) = run::begin(config, start, &dataset, &encoder, device)?;
    let run = start.folder();

    let scaled = |layer| state.scales.iter().find(|scaled| scaled.layer == layer).copied();
    let comparator: Option<Vec<ScaledLayer>> = config.comparator.iter().map(|&layer| scaled(layer)).collect();
    let setup = Setup {
        scale: scaled(config.layer).context("the checkpoint has no scale for its layer")?.scale,
        loss: DeepSimLoss::new(
            encoder.clone(),
            comparator.context("the checkpoint has no scale for a layer of its comparator")?,
            config.weights(),
        ),
        encoder,
        layer: config.layer,
        learning_rate: config.learning_rate,
    };

    let total = config.steps(dataset.len());
    let plan = Plan { seed: config.seed, batch: config.batch, side: config.size };
    let mut loader = Loader::start(&dataset, plan, trainee.step, config.data_threads);
    let progress = Progress::new(total, trainee.step, config.batch, quiet);
    let mut skipped = BTreeSet::new();
    let save = |trainee: &Trainee| {
        let state = State { step: trainee.step, gate: trainee.gate, average_updates: trainee.average.updates(), ..state.clone() };
        checkpoint::save(run, trainee, &state)
    };
    let sample = |trainee: &Trainee| save_samples(run, trainee, &setup, &held_out, device);

    let mut waited = Duration::ZERO;
    let looping = Instant::now();
    let mut ended = Ended::Done;
    while trainee.step < total {
        let late = config.max_minutes.is_some_and(|most| started.elapsed().as_secs_f64() > most * 60.0);
        if stop.load(Ordering::Relaxed) || late {
            ended = Ended::Early;
            break;
        }
        let asked = Instant::now();
        let batch = loader.wait()?;
        waited += asked.elapsed();
        for reason in batch.skipped {
            if !skipped.contains(&reason) {
                progress.say(&format!("skipped {reason}"));
                skipped.insert(reason);
            }
        }
        let pictures = Tensor::from_data(batch.pictures, device); // [batch, 3, side, side]
        let offset = offset(config, trainee.step);
        let losses;
        (trainee, losses) = trainee.step(&setup, pictures, offset);
        let step = trainee.step;
        ensure!(losses.are_finite(), "step {step}: a loss is no longer a number; lower --learning-rate and --resume the run");
        progress.step(step, &losses);
        if step.is_multiple_of(EVERY) || step == total {
            let speed = Speed {
                pictures_per_second: progress.rate(step),
                waiting_for_data: waited.as_secs_f64() / looping.elapsed().as_secs_f64(),
            };
            run::append_stats(run, step, config.batch, speed, &losses)?;
        }
        if step.is_multiple_of(config.sample_every) {
            sample(&trainee)?;
        }
        if step.is_multiple_of(config.checkpoint_every) {
            save(&trainee)?;
        }
    }
    progress.finish();
    save(&trainee)?;
    sample(&trainee)?;
    if !skipped.is_empty() {
        eprintln!("{} of {} pictures could not be used and were skipped", skipped.len(), dataset.len());
    }
    Ok((ended, trainee.step))
}

/// Where picture and inversion are cropped before the comparator at a step.
fn offset(config: &Config, step: u64) -> Offset {
    let mut random = random(config.seed, OFFSETS, step);
    let range = Offset::range(config.size);
    Offset { left: random.random_range(0..=range), top: random.random_range(0..=range) }
}

fn save_samples(run: &Path, trainee: &Trainee, setup: &Setup, held_out: &[Picture], device: &Device) -> Result<()> {
    let pictures = picture::to_tensor(held_out, device)?; // [samples, 3, side, side]
    let features = setup.encoder.features(pictures, setup.layer).div_scalar(setup.scale); // [samples, channels, grid, grid]
    let inverted = picture::from_data(&trainee.average.module().forward(features).into_data())?;
    samples::save(&run.join(format!("samples/{:06}.png", trainee.step)), held_out, &inverted)
}
