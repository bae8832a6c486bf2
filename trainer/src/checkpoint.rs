//! Saving a run so that it continues exactly: networks, optimizers, average, gate and step.
//!
//! A checkpoint is a folder that appears whole or not at all: it is written under another name, flushed, and renamed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use deepsim::loss::ScaledLayer;
use deepsim::model_file::Training;
use serde::{Deserialize, Serialize};

use crate::ema::Average;
use crate::gate::Gate;
use crate::step::Trainee;

/// Older ones are removed.
const KEEP: usize = 2;

/// What is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Who trains at the next step.
    pub gate: Gate,
    /// Steps in the average.
    pub average_updates: u64,
    /// The scale of the inverted layer and of the comparator's layers.
    pub scales: Vec<ScaledLayer>,
    /// The data set's name, for the model's card.
    pub data: String,
    /// The training of the model that `--init` named.
    pub started_from: Option<Training>,
}

/// Writes `bytes` to `path` so that a crash leaves the old file or the new one, never half of it.
///
/// # Errors
/// If the disk is full or the folder cannot be written; what was there before stays.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().context("a file needs a name")?.to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = write_and_flush(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is the one to report; a leftover is harmless.
        drop(fs::remove_file(&temporary));
        return Err(error).with_context(|| format!("cannot write {}: free some space or choose another place", path.display()));
    }
    Ok(())
}

fn write_and_flush(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn folder(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

/// Saves a checkpoint in the run's folder and removes old ones.
///
/// # Errors
/// If it cannot be written; older checkpoints are then untouched.
pub fn save(run: &Path, trainee: &Trainee, state: &State) -> Result<()> {
    let folder = folder(run);
    let name = format!("{:06}", state.step);
    let (temporary, place) = (folder.join(format!("{name}.tmp")), folder.join(&name));
    if place.exists() {
        return Ok(());
    }
    let saved = write_parts(&temporary, trainee, state).and_then(|()| Ok(fs::rename(&temporary, &place)?));
    if let Err(error) = saved {
        drop(fs::remove_dir_all(&temporary));
        let place = place.display();
        return Err(error.context(format!("cannot write checkpoint {place}: free some space; earlier checkpoints are untouched")));
    }
    let mut old = list(run)?;
    while old.len() > KEEP {
        let oldest = old.remove(0);
        fs::remove_dir_all(&oldest).with_context(|| format!("cannot remove old checkpoint {}", oldest.display()))?;
    }
    Ok(())
}

fn write_parts(folder: &Path, trainee: &Trainee, state: &State) -> Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, bytes: &[u8]| Ok::<_, anyhow::Error>(write_and_flush(&folder.join(name), bytes)?);
    write("inverter.bpk", &trainee.inverter.valid().into_record().into_bytes()?)?;
    write("average.bpk", &trainee.average.module().clone().into_record().into_bytes()?)?;
    write("discriminator.bpk", &trainee.discriminator.valid().into_record().into_bytes()?)?;
    write("inverter-adam.bpk", &trainee.inverter_optimizer.into_bytes()?)?;
    write("discriminator-adam.bpk", &trainee.discriminator_optimizer.into_bytes()?)?;
    write("state.json", &serde_json::to_vec_pretty(state)?)?;
    // The names too must be on the disk before the folder takes its final name. Where folders cannot be opened, as on
    // Windows, the system keeps that order itself.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

/// The run's checkpoints, oldest first.
fn list(run: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder(run);
    let entries = fs::read_dir(&folder).with_context(|| format!("no checkpoints in {}", run.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let step = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u64>().ok());
        found.extend(step.map(|step| (step, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The newest checkpoint of a run.
///
/// # Errors
/// If there is none.
pub fn latest(run: &Path) -> Result<PathBuf> {
    match list(run)?.pop() {
        Some(path) => Ok(path),
        None => bail!("no checkpoint in {}: the run ended before its first one; start it anew", run.display()),
    }
}

/// A checkpoint's state.
///
/// # Errors
/// If it is missing or damaged.
pub fn load_state(checkpoint: &Path) -> Result<State> {
    let bytes = read(checkpoint, "state.json")?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", checkpoint.join("state.json").display()))
}

/// Puts a checkpoint's tensors into networks and optimizers of the same configuration.
///
/// # Errors
/// If a file is missing, damaged or of another shape.
pub fn load(checkpoint: &Path, state: &State, fresh: Trainee, decay: f64) -> Result<Trainee> {
    let bytes = |name: &str| Ok::<_, anyhow::Error>(Bytes::from_bytes_vec(read(checkpoint, name)?));
    Ok(Trainee {
        inverter: load_module(checkpoint, "inverter.bpk", fresh.inverter)?,
        average: Average::new(load_module(checkpoint, "average.bpk", fresh.average.module().clone())?, decay, state.average_updates),
        discriminator: load_module(checkpoint, "discriminator.bpk", fresh.discriminator)?,
        inverter_optimizer: fresh.inverter_optimizer.from_bytes(bytes("inverter-adam.bpk")?)?,
        discriminator_optimizer: fresh.discriminator_optimizer.from_bytes(bytes("discriminator-adam.bpk")?)?,
        gate: state.gate,
        step: state.step,
    })
}

/// Puts a checkpoint's averaged weights into an inverter.
///
/// # Errors
/// If the file is missing, damaged or of another shape.
pub fn load_average<M: Module>(checkpoint: &Path, inverter: M) -> Result<M> {
    load_module(checkpoint, "average.bpk", inverter)
}

fn load_module<M: Module>(checkpoint: &Path, name: &str, module: M) -> Result<M> {
    let damaged = || format!("{} is damaged", checkpoint.join(name).display());
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(read(checkpoint, name)?)).with_context(damaged)?;
    module.try_load_record(record).map_err(anyhow::Error::from).with_context(damaged)
}

fn read(checkpoint: &Path, name: &str) -> Result<Vec<u8>> {
    let path = checkpoint.join(name);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}
