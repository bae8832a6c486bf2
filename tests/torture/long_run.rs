//! Training for as long as wanted: its memory, open files and threads stay as they were.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim_tests::{folder_of_pictures, small_run};
use serde_json::Value;

use crate::{alone, time};

/// How many times a process is looked at.
const SAMPLES: u32 = 400;
/// The shortest run: less does not reach a steady state.
const LEAST: Duration = Duration::from_secs(10);
/// Growth of the memory from the second quarter of a run to the last that counts as noise, as a share.
const NOISE: f64 = 0.05;

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    seconds: f64,
    mib: f64,
    files: usize,
    threads: usize,
}

fn held(child: &Child, begun: Instant) -> Result<Held> {
    let process = Path::new("/proc").join(child.id().to_string());
    let status = fs::read_to_string(process.join("status"))?;
    let of = |name: &str| -> Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a field of /proc/PID/status")?;
        Ok(line.split_whitespace().next().context("a number")?.parse()?)
    };
    let files = fs::read_dir(process.join("fd"))?.count();
    Ok(Held { seconds: begun.elapsed().as_secs_f64(), mib: of("VmRSS:")? / 1024.0, files, threads: of("Threads:")? as usize })
}

/// Returns the slope of the memory, in MiB an hour, by least squares.
fn slope(samples: &[Held]) -> f64 {
    let count = samples.len() as f64;
    let (time, memory) = (samples.iter().map(|held| held.seconds).sum::<f64>() / count, mean(samples));
    let covariance: f64 = samples.iter().map(|held| (held.seconds - time) * (held.mib - memory)).sum();
    let variance: f64 = samples.iter().map(|held| (held.seconds - time).powi(2)).sum();
    covariance / variance * 3600.0
}

fn mean(samples: &[Held]) -> f64 {
    samples.iter().map(|held| held.mib).sum::<f64>() / samples.len() as f64
}

#[test]
fn memory_and_open_files_of_a_long_run_do_not_grow() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 5)?;
    // One run takes the whole time: a process that starts anew would hide growth.
    let mut command = small_run(&data, &run);
    command.args(["--layer", "pool1", "--epochs", "100000000", "--checkpoint-every", "20", "--data-threads", "1"]);
    let mut child = command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (begun, wanted) = (Instant::now(), time().max(LEAST));
    let mut samples = Vec::new();
    while begun.elapsed() < wanted {
        sleep(wanted / SAMPLES);
        ensure!(child.try_wait()?.is_none(), "training ended by itself");
        samples.push(held(&child, begun)?);
    }
    child.kill()?;
    child.wait()?;
    let stats = fs::read_to_string(run.join("stats.jsonl"))?;
    let last: Value = serde_json::from_str(stats.lines().next_back().context("a line of stats")?)?;
    let steps = last["step"].as_u64().context("a step")?;
    let quarter = samples.len() / 4;
    let (early, late) = (&samples[quarter..quarter * 2], &samples[quarter * 3..]);
    // The fewest of a quarter: a checkpoint that is being written takes a file for a moment, a leak stays.
    let fewest = |samples: &[Held], of: fn(&Held) -> usize| samples.iter().map(of).min().unwrap_or(0);
    println!(
        "{steps} steps in {:.0} s: {:.1} MiB in the second quarter, {:.1} in the last, slope {:+.2} MiB an hour; \
         {}, then {} open files; {}, then {} threads",
        begun.elapsed().as_secs_f64(),
        mean(early),
        mean(late),
        slope(&samples[quarter..]),
        fewest(early, |held| held.files),
        fewest(late, |held| held.files),
        fewest(early, |held| held.threads),
        fewest(late, |held| held.threads),
    );
    ensure!(mean(late) <= mean(early) * (1.0 + NOISE), "memory grew");
    ensure!(fewest(late, |held| held.files) <= fewest(early, |held| held.files), "open files grew");
    ensure!(fewest(late, |held| held.threads) <= fewest(early, |held| held.threads), "threads grew");
    Ok(())
}
