//! A run directory: `lock`, `config.toml`, `command.txt`, `stats.jsonl`, `samples/` and `checkpoints/`; created, or resumed where it stopped.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::atomic_file::write_atomically;
use crate::config::Config;
use crate::train::task::Outcome;

/// File in a run's folder with the command lines that made it, one each time it was started or resumed.
pub const COMMAND: &str = "command.txt";

/// A new run or a resumed one.
#[derive(Debug, Clone)]
pub enum Start {
    /// A new run in this folder.
    New(PathBuf),
    /// The run in this folder, from its newest checkpoint.
    Resume(PathBuf),
}

impl Start {
    /// Returns the run's folder.
    pub fn folder(&self) -> &Path {
        let (Self::New(folder) | Self::Resume(folder)) = self;
        folder
    }
}

/// Keeps other processes from training a run; it ends with its holder, however that ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Locks a run's folder.
///
/// # Errors
/// If another process holds the lock, or the folder cannot be written.
pub fn lock(run: &Path) -> Result<RunLock> {
    let path = run.join("lock");
    let file = OpenOptions::new().create(true).append(true).open(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(RunLock { _file: file }),
        Err(TryLockError::WouldBlock) => bail!("another process is training the run {}", run.display()),
        // A file system without locks is no reason not to train.
        Err(TryLockError::Error(_)) => Ok(RunLock { _file: file }),
    }
}

/// Makes a new run's folder, and locks it.
///
/// # Errors
/// If it already holds something, or cannot be made.
pub fn create(run: &Path, config: &Config) -> Result<RunLock> {
    let what_to_do = || format!("cannot make the run directory {}: choose another with --out", run.display());
    if run.exists() {
        let used = fs::read_dir(run).with_context(what_to_do)?.next().is_some();
        ensure!(!used, "{} already holds something: choose another --out, or continue it with --resume", run.display());
    }
    for folder in ["checkpoints", "samples"] {
        fs::create_dir_all(run.join(folder)).with_context(what_to_do)?;
    }
    let lock = lock(run)?;
    write_atomically(&run.join("config.toml"), config.to_toml()?.as_bytes())?;
    note_command(run)?;
    Ok(lock)
}

/// Prepares a run's folder for going on from a checkpoint of that many steps.
///
/// # Errors
/// If it cannot be written.
pub fn resume(run: &Path, config: &Config, step: u64) -> Result<()> {
    truncate_stats(run, step)?;
    write_atomically(&run.join("config.toml"), config.to_toml()?.as_bytes())?;
    note_command(run)
}

/// Adds this process's command line to the run's.
fn note_command(run: &Path) -> Result<()> {
    let words = std::env::args().map(|word| if word.contains([' ', '\'', '"', '$']) { format!("{word:?}") } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    let file = OpenOptions::new().create(true).append(true).open(run.join(COMMAND));
    file.and_then(|mut file| writeln!(file, "{line}")).with_context(|| format!("cannot write to {}", run.display()))
}

fn stats_path(run: &Path) -> PathBuf {
    run.join("stats.jsonl")
}

/// How a run goes.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Crops seen a second, since the first step after the run was started or resumed.
    pub pictures_per_second: f64,
    /// The share of that time in which the loop stood still for want of crops, 0 to 1.
    pub waiting_for_data: f64,
    /// Seconds that that step took: it compiles and tunes kernels.
    pub first_step_seconds: Option<f64>,
    /// For each network the share of the steps since the last line in which it trained, 0 to 1.
    pub shares: Vec<(&'static str, f64)>,
}

/// Adds a step's numbers to `stats.jsonl`.
///
/// # Errors
/// If the line cannot be written.
pub fn append_stats(run: &Path, step: u64, batch: usize, pace: &Pace, outcome: &Outcome) -> Result<()> {
    let mut line = serde_json::Map::new();
    for (name, value) in &outcome.terms {
        line.insert((*name).to_owned(), (*value).into());
    }
    for (name, trained) in &outcome.trained {
        line.insert(format!("{name}_trained"), (*trained).into());
    }
    for (name, share) in &pace.shares {
        line.insert(format!("{name}_share"), (*share).into());
    }
    line.insert("step".into(), step.into());
    line.insert("pictures".into(), (step * batch as u64).into());
    line.insert("pictures_per_second".into(), pace.pictures_per_second.into());
    line.insert("waiting_for_data".into(), pace.waiting_for_data.into());
    if let Some(seconds) = pace.first_step_seconds {
        line.insert("first_step_seconds".into(), seconds.into());
    }
    let (path, line) = (stats_path(run), serde_json::Value::Object(line));
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .with_context(|| format!("cannot write {}: free some space and --resume the run", path.display()))
}

/// Removes the lines after the checkpoint that a run goes on from; they will be written again.
///
/// # Errors
/// If the file cannot be written.
pub fn truncate_stats(run: &Path, step: u64) -> Result<()> {
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
