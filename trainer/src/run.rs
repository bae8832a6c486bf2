//! A run directory: `config.toml`, `stats.jsonl`, `samples/` and `checkpoints/`; made new, or taken up where it stopped.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use deepsim::inversion::inverter_of;
use deepsim::loss::ScaledLayer;
use deepsim::model_file::Training;
use deepsim::nets::squeezenet::SqueezeNet;

use crate::checkpoint::{self, State, write_atomically};
use crate::config::Config;
use crate::data::Dataset;
use crate::ema::Average;
use crate::model;
use crate::scale::measure_scales;
use crate::step::{Losses, Trainee};

/// Where a run comes from.
#[derive(Debug, Clone)]
pub enum Start {
    /// A new run in this folder.
    New(PathBuf),
    /// The run in this folder, from its newest checkpoint.
    Resume(PathBuf),
}

impl Start {
    /// The run's folder.
    pub fn folder(&self) -> &Path {
        let (Self::New(folder) | Self::Resume(folder)) = self;
        folder
    }
}

/// The networks and the state that a run begins with.
///
/// # Errors
/// If the folder, its newest checkpoint or the model of `--init` cannot be used.
pub fn begin(config: &Config, start: &Start, dataset: &Dataset, encoder: &SqueezeNet, device: &Device) -> Result<(Trainee, State)> {
    device.seed(config.seed);
    let fresh = Trainee::new(config.layer, config.average, device);
    match start {
        Start::New(run) => {
            let (trainee, known) = match &config.init {
                Some(path) => with_weights_of(fresh, path, config)?,
                None => (fresh, Known::default()),
            };
            let state = State {
                step: 0,
                gate: trainee.gate,
                average_updates: 0,
                scales: scales_of(config, dataset, encoder, known.scale, device)?,
                data: dataset.name().to_owned(),
                started_from: known.training,
            };
            create(run, config)?;
            Ok((trainee, state))
        }
        Start::Resume(run) => {
            let newest = checkpoint::latest(run)?;
            let state = checkpoint::load_state(&newest)?;
            let (then, now) = (&state.data, dataset.name());
            ensure!(then == now, "the run was trained on {then}, not on {now}: its data has moved or changed");
            let trainee = checkpoint::load(&newest, &state, fresh, config.average)?;
            cut_stats(run, state.step)?;
            write_atomically(&run.join("config.toml"), config.to_toml()?.as_bytes())?;
            Ok((trainee, state))
        }
    }
}

/// What is known of the model that a run starts from.
#[derive(Default)]
struct Known {
    training: Option<Training>,
    scale: Option<f32>,
}

/// The inverter with a model file's weights, the training behind them and their feature scale.
fn with_weights_of(fresh: Trainee, path: &Path, config: &Config) -> Result<(Trainee, Known)> {
    let file = model::read(path)?;
    let (layer, scale) = inverter_of(file.card()).with_context(|| path.display().to_string())?;
    ensure!(
        layer == config.layer,
        "--init {}: that model inverts {layer}, this run {}; give --layer {layer}",
        path.display(),
        config.layer
    );
    let inverter = file.apply(fresh.inverter).with_context(|| path.display().to_string())?;
    let average = Average::new(inverter.valid(), config.average, 0);
    Ok((Trainee { inverter, average, ..fresh }, Known { training: file.card().training.clone(), scale: Some(scale) }))
}

/// The scales of the inverted layer and the comparator's layers. An inverter that goes on learning keeps the scale it knows.
fn scales_of(config: &Config, dataset: &Dataset, encoder: &SqueezeNet, known: Option<f32>, device: &Device) -> Result<Vec<ScaledLayer>> {
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

fn create(run: &Path, config: &Config) -> Result<()> {
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

/// How fast a run is since it was started or resumed.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// Crops seen a second.
    pub pictures_per_second: f64,
    /// The share of the time in which the loop stood still for want of crops, 0 to 1.
    pub waiting_for_data: f64,
}

/// Adds a step's losses to `stats.jsonl`.
///
/// # Errors
/// If the line cannot be written.
pub fn append_stats(run: &Path, step: u64, batch: usize, speed: Speed, losses: &Losses) -> Result<()> {
    let mut line = serde_json::to_value(losses)?;
    line["step"] = step.into();
    line["pictures"] = (step * batch as u64).into();
    line["pictures_per_second"] = speed.pictures_per_second.into();
    line["waiting_for_data"] = speed.waiting_for_data.into();
    let path = stats_path(run);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .with_context(|| format!("cannot write {}: free some space and --resume the run", path.display()))
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
