//! Training that is killed at random moments and resumed until it is done, beside training that nobody disturbed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim_tests::{folder_of_pictures, small_run, succeed, trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{alone, time};

/// What is trained.
const TASKS: [&[&str]; 4] = [&["--layer", "pool1"], &["--task", "vae"], &["--task", "lapgan"], &["--task", "enlarge"]];

/// Sets one order of all sums, and a checkpoint every other step, so that kills can hit one that is being written.
fn exact(command: &mut Command) -> &mut Command {
    command.env("RAYON_NUM_THREADS", "1").args(["--data-threads", "1", "--checkpoint-every", "2"])
}

fn export(run: &Path) -> Result<Vec<u8>> {
    let model = run.join("model.safetensors");
    succeed(trainer().args(["export", "--precision", "f32", "--most", "1"]).arg(run).arg("--output").arg(&model))?;
    Ok(fs::read(model)?)
}

/// Starts a command and kills it after a while, if it has not ended before. Returns whether it was killed.
fn killed_after(command: &mut Command, delay: Duration) -> Result<bool> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < delay {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{command:?} failed by itself: {status}");
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    Ok(true)
}

#[test]
fn killed_training_ends_as_undisturbed_training() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let begun = Instant::now();
    let (mut kills, mut runs) = (0, 0);
    for (number, task) in TASKS.iter().cycle().enumerate() {
        if number >= 1 && begun.elapsed() >= time() {
            break;
        }
        let path = |name: &str| temporary.path().join(format!("{name}-{number}"));
        let start = |run: &Path| {
            let mut command = small_run(&data, run);
            exact(command.args(["--max-steps", "8", "--epochs", "99"]).args(*task));
            command
        };
        let (undisturbed, disturbed) = (path("undisturbed"), path("disturbed"));
        let clock = Instant::now();
        succeed(&mut start(&undisturbed))?;
        let length = clock.elapsed().as_millis() as u64;
        let mut command = start(&disturbed);
        while killed_after(&mut command, Duration::from_millis(random.random_range(0..=length)))? {
            kills += 1;
            let has_checkpoint = fs::read_dir(disturbed.join("checkpoints"))
                .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_none())));
            if has_checkpoint {
                command = trainer();
                command.args(["--device", "flex", "--quiet", "--max-steps", "8", "--resume"]).arg(&disturbed);
                exact(&mut command);
            } else {
                // Killed before there was anything to go on from.
                drop(fs::remove_dir_all(&disturbed));
                command = start(&disturbed);
            }
        }
        let equal = export(&undisturbed).context("the undisturbed run")? == export(&disturbed).context("the disturbed run")?;
        ensure!(equal, "{task:?}: the weights differ after kills");
        runs += 1;
        for run in [undisturbed, disturbed] {
            fs::remove_dir_all(run)?;
        }
    }
    println!("{kills} kills in {runs} runs: all ended as undisturbed ones, bit for bit");
    Ok(())
}
