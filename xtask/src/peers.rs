//! `cargo xtask bench --peers`: the same networks with the same weights in PyTorch and onnxruntime-web, in turns with ours.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::announce::{cargo, run, step, target};
use crate::{setup, web};

/// How often ours and theirs take turns.
const ROUNDS: usize = 3;

/// Formats one row for each pair: medians in milliseconds, and the median of the rounds' ratios, theirs over ours.
pub(crate) fn measure(root: &Path, folder: &Path) -> Result<Value> {
    step("Peers");
    let python = python(root, folder)?;
    let peer = target()?.join("release/peer");
    let squeezenet = root.join("models/squeezenet.safetensors");
    let fire5 = root.join("models/fire5.safetensors");
    let mut rows = Vec::new();

    for size in ["64", "128"] {
        step(&format!("Training step at {size}, batch 16"));
        let state = folder.join(format!("step-{size}.safetensors"));
        let ours = || {
            let mut command = Command::new(&peer);
            command
                .current_dir(root)
                .args(["step", "--device", "flex", "--size", size, "--batch", "16", "--steps", "5", "--state"])
                .arg(&state);
            command
        };
        let theirs = |compile: bool| {
            let mut command = Command::new(&python);
            command.arg(root.join("bench/peers/torch_step.py")).arg(&state).arg(&squeezenet).args(["--steps", "5"]);
            if compile {
                command.arg("--compile");
            }
            command
        };
        for (name, compile) in [("PyTorch, eager", false), ("PyTorch, compiled", true)] {
            rows.push(in_turns(&format!("training step at {size}, batch 16"), name, &ours, &|| theirs(compile))?);
        }
    }

    step("Inversion at 224");
    let state = folder.join("inversion.safetensors");
    let scale = scale_of(&fire5)?;
    let ours = || {
        let mut command = Command::new(&peer);
        command.current_dir(root).args(["inversion", "--state"]).arg(&state);
        command
    };
    for (name, compile) in [("PyTorch, eager", false), ("PyTorch, compiled", true)] {
        let theirs = || {
            let mut command = Command::new(&python);
            command.arg(root.join("bench/peers/torch_inversion.py")).args([&state, &squeezenet, &fire5]).arg(&scale);
            if compile {
                command.arg("--compile");
            }
            command
        };
        rows.push(in_turns("inversion at 224", name, &ours, &theirs)?);
    }

    step("In the browser");
    rows.extend(browser(root, folder, &python, [&squeezenet, &fire5], &scale)?);
    Ok(rows.into())
}

/// Runs both by turns; each prints one line of JSON with `seconds` and perhaps `peak_mib`.
fn in_turns(what: &str, theirs_name: &str, ours: &dyn Fn() -> Command, theirs: &dyn Fn() -> Command) -> Result<Value> {
    let mut ratios = Vec::new();
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    let (mut our_mib, mut their_mib) = (Value::Null, Value::Null);
    for round in 0..ROUNDS {
        let (our_time, mib) = measured(ours())?;
        our_mib = mib;
        let (their_time, mib) = measured(theirs())?;
        their_mib = mib;
        println!("    {what}, round {round}: {:.0} ms; {theirs_name}: {:.0} ms", our_time * 1e3, their_time * 1e3);
        ratios.push(their_time / our_time);
        our_times.push(our_time * 1e3);
        their_times.push(their_time * 1e3);
    }
    Ok(json!({
        "ours": what, "theirs": theirs_name, "ratio": median(ratios),
        "our_milliseconds": median(our_times), "their_milliseconds": median(their_times),
        "our_mib": our_mib, "their_mib": their_mib,
    }))
}

/// Runs a command several times and returns the median time in seconds and the peak memory.
fn measured(mut command: Command) -> Result<(f64, Value)> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stdout));
    let printed = String::from_utf8_lossy(&output.stdout);
    let result: Value = serde_json::from_str(printed.lines().last().unwrap_or_default())?;
    let seconds = result["seconds"].as_array().context("no seconds")?.iter().filter_map(Value::as_f64).collect();
    Ok((median(seconds), result["peak_mib"].clone()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Creates a Python with the pinned packages, in a virtual environment below the target folder.
fn python(root: &Path, folder: &Path) -> Result<std::path::PathBuf> {
    let environment = folder.join("python");
    let python = environment.join("bin/python");
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let requirements = root.join("bench/peers/requirements.txt");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements))?;
    Ok(python)
}

/// Returns the feature scale in an inverter's card.
fn scale_of(model: &Path) -> Result<String> {
    let bytes = fs::read(model)?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let (_, rest) = text.split_once("feature_scale\\\":").context("no feature_scale in the card")?;
    Ok(rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect())
}

/// Times the page's wasm and onnxruntime-web in one browser: `tests/browser/peers.rs` drives it.
fn browser(root: &Path, folder: &Path, python: &Path, [squeezenet, fire5]: [&Path; 2], scale: &str) -> Result<Vec<Value>> {
    setup::browser()?;
    let dist = web::build()?;
    let site = folder.join("site");
    let peers = site.join("peers");
    drop(fs::remove_dir_all(&site));
    copy_folder(&dist, &site)?;
    fs::create_dir_all(peers.join("ort"))?;
    let sources = root.join("bench/peers");
    for name in ["browser.html", "browser.js"] {
        fs::copy(sources.join(name), peers.join(name))?;
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(name), folder.join(name))?;
    }
    run(Command::new("npm").current_dir(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    copy_folder(&folder.join("node_modules/onnxruntime-web/dist"), &peers.join("ort"))?;
    let onnx = peers.join("inversion.onnx");
    run(Command::new(python).arg(sources.join("export_onnx.py")).args([squeezenet, fire5]).arg(scale).arg(onnx))?;
    let mut test = cargo();
    test.current_dir(root).args(["test", "--release", "--workspace", "--test", "browser", "--", "peers::", "--ignored", "--nocapture"]);
    let output = test.env("DEEPSIM_PEERS", &site).stderr(Stdio::inherit()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the browser's comparison failed: {printed}");
    let line = printed.lines().find_map(|line| line.split_once("peers: ")).context("no result")?.1;
    Ok(serde_json::from_str(line)?)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
