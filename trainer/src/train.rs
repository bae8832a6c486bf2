//! The training loop, from top to bottom: find pictures, make or resume networks, step, log, sample, save.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use deepsim::loss::{DeepSimLoss, Offset, ScaledLayer};
use deepsim::model_file::{ModelFile, Training};
use deepsim::picture::{self, Picture};
use rand::RngExt;

use crate::checkpoint::{self, State, write_atomically};
use crate::config::Config;
use crate::data::Dataset;
use crate::data::loader::{Loader, Plan};
use crate::locate::locate;
use crate::model;
use crate::progress::{EVERY, Progress};
use crate::random::random;
use crate::samples;
use crate::scale::measure_scales;
use crate::step::{Losses, Setup, Trainee};

/// The built-in photographs.
const TRAIN_DATA: &str = "data/photos-train.tar";
/// Photographs that no training picture was cut from.
const HELD_OUT_DATA: &str = "data/photos-val.tar";
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

/// Where a run comes from.
#[derive(Debug, Clone)]
pub enum Start {
    /// A new run in this folder.
    New(PathBuf),
    /// The run in this folder, from its newest checkpoint.
    Resume(PathBuf),
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

    device.seed(config.seed);
    let fresh = Trainee::new(config.layer, config.average, device)?;
    let (run, mut trainee, state) = match start {
        Start::New(run) => {
            let (trainee, started_from) = match &config.init {
                Some(path) => with_weights_of(fresh, path, config)?,
                None => (fresh, None),
            };
            let scales = scales_of(config, &dataset, &encoder, started_from.as_ref().map(|(_, scale)| *scale), device)?;
            let started_from = started_from.and_then(|(training, _)| training);
            let state = State { step: 0, gate: trainee.gate, average_updates: 0, scales, data: dataset.name().to_owned(), started_from };
            create_run(run, config)?;
            (run, trainee, state)
        }
        Start::Resume(run) => {
            let newest = checkpoint::latest(run)?;
            let state = checkpoint::load_state(&newest)?;
            ensure!(state.data == dataset.name(), "the run was trained on {}, not on {}: give the same --data", state.data, dataset.name());
            let trainee = checkpoint::load(&newest, &state, fresh, config.average)?;
            cut_stats(run, state.step)?;
            write_atomically(&run.join("config.toml"), config.to_toml()?.as_bytes())?;
            (run, trainee, state)
        }
    };

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

    let mut ended = Ended::Done;
    while trainee.step < total {
        let late = config.max_minutes.is_some_and(|most| started.elapsed().as_secs_f64() > most * 60.0);
        if stop.load(Ordering::Relaxed) || late {
            ended = Ended::Early;
            break;
        }
        let batch = loader.wait()?;
        for reason in batch.skipped {
            if !skipped.contains(&reason) {
                progress.say(&format!("skipped {reason}"));
                skipped.insert(reason);
            }
        }
        let pictures = Tensor::from_data(batch.pictures, device); // [batch, 3, side, side]
        let step = trainee.step;
        let (next, losses) = trainee.step(&setup, pictures, offset(config, step));
        trainee = next;
        let step = trainee.step;
        ensure!(losses.are_finite(), "step {step}: a loss is no longer a number; lower --learning-rate and --resume the run");
        progress.step(step, &losses);
        if step.is_multiple_of(EVERY) || step == total {
            append_stats(run, step, &losses, &progress, config)?;
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

/// The training pictures and the held-out ones.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_data(config: &Config) -> Result<(Arc<Dataset>, Dataset)> {
    let open = |path: &Path| Ok::<_, anyhow::Error>(Dataset::open(path)?);
    let (dataset, held_out) = match (&config.data, &config.held_out) {
        (Some(data), Some(held_out)) => (open(data)?, open(held_out)?),
        (Some(data), None) => open(data)?.split_held_out(),
        (None, Some(held_out)) => (open(&locate(TRAIN_DATA)?)?, open(held_out)?),
        (None, None) => (open(&locate(TRAIN_DATA)?)?, open(&locate(HELD_OUT_DATA)?)?),
    };
    Ok((Arc::new(dataset), held_out))
}

/// Centre crops of up to `most` pictures, spread evenly over the data set; unreadable ones are passed over.
///
/// # Errors
/// If none can be read.
pub fn crops(dataset: &Dataset, most: usize, side: usize) -> Result<Vec<Picture>> {
    let count = dataset.len().min(most);
    let mut first_error = None;
    let mut crops = Vec::with_capacity(count);
    for place in 0..count {
        match dataset.picture(place * dataset.len() / count) {
            Ok(picture) => crops.push(picture.centre_crop(side)?),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) if crops.is_empty() => Err(error).with_context(|| format!("no picture of {} can be read", dataset.name())),
        _ => Ok(crops),
    }
}

/// The inverter with a model file's weights, the training behind them and their feature scale.
#[expect(clippy::type_complexity, reason = "a name for this pair would say no more")]
fn with_weights_of(fresh: Trainee, path: &Path, config: &Config) -> Result<(Trainee, Option<(Option<Training>, f32)>)> {
    let file = model::read(path)?;
    let (layer, scale) = deepsim::inversion::inverter_of(file.card()).with_context(|| path.display().to_string())?;
    ensure!(
        layer == config.layer,
        "--init {}: that model inverts {layer}, this run {}; give --layer {layer}",
        path.display(),
        config.layer
    );
    let inverter = ModelFile::apply(&file, fresh.inverter).with_context(|| path.display().to_string())?;
    let average = crate::ema::Average::new(inverter.valid(), config.average, 0);
    Ok((Trainee { inverter, average, ..fresh }, Some((file.card().training.clone(), scale))))
}

/// The scales of the inverted layer and the comparator's layers. An inverter that goes on learning keeps the scale it knows.
fn scales_of(
    config: &Config,
    dataset: &Dataset,
    encoder: &deepsim::nets::squeezenet::SqueezeNet,
    known: Option<f32>,
    device: &Device,
) -> Result<Vec<ScaledLayer>> {
    let mut layers: Vec<_> = config.comparator.iter().copied().chain([config.layer]).collect();
    layers.sort_unstable();
    layers.dedup();
    let mut scales = measure_scales(dataset, encoder, &layers, config.size, device)?;
    for scaled in &mut scales {
        if let (true, Some(known)) = (scaled.layer == config.layer, known) {
            scaled.scale = known;
        }
    }
    Ok(scales)
}

/// Where picture and inversion are cropped before the comparator at a step.
fn offset(config: &Config, step: u64) -> Offset {
    let mut random = random(config.seed, OFFSETS, step);
    let range = Offset::range(config.size);
    Offset { left: random.random_range(0..=range), top: random.random_range(0..=range) }
}

fn create_run(run: &Path, config: &Config) -> Result<()> {
    let what_to_do = || format!("cannot make the run directory {}: choose another with --out", run.display());
    if run.exists() {
        let used = fs::read_dir(run).with_context(what_to_do)?.next().is_some();
        ensure!(!used, "{} already holds something: choose another --out, or continue it with --resume", run.display());
    }
    for folder in ["checkpoints", "samples"] {
        fs::create_dir_all(run.join(folder)).with_context(what_to_do)?;
    }
    write_atomically(&run.join("config.toml"), config.to_toml()?.as_bytes())
}

fn stats_path(run: &Path) -> PathBuf {
    run.join("stats.jsonl")
}

fn append_stats(run: &Path, step: u64, losses: &Losses, progress: &Progress, config: &Config) -> Result<()> {
    let mut line = serde_json::to_value(losses)?;
    line["step"] = step.into();
    line["pictures"] = (step * config.batch as u64).into();
    line["pictures_per_second"] = progress.rate(step).into();
    let path = stats_path(run);
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    writeln!(file, "{line}").with_context(|| format!("cannot write {}: free some space and --resume the run", path.display()))
}

/// Removes the lines after the checkpoint that a run resumes from; they will be written again.
fn cut_stats(run: &Path, step: u64) -> Result<()> {
    let path = stats_path(run);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let reached = |line: &&str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        value["step"].as_u64().is_some_and(|at| at <= step)
    };
    let kept: String = text.lines().filter(reached).map(|line| format!("{line}\n")).collect();
    write_atomically(&path, kept.as_bytes())
}

fn save_samples(run: &Path, trainee: &Trainee, setup: &Setup, held_out: &[Picture], device: &Device) -> Result<()> {
    let pictures = picture::to_tensor(held_out, device)?; // [samples, 3, side, side]
    let features = setup.encoder.features(pictures, setup.layer).div_scalar(setup.scale); // [samples, channels, grid, grid]
    let inverted = picture::from_data(&trainee.average.module().forward(features).into_data())?;
    samples::save(&run.join(format!("samples/{:06}.png", trainee.step)), held_out, &inverted)
}
