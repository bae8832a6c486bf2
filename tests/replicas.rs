//! `mpirun -n 2 trainer ...`: two processes train as one does. `cargo xtask test` runs this where it finds an MPI; the variable `DEEPSIM_MPI` names a trainer
//! that was built with `--features trainer/mpi`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim_tests::{checkpoints, workspace};
use serde_json::Value;

/// The learning rate: a rounding error grows from step to step, the faster the higher it is.
const RATE: &str = "1e-5";

fn mpi_trainer() -> Result<String> {
    std::env::var("DEEPSIM_MPI").context("DEEPSIM_MPI names a trainer that was built with --features trainer/mpi")
}

/// Returns the command of so many processes.
fn processes(count: usize) -> Result<Command> {
    let mut command = Command::new("mpirun");
    // Containers often have one user, and fewer processors than processes.
    command.args(["--allow-run-as-root", "--oversubscribe", "-n"]).arg(count.to_string()).arg(mpi_trainer()?);
    command.current_dir(workspace());
    Ok(command)
}

fn small(command: &mut Command) -> &mut Command {
    command.args(["--device", "flex", "--quiet", "--size", "64", "--batch", "4", "--epochs", "1", "--learning-rate", RATE])
}

fn succeed(command: &mut Command) -> Result<Output> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

/// Returns the losses of the last step.
fn losses(run: &Path) -> Result<Vec<(String, f64)>> {
    let text = fs::read_to_string(run.join("stats.jsonl"))?;
    let last: Value = serde_json::from_str(text.lines().last().context("no line")?)?;
    let about = ["pictures_per_second", "waiting_for_data", "first_step_seconds"];
    let terms =
        last.as_object().context("an object")?.iter().filter(|(name, _)| !about.contains(&name.as_str()) && !name.ends_with("_share"));
    Ok(terms.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect())
}

fn ensure_alike(what: &str, one: &Path, other: &Path) -> Result<()> {
    let (one, other) = (losses(one)?, losses(other)?);
    ensure!(one.len() == other.len() && one.len() > 2, "{what}: {one:?}, {other:?}");
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        let error = (one - other).abs() / one.abs().max(0.1);
        println!("{what}, {name}: {one} and {other}, {error:.1e}");
        ensure!(error <= 1e-4, "{what}, {name}: {one} alone, {other} together");
    }
    Ok(())
}

#[test]
#[ignore = "needs MPI: `cargo xtask test` runs it where there is one"]
fn two_processes_train_as_one_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, options) in [
        ("invert", &["--layer", "fire3", "--width", "0.25"][..]),
        ("vae", &["--task", "vae", "--data", "emoji"]),
        ("lapgan", &["--task", "lapgan", "--data", "emoji", "--level", "8,16"]),
        ("exemplar", &["--task", "exemplar"]),
        ("style", &["--task", "style", "--style", "data/styles/wave.jpg", "data/styles/pencil.jpg"]),
        ("enlarge", &["--task", "enlarge", "--width", "0.25"]),
    ] {
        let [one, two] = ["one", "two"].map(|count| folder.path().join(format!("{name}-{count}")));
        for (count, run) in [(1, &one), (2, &two)] {
            succeed(small(&mut processes(count)?).args(["--max-steps", "20"]).args(options).arg("--out").arg(run))?;
        }
        ensure_alike(name, &one, &two)?;
        ensure!(checkpoints(&one)? == checkpoints(&two)?, "{name}: other checkpoints");
    }
    Ok(())
}

#[test]
#[ignore = "needs MPI: `cargo xtask test` runs it where there is one"]
fn a_run_goes_on_with_another_number_of_processes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let options = ["--layer", "pool1", "--width", "0.25", "--loss", "image"];
    succeed(small(&mut processes(1)?).args(options).args(["--max-steps", "12"]).arg("--out").arg(&whole))?;
    succeed(small(&mut processes(2)?).args(options).args(["--max-steps", "6"]).arg("--out").arg(&parts))?;
    succeed(processes(4)?.args(["--quiet", "--max-steps", "12", "--resume"]).arg(&parts))?;
    ensure_alike("resumed", &whole, &parts)
}

#[test]
#[ignore = "needs MPI: `cargo xtask test` runs it where there is one"]
fn what_is_wrong_is_said_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (options, wanted) in [
        (&["--batch", "5"][..], "--batch 5: 2 replicas need a batch that 2 divides, such as 6"),
        (&["--batch", "4", "--data", "/nowhere"], "/nowhere"),
    ] {
        let mut command = processes(2)?;
        let output = command.args(["--device", "flex"]).args(options).arg("--out").arg(folder.path().join("run")).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && errors.matches("error: ").count() == 1 && errors.contains(wanted), "{options:?}: {errors}");
    }
    Ok(())
}

/// Ensures that a replica that dies ends the run, and that its last checkpoint is whole.
#[test]
#[ignore = "needs MPI: `cargo xtask test` runs it where there is one"]
fn a_replica_that_dies_ends_the_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let mut command = processes(2)?;
    let mut started =
        small(&mut command).args(["--layer", "pool1", "--width", "0.25", "--checkpoint-every", "5", "--out"]).arg(&run).spawn()?;
    let begun = Instant::now();
    while checkpoints(&run).map_or(0, |all| all.len()) < 2 {
        ensure!(begun.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The second process of the two: mpirun's own children, by the environment that it gave them.
    let victim = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).find(|number| {
        let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        let has = |word: &str| environment.split(|&byte| byte == 0).any(|variable| variable == word.as_bytes());
        let command = fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default();
        has("OMPI_COMM_WORLD_RANK=1") && command.contains(&run.display().to_string())
    });
    succeed(Command::new("kill").arg("-KILL").arg(victim.context("no second process")?))?;
    ensure!(!started.wait()?.success(), "a run without one of its replicas succeeded");
    let last = checkpoints(&run)?.pop().context("no checkpoint")?;
    let further = last.parse::<u64>()? + 2;
    succeed(processes(1)?.args(["--quiet", "--max-steps", &further.to_string(), "--resume"]).arg(&run))?;
    Ok(())
}
