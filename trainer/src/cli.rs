//! The command line: `trainer [OPTIONS]` trains, subcommands do the rest.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::command::Command;
use crate::config::Config;
use crate::config::choices::TaskChoice;
use crate::data::builtin::is_built_in;
use crate::train::run_folder::Start;

/// Trains networks that turn the features of a CNN back into pictures (DeePSiM, Dosovitskiy & Brox 2016).
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, allow_negative_numbers = true)]
pub struct Cli {
    /// What to do instead of training.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// What to train.
    #[command(flatten)]
    pub config: Config,

    /// Run directory to make [default: runs/LAYER-NUMBER or runs/TASK-NUMBER]
    #[arg(long, value_name = "DIR", conflicts_with = "resume", help_heading = "Output")]
    pub out: Option<PathBuf>,

    /// Continue this run from its newest checkpoint, exactly; only limits, learning rate, threads, device and output intervals may change
    #[arg(long, value_name = "RUN", help_heading = "Output")]
    pub resume: Option<PathBuf>,

    /// Plain lines instead of a progress bar
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// Options that may differ when a run is resumed; everything else would make it another run.
const CHANGEABLE: [&str; 12] = [
    "resume",
    "quiet",
    "learning_rate",
    "decay",
    "epochs",
    "pictures",
    "max_steps",
    "max_minutes",
    "device",
    "data_threads",
    "checkpoint_every",
    "sample_every",
];

impl Cli {
    /// Reads the process's arguments; clap prints help and usage errors and exits.
    ///
    /// # Errors
    /// If a resumed run is asked to become another one, or its configuration cannot be read.
    pub fn read() -> Result<Self> {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let (None, Some(run)) = (&cli.command, &cli.resume) {
            cli.config = resumed(&matches, &cli.config, run)?;
        }
        // The configuration is saved, and must mean the same from another folder.
        let config = &mut cli.config;
        let paths = config.data.iter_mut().chain(&mut config.held_out).chain(&mut config.init).chain(&mut config.styles.style);
        for path in paths.filter(|path| !is_built_in(path)) {
            *path = std::path::absolute(&*path)?;
        }
        Ok(cli)
    }

    /// Returns whether the run is new or resumed, and its folder.
    pub fn start(&self) -> Start {
        match (&self.resume, &self.out) {
            (Some(run), _) => Start::Resume(run.clone()),
            (None, Some(out)) => Start::New(out.clone()),
            (None, None) => Start::New(unused_run(&self.config)),
        }
    }
}

/// Returns the run's own configuration with what the command line may change.
fn resumed(matches: &ArgMatches, given: &Config, run: &Path) -> Result<Config> {
    let explicit = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    for id in matches.ids().map(clap::Id::as_str) {
        // The flattened struct counts as an argument group of its own.
        let is_option = matches.try_get_raw(id).is_ok() && id != "Config";
        let option = id.replace('_', "-");
        ensure!(
            !is_option || !explicit(id) || CHANGEABLE.contains(&id),
            "--{option} cannot change when a run is resumed: start a new one, with --init to keep its weights"
        );
    }
    let mut config = Config::load(run)?;
    if explicit("epochs") {
        config.epochs = given.epochs;
        config.pictures = None;
    }
    if explicit("pictures") {
        config.pictures = given.pictures;
    }
    if explicit("decay") {
        config.decay = given.decay;
    }
    if explicit("learning_rate") {
        config.learning_rate = given.learning_rate;
    }
    if explicit("device") {
        config.device = given.device;
    }
    if explicit("data_threads") {
        config.data_threads = given.data_threads;
    }
    if explicit("checkpoint_every") {
        config.checkpoint_every = given.checkpoint_every;
    }
    if explicit("sample_every") {
        config.sample_every = given.sample_every;
    }
    // Limits are of one sitting: without them on the command line the run goes on to its last epoch.
    config.max_steps = given.max_steps;
    config.max_minutes = given.max_minutes;
    Ok(config)
}

/// Returns the first unused name among `runs/LAYER-NUMBER`, with the task's name in place of the layer's for other tasks.
fn unused_run(config: &Config) -> PathBuf {
    let made = match config.task {
        TaskChoice::Invert => config.layer.to_string(),
        task => task.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned()),
    };
    let name = |number: u32| Path::new("runs").join(format!("{made}-{number:03}"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
