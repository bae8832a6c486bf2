//! `cargo xtask bench --peers`: the same networks with the same weights in PyTorch and onnxruntime-web, and what people would use instead in the browser, in
//! turns with ours.

mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::announce::{run, step, target};

/// Ways to run PyTorch, and whether it compiles.
const EAGER: (&str, bool) = ("PyTorch, eager", false);
const COMPILED: (&str, bool) = ("PyTorch, compiled", true);

/// A training step, ours and in PyTorch.
struct Step {
    title: &'static str,
    /// The arguments of `peer`.
    arguments: &'static [&'static str],
    /// Side and number of the crops.
    size: &'static str,
    batch: &'static str,
    /// The script that repeats it.
    script: &'static str,
    ways: &'static [(&'static str, bool)],
}

const INVERTER: Step = Step {
    title: "training step of an inverter",
    arguments: &["step", "--device", "flex"],
    size: "64",
    batch: "16",
    script: "torch_step.py",
    ways: &[EAGER, COMPILED],
};
const STEPS: [Step; 5] = [
    INVERTER,
    Step { size: "128", ..INVERTER },
    Step {
        title: "training step of a style network",
        arguments: &["restyle"],
        size: "192",
        batch: "4",
        script: "torch_restyle.py",
        // PyTorch 2.15 cannot compile the gradient of padding by repetition.
        ways: &[EAGER],
    },
    Step {
        title: "training step of an upscaler",
        arguments: &["enlarge"],
        size: "128",
        batch: "8",
        script: "torch_enlarge.py",
        ways: &[EAGER],
    },
    Step {
        title: "training step of a level of LAPGAN",
        arguments: &["lapgan"],
        size: "64",
        batch: "16",
        script: "torch_lapgan.py",
        ways: &[EAGER],
    },
];

/// How often ours and theirs take turns.
const ROUNDS: usize = 3;

/// A part of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Training steps, beside PyTorch
    Training,
    /// An inversion, beside PyTorch
    Inversion,
    /// The page's work, beside other libraries in one browser
    Browser,
}

/// Formats one row for each pair: medians in milliseconds, and the median of the rounds' ratios, theirs over ours.
pub(crate) fn measure(root: &Path, folder: &Path, only: &[Part]) -> Result<Value> {
    step("Peers");
    let files =
        Files { root: root.to_owned(), folder: folder.to_owned(), python: python(root, folder)?, peer: target()?.join("release/peer") };
    let wanted = |part| only.is_empty() || only.contains(&part);
    let mut rows = Vec::new();
    if wanted(Part::Training) {
        rows.extend(files.training()?);
    }
    if wanted(Part::Inversion) {
        rows.extend(files.inversion()?);
    }
    if wanted(Part::Browser) {
        step("In the browser");
        rows.extend(site::measure(root, folder, &|output| files.export_onnx(output))?);
    }
    Ok(rows.into())
}

/// What the comparisons run and read.
struct Files {
    root: PathBuf,
    folder: PathBuf,
    python: PathBuf,
    peer: PathBuf,
}

impl Files {
    fn model(&self, name: &str) -> PathBuf {
        self.root.join("models").join(name).with_added_extension("safetensors")
    }

    /// Returns a command that runs a script of `bench/peers`.
    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.root.join("bench/peers").join(name));
        command
    }

    fn training(&self) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        for Step { title, arguments, size, batch, script, ways } in STEPS {
            let what = format!("{title} at {size}, batch {batch}");
            step(&what);
            let state = self.folder.join(format!("{}-{size}.safetensors", arguments[0]));
            let ours = || {
                let mut command = Command::new(&self.peer);
                command
                    .current_dir(&self.root)
                    .args(arguments)
                    .args(["--size", size, "--batch", batch, "--steps", "5", "--state"])
                    .arg(&state);
                command
            };
            for &(name, compile) in ways {
                let theirs = || {
                    let mut command = self.script(script);
                    command.arg(&state).arg(self.model("squeezenet")).args(["--steps", "5"]).args(compile.then_some("--compile"));
                    command
                };
                rows.push(in_turns(&what, name, &ours, &theirs)?);
            }
        }
        Ok(rows)
    }

    fn inversion(&self) -> Result<Vec<Value>> {
        step("Inversion at 224");
        let (squeezenet, fire5) = (self.model("squeezenet"), self.model("fire5"));
        let state = self.folder.join("inversion.safetensors");
        let scale = scale_of(&fire5)?;
        let ours = || {
            let mut command = Command::new(&self.peer);
            command.current_dir(&self.root).args(["inversion", "--state"]).arg(&state);
            command
        };
        let mut rows = Vec::new();
        for (name, compile) in [EAGER, COMPILED] {
            let theirs = || {
                let mut command = self.script("torch_inversion.py");
                command.args([&state, &squeezenet, &fire5]).arg(&scale).args(compile.then_some("--compile"));
                command
            };
            rows.push(in_turns("inversion at 224", name, &ours, &theirs)?);
        }
        Ok(rows)
    }

    fn export_onnx(&self, output: &Path) -> Result<()> {
        let fire5 = self.model("fire5");
        run(self.script("export_onnx.py").args([&self.model("squeezenet"), &fire5]).arg(scale_of(&fire5)?).arg(output))
    }
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
fn python(root: &Path, folder: &Path) -> Result<PathBuf> {
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
