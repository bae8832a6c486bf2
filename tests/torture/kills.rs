//! Training that is killed at random moments and resumed until it is done, beside training that nobody disturbed.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim_tests::{folder_of_pictures, succeed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::runs::{TASKS, export, go_on, start};
use crate::{alone, number, time};

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
    let mut random = ChaCha8Rng::seed_from_u64(number("DEEPSIM_TORTURE_FIRST").unwrap_or(7));
    let begun = Instant::now();
    let (mut kills, mut runs) = (0, 0);
    for (number, task) in TASKS.iter().cycle().enumerate() {
        if number >= 1 && begun.elapsed() >= time() {
            break;
        }
        let path = |name: &str| temporary.path().join(format!("{name}-{number}"));
        let (undisturbed, disturbed) = (path("undisturbed"), path("disturbed"));
        let clock = Instant::now();
        succeed(&mut start(task, &data, &undisturbed))?;
        let length = clock.elapsed().as_millis() as u64;
        let mut command = start(task, &data, &disturbed);
        while killed_after(&mut command, Duration::from_millis(random.random_range(0..=length)))? {
            kills += 1;
            command = go_on(task, &data, &disturbed);
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
