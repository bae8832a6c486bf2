//! `cargo xtask bench --peers`: the same networks with the same weights in PyTorch and onnxruntime-web, and what people would use instead in the browser, in
//! turns with ours.

mod site;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::announce::{run, step, target};

/// Training steps: title, the arguments of `peer`, the script that repeats it, side, batch.
const STEPS: [(&str, &[&str], &str, &str, &str); 4] = [
    ("training step of an inverter", &["step", "--device", "flex"], "torch_step.py", "64", "16"),
    ("training step of an inverter", &["step", "--device", "flex"], "torch_step.py", "128", "16"),
    ("training step of a style network", &["restyle"], "torch_restyle.py", "192", "4"),
    ("training step of an upscaler", &["enlarge"], "torch_enlarge.py", "128", "8"),
];
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

    for (title, arguments, script, size, batch) in STEPS {
        let what = format!("{title} at {size}, batch {batch}");
        step(&what);
        let state = folder.join(format!("{}-{size}.safetensors", arguments[0]));
        let ours = || {
            let mut command = Command::new(&peer);
            command.current_dir(root).args(arguments).args(["--size", size, "--batch", batch, "--steps", "5", "--state"]).arg(&state);
            command
        };
        let theirs = |compile: bool| {
            let mut command = Command::new(&python);
            command.arg(root.join("bench/peers").join(script)).arg(&state).arg(&squeezenet).args(["--steps", "5"]);
            if compile {
                command.arg("--compile");
            }
            command
        };
        for (name, compile) in [("PyTorch, eager", false), ("PyTorch, compiled", true)] {
            rows.push(in_turns(&what, name, &ours, &|| theirs(compile))?);
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
    let onnx = |output: &Path| {
        let script = root.join("bench/peers/export_onnx.py");
        run(Command::new(&python).arg(script).args([&squeezenet, &fire5]).arg(&scale).arg(output))
    };
    rows.extend(site::measure(root, folder, &onnx)?);
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
