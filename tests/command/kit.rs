//! The kit for a machine with a GPU (`models/gpu-pack.sh`, `models/gpu.sh`), as it runs there but for the card.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{fail, succeed, trainer, workspace};

/// What comes back from a machine with a GPU, at most.
const FILES: usize = 8;
const BYTES: u64 = 16 << 20;

#[test]
fn the_kit_trains_measures_and_brings_back_little_in_an_empty_place() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (folder, results) = (temporary.path().join("kit"), temporary.path().join("results"));
    let mut pack = Command::new("bash");
    pack.arg(workspace().join("models/gpu-pack.sh")).arg(&folder).arg(trainer().get_program()).env("PLAIN", "1");
    let packed = String::from_utf8(succeed(&mut pack)?.stdout)?;
    ensure!(packed.contains("models/gpu.sh") && packed.contains("data/photos-train.tar.gz"), "{packed}");

    let mut kit = Command::new("bash");
    kit.current_dir(temporary.path()).arg(folder.join("models/gpu.sh")).arg(&results);
    kit.env_clear().envs(std::env::vars().filter(|(name, _)| ["PATH", "HOME", "TMPDIR"].contains(&name.as_str())));
    for (name, value) in [
        ("DEVICE", "flex"),
        ("MINUTES", "2"),
        ("SIZE", "64"),
        ("BATCH", "2"),
        ("STEPS", "2"),
        ("FIRST", "3"),
        ("MOST", "2"),
        ("CHECKPOINT_EVERY", "20"),
        ("EXPORT_EVERY", "4"),
        ("QUEUE", "fire9 60 pool1 25"),
    ] {
        kit.env(name, value);
    }
    succeed(&mut kit)?;
    let report = fs::read_to_string(results.join("report.txt"))?;
    println!("{report}");
    ensure!(report.contains("flex: 5 steps agree") && report.contains("training on flex"), "{report}");
    for stage in ["fire9-translation", "fire9-features", "fire9-adversary", "pool1-features", "pool1-adversary"] {
        ensure!(report.lines().any(|line| line.contains(&format!("{stage}: ")) && line.contains("normalised error")), "{stage}: {report}");
    }
    ensure!(report.lines().any(|line| line.starts_with("| fire9 | fire9 |")), "no table: {report}");
    let files: Vec<_> = fs::read_dir(&results)?.collect::<Result<_, _>>()?;
    ensure!(files.len() <= FILES, "{files:?}");
    for file in &files {
        let bytes = file.metadata()?.len();
        ensure!(bytes <= BYTES, "{}: {bytes} bytes", file.path().display());
    }
    let model = results.join("fire9.safetensors");
    let mut invert = trainer();
    invert.args(["invert", "--device", "flex", "--size", "64"]).arg(&model).arg("--input");
    succeed(invert.arg(workspace().join("tests/pictures/cat.jpg")).arg("--output").arg(temporary.path().join("inverted")))?;
    Ok(())
}

#[test]
fn a_device_agrees_with_itself_and_is_timed() -> Result<()> {
    let agreed = succeed(trainer().args(["bench", "--device", "flex", "--agree", "1", "--size", "32", "--batch", "1"]))?;
    ensure!(String::from_utf8_lossy(&agreed.stdout).contains("1 steps agree"), "{agreed:?}");
    let timed = succeed(trainer().args(["bench", "--device", "flex", "--size", "32", "--batch", "1", "--steps", "1", "--warmup", "0"]))?;
    let report: serde_json::Value = serde_json::from_slice(&timed.stdout)?;
    ensure!(report["pictures_per_second"].as_f64().context("a speed")? > 0.0, "{report}");
    Ok(())
}

/// This machine may have a driver, but no machine has a hundred cards.
#[test]
fn a_card_that_is_not_there_is_one_clear_line() -> Result<()> {
    let error = fail(trainer().args(["--device", "cuda:99", "--max-steps", "1"]))?;
    ensure!(error.contains("--device cuda:99: "), "{error}");
    let expected = ["no NVIDIA driver", "finds no card", "there is no card 99", "NVRTC", "headers", "this build has no CUDA"];
    ensure!(expected.iter().any(|reason| error.contains(reason)), "{error}");
    ensure!(fail(trainer().args(["--device", "wgpu:99", "--max-steps", "1"]))?.contains("adapters are numbered from 0"), "wgpu:99");

    let devices = String::from_utf8(succeed(trainer().arg("devices"))?.stdout)?;
    ensure!(devices.lines().next().is_some_and(|line| line.starts_with("cuda")), "{devices}");
    ensure!(devices.contains("<- auto"), "{devices}");
    Ok(())
}
