//! The systems that deepsim trains, one folder for each: its training task, its export, its evaluation. What they share lies in `train`,
//! `measure` and `models`.

pub mod card;
pub mod enlarge;
pub mod exemplar;
pub mod generation;
pub mod inversion;
pub mod lapgan;
pub mod options;
pub mod style;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::model_file::{Card, ModelFile};

use crate::config::Config;
use crate::config::choices::TaskChoice;
use crate::train::checkpoint::{self, RunState};
use crate::train::{Ended, Session};
use options::{EvalOptions, ExportOptions};

/// A kind of model: how it is trained, exported and measured.
pub trait System: Sync {
    /// Returns whether this system trains the task.
    fn trains(&self, task: TaskChoice) -> bool;

    /// Returns whether a model file with this card holds a model of this system.
    fn made(&self, card: &Card) -> bool;

    /// Trains until the steps are done, the time is over or the session is stopped. Returns how it ended and the step reached.
    ///
    /// # Errors
    /// If pictures, models or the run's folder cannot be used, or training diverges again and again.
    fn train(&self, session: &Session<'_>) -> Result<(Ended, u64)>;

    /// Returns the model file of a run's averaged network, measured on held-out pictures.
    ///
    /// # Errors
    /// If the run or the pictures cannot be read.
    fn export(&self, run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile>;

    /// Measures models on held-out pictures, prints the table and writes the files that the options name.
    ///
    /// # Errors
    /// If this kind of model is not measured, a model or the pictures cannot be used, or a file cannot be written.
    fn evaluate(&self, options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()>;

    /// Returns a table in Markdown with a row for each run, or nothing where there is nothing to measure.
    ///
    /// # Errors
    /// If a run or the pictures cannot be read.
    fn table(&self, runs: &[&TrainedRun], device: &Device) -> Result<Option<String>>;
}

/// Every system. A new one is added here.
pub const SYSTEMS: [&dyn System; 6] =
    [&inversion::Inversion, &generation::Generation, &lapgan::Lapgan, &enlarge::Enlarge, &style::Style, &exemplar::Exemplar];

/// Returns the system that trains a task.
///
/// # Errors
/// If none does.
pub fn of_task(task: TaskChoice) -> Result<&'static dyn System> {
    SYSTEMS.into_iter().find(|system| system.trains(task)).with_context(|| format!("no system trains the task {task:?}"))
}

/// Returns the system of these models; without a model that of inverters, whose baselines need none.
///
/// # Errors
/// If the models are of several systems, or of none.
pub fn of_models(paths: &[PathBuf], files: &[ModelFile]) -> Result<&'static dyn System> {
    let mut found: Option<usize> = None;
    for (path, file) in paths.iter().zip(files) {
        let kind = file.card().kind.name();
        let place = SYSTEMS.iter().position(|system| system.made(file.card()));
        let place = place.with_context(|| format!("{}: a model of kind {kind} cannot be measured", path.display()))?;
        ensure!(
            found.is_none_or(|before| before == place),
            "models of different kinds are measured in different ways: name models of one kind"
        );
        found = Some(place);
    }
    Ok(found.map_or(SYSTEMS[0], |place| SYSTEMS[place]))
}

/// A run with its newest checkpoint.
pub struct TrainedRun {
    /// The name of its folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub config: Config,
    /// The folder of its newest checkpoint.
    pub checkpoint: PathBuf,
    /// What that checkpoint says besides tensors.
    pub state: RunState,
}

impl TrainedRun {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// If it has no configuration or no checkpoint, or they are damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let config = Config::load(folder)?;
        let checkpoint = checkpoint::latest(folder)?;
        let state = checkpoint::load_state(&checkpoint)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, folder: folder.to_owned(), config, checkpoint, state })
    }

    /// Returns the number of crops that the run has seen.
    pub const fn pictures_seen(&self) -> u64 {
        self.state.step * self.config.batch as u64
    }
}
