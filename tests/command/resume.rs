//! A resumed run is the run that was never stopped, bit for bit.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{fail, folder_of_pictures, small_run, succeed, trainer};
use serde_json::Value;

/// Returns a command with one data thread and one rayon thread, so that sums have one order; `hidden` hides the graphics drivers.
fn exact(command: &mut Command, hidden: bool) -> &mut Command {
    command.env("RAYON_NUM_THREADS", "1").args(["--data-threads", "1"]);
    if hidden {
        command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent").env("LIBGL_DRIVERS_PATH", "/nonexistent");
    }
    command
}

/// Returns the averaged weights as an f32 model file, and the state without what differs between two folders.
fn outcome(run: &Path) -> Result<(Vec<u8>, Value)> {
    let model = run.join("model.safetensors");
    succeed(trainer().args(["export", "--precision", "f32"]).arg(run).arg("--output").arg(&model))?;
    let state: Value = serde_json::from_slice(&fs::read(run.join("checkpoints/000020/state.json"))?)?;
    ensure!(state["average_updates"].as_u64().is_some_and(|updates| updates > 10), "the inverter trained: {state}");
    Ok((fs::read(model)?, state))
}

fn stats(run: &Path) -> Result<Value> {
    let text = fs::read_to_string(run.join("stats.jsonl"))?;
    let mut last: Value = serde_json::from_str(text.lines().last().context("no statistics")?)?;
    // How fast it was is another matter.
    last["pictures_per_second"] = Value::Null;
    last["waiting_for_data"] = Value::Null;
    last["first_step_seconds"] = Value::Null;
    // Of the steps since it was started or resumed.
    last["discriminator_share"] = Value::Null;
    last["inverter_share"] = Value::Null;
    Ok(last)
}

#[test]
fn ten_steps_and_ten_more_are_twenty() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let translation = ["--layer", "fire9", "--through", "fire5", "--loss", "translation", "--optimizer", "muon"];
    // What is trained, and whether graphics drivers are hidden.
    for (number, (options, hidden)) in
        [(&[][..], false), (&[][..], true), (&translation[..], false), (&["--discriminator", "patch"][..], false)].into_iter().enumerate()
    {
        let path = |name: &str| temporary.path().join(format!("{name}-{number}"));
        let (straight, parted) = (path("straight"), path("parted"));
        succeed(exact(small_run(&data, &straight).args(["--max-steps", "20", "--epochs", "99"]).args(options), hidden))?;
        succeed(exact(small_run(&data, &parted).args(["--max-steps", "10", "--epochs", "99"]).args(options), hidden))?;
        succeed(exact(trainer().args(["--device", "flex", "--quiet", "--max-steps", "20", "--resume"]).arg(&parted), hidden))?;
        let (one, two) = (outcome(&straight)?, outcome(&parted)?);
        ensure!(one.1 == two.1, "{options:?}: the states differ: {} and {}", one.1, two.1);
        ensure!(one.0 == two.0, "{options:?}: the weights differ");
        // The last step's losses contain the discriminator, which the model file does not.
        ensure!(stats(&straight)? == stats(&parted)?, "{options:?}: the losses differ");
    }
    Ok(())
}

/// The test above can fail: another seed gives other weights.
#[test]
fn another_seed_is_another_run() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let run = |seed: &str| {
        let run = temporary.path().join(seed);
        succeed(exact(small_run(&data, &run).args(["--max-steps", "20", "--epochs", "99", "--seed", seed]), false))?;
        outcome(&run)
    };
    ensure!(run("1")?.0 != run("2")?.0);
    Ok(())
}

#[test]
fn two_processes_do_not_train_one_run() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 5)?;
    let mut first = small_run(&data, &run).args(["--epochs", "9999"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // A checkpoint that is being written has a name with an ending.
    let is_whole = |entry: std::io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.path().extension().is_none());
    let trained = || fs::read_dir(run.join("checkpoints")).is_ok_and(|mut entries| entries.any(is_whole));
    while !trained() && first.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let refused = fail(trainer().args(["--device", "flex", "--quiet", "--max-steps", "1", "--resume"]).arg(&run));
    // However it ends, nobody has to take the lock away.
    first.kill()?;
    first.wait()?;
    ensure!(refused?.contains("another process"), "not refused");
    succeed(trainer().args(["--device", "flex", "--quiet", "--max-steps", "1", "--resume"]).arg(&run)).map(drop)
}
