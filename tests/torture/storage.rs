//! Disks that fail, and power cuts, at every operation of a training run: `storage.c` is loaded into the trainer and stands between it and the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{folder_of_pictures, succeed, workspace};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::runs::{TASKS, export, go_on, has_checkpoint, start};
use crate::{alone, number, time};

/// The exit status of a process that a power cut ended.
const CUT: i32 = 137;
/// Errors of Linux: no space, a read-only file system, a quota that is used up, a disk that fails.
const FAILURES: [(&str, i32); 4] = [("full", 28), ("read-only", 30), ("quota", 122), ("broken", 5)];

/// Compiles the library that stands between a program and the disk.
fn library(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("storage.so");
    let source = workspace().join("tests/torture/storage.c");
    succeed(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]))?;
    Ok(library)
}

/// Lets something happen at an operation on files below a folder: an error, or without one a power cut.
fn disturb(command: &mut Command, library: &Path, folder: &Path, at: u64, error: Option<i32>, seed: u64) {
    command.env("LD_PRELOAD", library).env("DEEPSIM_STORAGE_ROOT", folder).env("DEEPSIM_STORAGE_AT", at.to_string());
    command.env("DEEPSIM_STORAGE_SEED", seed.to_string());
    if let Some(error) = error {
        command.env("DEEPSIM_STORAGE_ERROR", error.to_string());
    }
}

/// Runs training that nothing disturbs. Returns how many operations on files it took.
fn undisturbed(task: &[&str], data: &Path, run: &Path, library: &Path) -> Result<u64> {
    let mut command = start(task, data, run);
    let count = run.with_extension("count");
    disturb(&mut command, library, run, 0, None, 0);
    succeed(command.env("DEEPSIM_STORAGE_COUNT", &count))?;
    delete_backups(run)?;
    Ok(fs::read_to_string(count)?.parse()?)
}

fn delete_backups(run: &Path) -> Result<()> {
    let name = run.file_name().context("a run has a name")?.to_string_lossy().into_owned();
    for entry in fs::read_dir(run.parent().context("a run is in a folder")?)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&format!("{name}.backup-")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn power_cuts_lose_no_run() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let library = library(temporary.path())?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let mut random = ChaCha8Rng::seed_from_u64(number("DEEPSIM_TORTURE_FIRST").unwrap_or(8));
    let begun = Instant::now();
    let (mut cuts, mut runs) = (0, 0);
    for (number, task) in TASKS.iter().cycle().enumerate() {
        if number >= 1 && begun.elapsed() >= time() {
            break;
        }
        let path = |name: &str| temporary.path().join(format!("{name}-{number}"));
        let (whole, disturbed) = (path("undisturbed"), path("disturbed"));
        let operations = undisturbed(task, &data, &whole, &library)?;
        // Whether there was a checkpoint before: then there must be one after a cut.
        let mut had = false;
        loop {
            ensure!(!had || has_checkpoint(&disturbed), "{task:?}: a power cut left no checkpoint");
            had = has_checkpoint(&disturbed);
            let mut command = go_on(task, &data, &disturbed);
            disturb(&mut command, &library, &disturbed, random.random_range(1..=operations), None, random.random());
            let output = command.output()?;
            delete_backups(&disturbed)?;
            if output.status.success() {
                break;
            }
            ensure!(output.status.code() == Some(CUT), "{task:?}, after {cuts} cuts: {}: {}", output.status, printed(&output));
            cuts += 1;
        }
        let equal = export(&whole)? == export(&disturbed)?;
        ensure!(equal, "{task:?}: the weights differ after power cuts");
        runs += 1;
        for run in [whole, disturbed] {
            fs::remove_dir_all(run)?;
        }
    }
    println!("{cuts} power cuts in {runs} runs: all ended as undisturbed ones, bit for bit");
    Ok(())
}

#[test]
fn a_disk_that_fails_anywhere_leaves_the_last_checkpoint() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let library = library(temporary.path())?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let task = TASKS[0];
    let whole = temporary.path().join("undisturbed");
    let operations = undisturbed(task, &data, &whole, &library)?;
    let wanted = export(&whole)?;
    let mut random = ChaCha8Rng::seed_from_u64(number("DEEPSIM_TORTURE_FIRST").unwrap_or(9));
    let begun = Instant::now();
    let mut failures = 0;
    for number in 0.. {
        if number >= 1 && begun.elapsed() >= time() {
            break;
        }
        let (name, error) = FAILURES[number % FAILURES.len()];
        let run = temporary.path().join(format!("run-{number}"));
        let at = random.random_range(1..=operations);
        let mut command = start(task, &data, &run);
        disturb(&mut command, &library, &run, at, Some(error), 0);
        let output = command.output()?;
        delete_backups(&run)?;
        if !output.status.success() {
            let printed = printed(&output);
            let errors = printed.lines().filter(|line| line.starts_with("error: ")).count();
            ensure!(errors == 1 && !printed.contains("panicked"), "a {name} disk at operation {at}: {printed}");
            failures += 1;
        }
        succeed(&mut go_on(task, &data, &run)).with_context(|| format!("after a {name} disk at operation {at}"))?;
        ensure!(export(&run)? == wanted, "the weights differ after a {name} disk at operation {at}");
        fs::remove_dir_all(run)?;
    }
    println!("{failures} disks failed, each with one error; all runs could go on and ended as undisturbed ones, bit for bit");
    Ok(())
}
