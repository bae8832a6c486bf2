//! Small training runs whose weights depend on nothing but their settings.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use deepsim_tests::{small_run, succeed, trainer};

/// What is trained: every task.
pub const TASKS: [&[&str]; 6] = [
    &["--layer", "pool1"],
    &["--task", "vae"],
    &["--task", "lapgan"],
    &["--task", "enlarge"],
    &["--task", "style", "--style", "data/styles/starry_night.jpg"],
    &["--task", "exemplar"],
];

/// Sets one order of all sums, and a checkpoint every other step, so that something can hit one that is being written.
fn exact(command: &mut Command, steps: u32) {
    command.env("RAYON_NUM_THREADS", "1").args(["--data-threads", "1", "--checkpoint-every", "2", "--max-steps", &steps.to_string()]);
}

/// Steps of a run.
pub const STEPS: u32 = 8;

/// Returns the command that begins a run.
pub fn start(task: &[&str], data: &Path, run: &Path) -> Command {
    let mut command = small_run(data, run);
    exact(command.args(["--epochs", "99"]).args(task), STEPS);
    command
}

/// Returns the command that goes on with a run that ended too early; it begins anew if there is no checkpoint.
pub fn go_on(task: &[&str], data: &Path, run: &Path) -> Command {
    if !has_checkpoint(run) {
        drop(fs::remove_dir_all(run));
        return start(task, data, run);
    }
    resume(run, STEPS)
}

/// Returns the command that goes on with a run until it has so many steps.
pub fn resume(run: &Path, steps: u32) -> Command {
    let mut command = trainer();
    command.args(["--device", "flex", "--quiet", "--resume"]).arg(run);
    exact(&mut command, steps);
    command
}

/// Returns whether a run has a checkpoint that was completed.
pub fn has_checkpoint(run: &Path) -> bool {
    fs::read_dir(run.join("checkpoints"))
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_none())))
}

/// Returns the weights that a run ended with.
///
/// # Errors
/// If they cannot be exported.
pub fn export(run: &Path) -> Result<Vec<u8>> {
    let model = run.join("model.safetensors");
    succeed(trainer().args(["export", "--precision", "f32", "--most", "1"]).arg(run).arg("--output").arg(&model))?;
    Ok(fs::read(model)?)
}
