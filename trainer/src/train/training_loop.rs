//! The training loop, from top to bottom: find pictures, make or resume networks, step, log, sample, save.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;

use crate::atomic_file::write_atomically;
use crate::config::Config;
use crate::data::builtin::{crops, open_data};
use crate::data::loader::{Loader, Plan};
use crate::measure::sheet::to_png;
use crate::train::checkpoint::{self, RunState};
use crate::train::memory;
use crate::train::progress::{EVERY, Progress};
use crate::train::recovery;
use crate::train::replica::Replica;
use crate::train::run_folder::{self, Pace, RunLock, Start};
use crate::train::schedule::learning_rate;
use crate::train::task::{Outcome, Pictures, Task};

/// Pictures on a sheet of samples.
const SAMPLES: usize = 8;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Done,
    /// The time limit, Ctrl-C or SIGTERM; `--resume` goes on.
    Early,
}

/// The arguments of a run.
#[derive(Debug)]
pub struct Session<'a> {
    /// What to train.
    pub config: &'a Config,
    /// A new run or one that goes on.
    pub start: &'a Start,
    /// Where to compute.
    pub device: &'a Device,
    /// Plain lines instead of a progress bar.
    pub quiet: bool,
    /// Set from outside to end the run: it saves and returns.
    pub stop: &'a AtomicBool,
    /// This process among those that train together.
    pub replica: &'a Replica,
}

impl Session<'_> {
    /// Trains a task until the steps are done, the time is over or the session is stopped. Returns how it ended and the step reached.
    ///
    /// # Errors
    /// If pictures, models or the run's folder cannot be used, or training diverges again and again.
    pub fn train<T: Task>(&self) -> Result<(Ended, u64)> {
        train::<T>(self)
    }
}

fn train<T: Task>(session: &Session<'_>) -> Result<(Ended, u64)> {
    let Session { config, start, device, quiet, stop, replica } = *session;
    let started = Instant::now();
    let pictures = replica.agree(prepare(config))?;
    let (mut task, mut state, _lock) = begin::<T>(session, &pictures)?;
    let run = start.folder();

    let source = T::source(config, &pictures);
    let total = config.steps(source.len());
    let last = config.max_steps.map_or(total, |most| total.min(most));
    let plan = Plan { seed: config.seed, batch: config.batch, share: replica.share() };
    let mut loader = Loader::start(&source, plan, state.step, config.data_threads);
    let mut progress = Progress::new(last, state.step, config.batch, quiet, replica.leads());
    let mut skipped = BTreeSet::new();
    let save = |task: &T, state: &mut RunState| {
        state.set_memory(task.memory()?);
        if replica.leads() { checkpoint::save(run, state, &task.parts()?) } else { Ok(()) }
    };
    let sample = |task: &T, step: u64| -> Result<()> {
        if !replica.leads() {
            return Ok(());
        }
        write_atomically(&run.join(format!("samples/{step:06}.png")), &to_png(&task.sample()?)?)
    };
    // Something to go back to, whenever a step breaks.
    save(&task, &mut state)?;

    let mut since = Vec::new();
    let mut waited = Duration::ZERO;
    let looping = Instant::now();
    let mut ended = Ended::Done;
    while state.step < last {
        let late = config.max_minutes.is_some_and(|most| started.elapsed().as_secs_f64() > most * 60.0);
        if replica.any(stop.load(Ordering::Relaxed) || late) {
            ended = Ended::Early;
            break;
        }
        let asked = Instant::now();
        let mut batch = loader.wait()?;
        waited += asked.elapsed();
        for reason in std::mem::take(&mut batch.skipped) {
            if !skipped.contains(&reason) {
                progress.say(&format!("skipped {reason}"));
                skipped.insert(reason);
            }
        }
        let rate = learning_rate(config.learning_rate, state.step, total, config.decay, state.slowdowns);
        let outcome;
        (task, outcome) = task.step(batch, state.step, rate);
        state.step += 1;
        let step = state.step;
        if let Some(failure) = recovery::failure(&outcome.terms) {
            let good;
            (good, state) = go_back(replica, run, step, state.slowdowns).with_context(|| format!("step {step}: {failure}"))?;
            task = T::load(config, &pictures, &good, &state, device)?;
            if replica.leads() {
                run_folder::truncate_stats(run, state.step)?;
            }
            progress.say(&format!("step {step}: {failure}; going on from step {} at half the learning rate", state.step));
            loader = Loader::start(&source, plan, state.step, config.data_threads);
            since.clear();
            continue;
        }
        progress.step(step, &outcome);
        since.push(outcome.clone());
        if step.is_multiple_of(EVERY) || step == last {
            replica.ensure_same(
                task.digest(),
                &format!("step {step}: the replicas' weights differ: is the memory of one of these machines faulty?"),
            )?;
        }
        if replica.leads() && (step.is_multiple_of(EVERY) || step == last) {
            let pace = Pace {
                pictures_per_second: progress.rate(step),
                waiting_for_data: waited.as_secs_f64() / looping.elapsed().as_secs_f64(),
                first_step_seconds: progress.first_step(),
                shares: shares(&since),
            };
            run_folder::append_stats(run, step, config.batch, &pace, &outcome)?;
            since.clear();
        }
        if step.is_multiple_of(config.sample_every) {
            sample(&task, step)?;
        }
        if step.is_multiple_of(config.checkpoint_every) {
            save(&task, &mut state)?;
        }
    }
    progress.finish();
    save(&task, &mut state)?;
    sample(&task, state.step)?;
    if !skipped.is_empty() {
        eprintln!("{} of {} pictures could not be used and were skipped", skipped.len(), source.len());
    }
    Ok((ended, state.step))
}

/// Opens the pictures of a run that the machine has room for.
fn prepare(config: &Config) -> Result<Pictures> {
    memory::check(config)?;
    let (training, held_out) = open_data(config)?;
    Ok(Pictures { training, samples: crops(&held_out, SAMPLES, config.size)? })
}

/// Creates or loads the networks and the state that a run begins with. The replica that leads locks the run's folder.
fn begin<T: Task>(session: &Session<'_>, pictures: &Pictures) -> Result<(T, RunState, Option<RunLock>)> {
    let Session { config, start, device, replica, .. } = *session;
    device.seed(config.seed);
    let now = pictures.training.name();
    let leading = |what: &dyn Fn() -> Result<RunLock>| replica.agree(if replica.leads() { what().map(Some) } else { Ok(None) });
    match start {
        Start::New(run) => {
            let (task, started_from) = replica.agree(T::begin(config, pictures, device))?;
            let lock = leading(&|| run_folder::create(run, config))?;
            Ok((task, RunState::new(now, started_from), lock))
        }
        Start::Resume(run) => {
            let lock = leading(&|| run_folder::lock(run))?;
            let load = || {
                let newest = checkpoint::latest(run)?;
                let state = checkpoint::load_state(&newest)?;
                let then = &state.data;
                ensure!(then == now, "the run was trained on {then}, not on {now}: its data has moved or changed");
                Ok((T::load(config, pictures, &newest, &state, device)?, state))
            };
            let (task, state) = replica.agree(load())?;
            if replica.leads() {
                run_folder::resume(run, config, state.step)?;
            }
            Ok((task, state, lock))
        }
    }
}

/// Returns to a good checkpoint, see [`recovery::go_back`]: the replica that leads finds it, and the others load what it has left.
fn go_back(replica: &Replica, run: &Path, step: u64, slowdowns: u32) -> Result<(PathBuf, RunState)> {
    let led = replica.agree(if replica.leads() { recovery::go_back(run, step, slowdowns).map(Some) } else { Ok(None) })?;
    let follow = || {
        let good = checkpoint::latest(run)?;
        let mut state = checkpoint::load_state(&good)?;
        state.slowdowns = slowdowns + 1;
        Ok((good, state))
    };
    led.map_or_else(follow, Ok)
}

/// Returns for each network the share of these steps in which it trained.
fn shares(steps: &[Outcome]) -> Vec<(&'static str, f64)> {
    let names = steps.first().map(|first| first.trained.iter().map(|(name, _)| *name)).into_iter().flatten();
    let times = |name| steps.iter().filter(|outcome| outcome.trained.contains(&(name, true))).count();
    names.map(|name| (name, times(name) as f64 / steps.len() as f64)).collect()
}
