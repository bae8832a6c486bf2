//! Saving a run so that it continues exactly: networks, optimizers, average and step.
//!
//! A checkpoint is a folder that appears whole or not at all: it is written under another name, flushed, and renamed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use deepsim::model_file::Training;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::atomic_file::write_and_flush;

/// Older ones are removed.
const KEEP: usize = 2;

/// A file of a checkpoint: its name and its bytes.
pub type Part = (String, Vec<u8>);

/// The part of a checkpoint that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Steps done.
    pub step: u64,
    /// How often a broken step halved the learning rate.
    #[serde(default)]
    pub slowdowns: u32,
    /// The data set's name, for the model's card.
    pub data: String,
    /// The training of the model that `--init` named.
    pub started_from: Option<Training>,
    /// What the task remembers.
    #[serde(flatten)]
    memory: Map<String, Value>,
}

impl RunState {
    /// Creates the state of a run that has not made a step.
    pub fn new(data: &str, started_from: Option<Training>) -> Self {
        Self { step: 0, slowdowns: 0, data: data.to_owned(), started_from, memory: Map::new() }
    }

    /// Returns the task's part of the state.
    ///
    /// # Errors
    /// If the checkpoint is one of another task.
    pub fn memory<M: DeserializeOwned>(&self) -> Result<M> {
        serde_json::from_value(Value::Object(self.memory.clone())).context("the checkpoint is not one of this task")
    }

    /// Remembers it; anything that is not a JSON object is nothing.
    pub fn set_memory(&mut self, memory: Value) {
        self.memory = if let Value::Object(memory) = memory { memory } else { Map::new() };
    }
}

fn folder(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

/// Saves a checkpoint in the run's folder and removes old ones.
///
/// # Errors
/// If it cannot be written; older checkpoints are then untouched.
pub fn save(run: &Path, state: &RunState, parts: &[Part]) -> Result<()> {
    let folder = folder(run);
    let name = format!("{:06}", state.step);
    let (temporary, place) = (folder.join(format!("{name}.tmp")), folder.join(&name));
    if place.exists() {
        return Ok(());
    }
    let saved = write_parts(&temporary, state, parts).and_then(|()| Ok(fs::rename(&temporary, &place)?));
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

fn write_parts(folder: &Path, state: &RunState, parts: &[Part]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, bytes: &[u8]| Ok::<_, anyhow::Error>(write_and_flush(&folder.join(name), bytes)?);
    for (name, bytes) in parts {
        write(name, bytes)?;
    }
    write("state.json", &serde_json::to_vec_pretty(state)?)?;
    // The names too must be on the disk before the folder takes its final name. Where folders cannot be opened, as on
    // Windows, the system keeps that order itself.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

/// Returns the step that a checkpoint's folder is named after.
pub fn step_of(checkpoint: &Path) -> Option<u64> {
    checkpoint.file_name()?.to_str()?.parse().ok()
}

/// Returns the run's checkpoints, oldest first.
///
/// # Errors
/// If the run has no folder of them.
pub fn list(run: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder(run);
    let entries = fs::read_dir(&folder).with_context(|| format!("no checkpoints in {}", run.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        found.extend(step_of(&path).map(|step| (step, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Returns the newest checkpoint of a run.
///
/// # Errors
/// If there is none.
pub fn latest(run: &Path) -> Result<PathBuf> {
    match list(run)?.pop() {
        Some(path) => Ok(path),
        None => bail!("no checkpoint in {}: the run ended before its first one; start it anew", run.display()),
    }
}

/// Returns a checkpoint's state.
///
/// # Errors
/// If it is missing or damaged.
pub fn load_state(checkpoint: &Path) -> Result<RunState> {
    let bytes = read(checkpoint, "state.json")?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", checkpoint.join("state.json").display()))
}

/// Puts one of a checkpoint's files into a network.
///
/// # Errors
/// If the file is missing, damaged or of another shape.
pub fn load_module<M: Module>(checkpoint: &Path, name: &str, module: M) -> Result<M> {
    let damaged = || format!("{} is damaged", checkpoint.join(name).display());
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(read(checkpoint, name)?)).with_context(damaged)?;
    module.try_load_record(record).map_err(anyhow::Error::from).with_context(damaged)
}

/// Puts one of a checkpoint's files into an optimizer.
///
/// # Errors
/// If the file is missing or damaged.
pub fn load_optimizer(checkpoint: &Path, name: &str, optimizer: ModuleOptimizer) -> Result<ModuleOptimizer> {
    Ok(optimizer.from_bytes(Bytes::from_bytes_vec(read(checkpoint, name)?))?)
}

/// Returns the bytes of one of a checkpoint's files.
///
/// # Errors
/// If it cannot be read.
pub fn read(checkpoint: &Path, name: &str) -> Result<Vec<u8>> {
    let path = checkpoint.join(name);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}
