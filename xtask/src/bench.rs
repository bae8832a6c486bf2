//! `cargo xtask bench`: how fast the parts, training and inversion are on this machine, as a table and as JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::announce::{cargo, output, root, run, step, target};
use crate::peers::{self, Part};

/// Steps of a measured run: enough that the start does not count.
const STEPS: u32 = 24;
const BATCH: u32 = 16;

/// Measures parts, training and inversion; or compares with others, in all parts or in these.
///
/// # Errors
/// If a build or a measurement fails.
pub fn bench(compared: Option<&[Part]>) -> Result<()> {
    let root = root()?;
    let folder = target()?.join("bench");
    fs::create_dir_all(&folder)?;
    step("Build");
    run(cargo().current_dir(&root).args(["build", "--release", "--workspace"]))?;

    let mut report = json!({
        "machine": machine(),
        "commit": output(Command::new("git").current_dir(&root).args(["rev-parse", "--short", "HEAD"])).map(|text| text.trim().to_owned()),
        "changed": output(Command::new("git").current_dir(&root).args(["status", "--porcelain"])).is_some_and(|text| !text.is_empty()),
        "settings": { "batch": BATCH, "steps": STEPS, "layer": "fire5", "profile": "release" },
    });
    if let Some(only) = compared {
        report["peers"] = peers::measure(&root, &folder, only)?;
    } else {
        step("Parts");
        let begun = std::time::SystemTime::now();
        run(cargo().current_dir(&root).args(["bench", "--workspace", "--bench", "parts"]))?;
        report["parts"] = estimates(&target()?.join("criterion"), begun)?;
        step("Training");
        report["training"] = [64, 128].into_iter().map(|size| training(&root, size)).collect::<Result<_>>()?;
        step("Inversion");
        report["inversion"] = inversion(&root)?;
    }

    let path = folder.join(if compared.is_some() { "peers.json" } else { "bench.json" });
    fs::write(&path, serde_json::to_string_pretty(&report)?)?;
    println!("\n{}\n\nAll of it: {}", tables(&report), path.display());
    Ok(())
}

/// Returns the path of the built trainer.
pub(crate) fn trainer() -> Result<PathBuf> {
    Ok(target()?.join("release/trainer").with_extension(std::env::consts::EXE_EXTENSION))
}

fn machine() -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map(|(_, name)| name.trim().to_owned());
    json!({
        "processor": model,
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
    })
}

/// Returns what criterion measured since `begun`: medians in milliseconds by name.
fn estimates(folder: &Path, begun: std::time::SystemTime) -> Result<Value> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let (name, estimates) = (path.join("benchmark.json"), path.join("estimates.json"));
            if path.ends_with("new") && estimates.metadata()?.modified()? >= begun {
                let read = |path: &Path| Ok::<Value, anyhow::Error>(serde_json::from_str(&fs::read_to_string(path)?)?);
                let nanoseconds = read(&estimates)?["median"]["point_estimate"].as_f64().context("no median")?;
                found.push(json!({ "name": read(&name)?["full_id"], "milliseconds": nanoseconds / 1e6 }));
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort_by_key(|part| part["name"].as_str().unwrap_or_default().to_owned());
    Ok(found.into())
}

/// Measures pictures a second and peak memory of a training run.
fn training(root: &Path, size: u32) -> Result<Value> {
    let out = std::env::temp_dir().join(format!("deepsim-bench-{}-{size}", std::process::id()));
    let mut command = Command::new(trainer()?);
    command.current_dir(root).args(["--quiet", "--batch", &BATCH.to_string()]);
    command.args(["--size", &size.to_string(), "--max-steps", &STEPS.to_string(), "--out"]).arg(&out);
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(resident_peak(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let stats = fs::read_to_string(out.join("stats.jsonl")).context("the measured run failed; try it by hand")?;
    drop(fs::remove_dir_all(&out));
    let last: Value = serde_json::from_str(stats.lines().last().unwrap_or_default())?;
    Ok(json!({
        "size": size, "batch": BATCH, "peak_mib": peak / 1024,
        "pictures_per_second": last["pictures_per_second"], "waiting_for_data": last["waiting_for_data"],
    }))
}

/// Times `trainer invert`: the whole command for one picture, and each further one.
fn inversion(root: &Path) -> Result<Value> {
    let folder = std::env::temp_dir().join(format!("deepsim-bench-{}-invert", std::process::id()));
    let (few, many) = (1u32, 17u32);
    let mut seconds = Vec::new();
    for count in [few, many] {
        let input = folder.join(format!("in{count}"));
        fs::create_dir_all(&input)?;
        for copy in 0..count {
            fs::copy(root.join("tests/pictures/cat.jpg"), input.join(format!("{copy}.jpg")))?;
        }
        let mut fastest = f64::INFINITY;
        for _ in 0..3 {
            let begun = Instant::now();
            let mut command = Command::new(trainer()?);
            command.current_dir(root).args(["invert", "models/fire5.safetensors", "--input"]).arg(&input);
            let status = command.arg("--output").arg(folder.join("out")).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "`trainer invert` failed");
            fastest = fastest.min(begun.elapsed().as_secs_f64());
        }
        seconds.push(fastest);
    }
    drop(fs::remove_dir_all(&folder));
    Ok(json!({ "command_seconds": seconds[0], "further_picture_seconds": (seconds[1] - seconds[0]) / f64::from(many - few) }))
}

/// Returns a process's peak resident memory in KiB, where the system tells.
fn resident_peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// Formats the report as Markdown.
fn tables(report: &Value) -> String {
    let mut lines = Vec::new();
    let rows = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let number = |value: &Value, digits: usize| value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"));
    if report["parts"].is_array() {
        lines.extend(["| part | milliseconds |".to_owned(), "|---|---|".to_owned()]);
        let row = |part: Value| format!("| {} | {} |", part["name"].as_str().unwrap_or_default(), number(&part["milliseconds"], 2));
        lines.extend(rows("parts").into_iter().map(row));
        lines.extend(
            ["", "| training: size | batch | pictures/s | peak memory, MiB | waiting for data |", "|---|---|---|---|---|"]
                .map(str::to_owned),
        );
        let row = |row: Value| {
            let waiting = row["waiting_for_data"].as_f64().unwrap_or(f64::NAN) * 100.0;
            let rate = number(&row["pictures_per_second"], 1);
            format!("| {} | {} | {rate} | {} | {waiting:.1} % |", row["size"], row["batch"], row["peak_mib"])
        };
        lines.extend(rows("training").into_iter().map(row));
        let inversion = &report["inversion"];
        let (whole, further) = (number(&inversion["command_seconds"], 2), number(&inversion["further_picture_seconds"], 3));
        lines.push(format!("\n`trainer invert` at 224: {whole} s for one picture, {further} s for each further one"));
    }
    if report["peers"].is_array() {
        lines.extend(
            ["| ours | theirs | ours, ms | theirs, ms | ratio | memory, MiB, ours / theirs |", "|---|---|---|---|---|---|"]
                .map(str::to_owned),
        );
        let row = |row: Value| {
            let name = |side: &str| row[side].as_str().unwrap_or_default().to_owned();
            let (ours, theirs) = (number(&row["our_milliseconds"], 0), number(&row["their_milliseconds"], 0));
            let memory = if row["our_mib"].is_null() { "-".to_owned() } else { format!("{} / {}", row["our_mib"], row["their_mib"]) };
            format!("| {} | {} | {ours} | {theirs} | {} | {memory} |", name("ours"), name("theirs"), number(&row["ratio"], 2))
        };
        lines.extend(rows("peers").into_iter().map(row));
    }
    lines.join("\n")
}
