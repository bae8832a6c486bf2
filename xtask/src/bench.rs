//! `cargo xtask bench`: how fast `trainer` trains here, and how much memory it takes.

use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{cargo, root, run, step, target};

/// Steps of a measured run: enough that the start does not count.
const STEPS: u32 = 24;

/// Pictures a second and peak memory of whole training runs on the processor.
///
/// # Errors
/// If the build or a run fails.
pub fn bench() -> Result<()> {
    let root = root()?;
    step("Build");
    run(cargo().current_dir(&root).args(["build", "--release", "--workspace"]))?;
    let trainer = target()?.join("release/trainer");
    println!("\n| size | batch | device | pictures/s | peak memory |\n|---|---|---|---|---|");
    for size in [64, 128] {
        let out = std::env::temp_dir().join(format!("deepsim-bench-{}-{size}", std::process::id()));
        let mut command = Command::new(&trainer);
        command.current_dir(&root).args(["--device", "flex", "--quiet", "--batch", "16"]);
        command.args(["--size", &size.to_string(), "--max-steps", &STEPS.to_string(), "--out"]).arg(&out);
        let mut child = command.stderr(std::process::Stdio::null()).stdout(std::process::Stdio::null()).spawn()?;
        let mut peak = 0;
        while child.try_wait()?.is_none() {
            peak = peak.max(resident_peak(child.id()).unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let stats = std::fs::read_to_string(out.join("stats.jsonl")).context("the measured run failed; try it by hand")?;
        drop(std::fs::remove_dir_all(&out));
        let last: serde_json::Value = serde_json::from_str(stats.lines().last().unwrap_or_default())?;
        let rate = last["pictures_per_second"].as_f64().context("stats.jsonl has no pictures_per_second")?;
        let memory = if peak == 0 { "unknown here".to_owned() } else { format!("{} MiB", peak / 1024) };
        println!("| {size} | 16 | flex | {rate:.1} | {memory} |");
    }
    Ok(())
}

/// A process's peak resident memory in KiB, where the system tells.
fn resident_peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}
