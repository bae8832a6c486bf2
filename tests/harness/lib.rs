//! What the end-to-end tests share: the trainer binary, small pictures, files to break.

pub mod beside;
pub mod browser;
pub mod faults;
pub mod in_browser;
pub mod native;
pub mod page;
pub mod requests;
pub mod site;
pub mod slow;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use image::{ImageFormat, Rgb, RgbImage};

/// Returns the repository. Asked for when the test runs: what another checkout compiled into the same target folder may be reused.
///
/// # Panics
/// If the tests are not run by cargo.
pub fn workspace() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("..")
}

/// Returns the trainer that was built with these tests: beside them, one folder up.
///
/// # Panics
/// If it was not built; `cargo xtask test` builds it first.
pub fn trainer() -> Command {
    let tests = std::env::current_exe().expect("a test knows where it is");
    let found = tests.ancestors().map(|folder| folder.join("trainer").with_extension(std::env::consts::EXE_EXTENSION));
    let path = found.into_iter().find(|path| path.is_file()).expect("`cargo build --release --workspace` comes first");
    let mut command = Command::new(path);
    command.current_dir(workspace());
    command
}

/// Returns a training run of a few seconds on the processor: small crops and small batches of the pictures in `data`.
pub fn small_run(data: &Path, out: &Path) -> Command {
    let mut command = trainer();
    command.args(["--device", "flex", "--quiet", "--size", "32", "--batch", "2", "--data"]).arg(data).arg("--out").arg(out);
    command
}

/// Runs a command that must succeed.
///
/// # Errors
/// If it does not, with what it printed.
pub fn succeed(command: &mut Command) -> Result<Output> {
    let output = command.output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {printed}");
    Ok(output)
}

/// Runs a command that must fail, and returns its error: one line on standard error, begun by `error: `.
///
/// # Errors
/// If it succeeds, or the error is anything else than one line.
pub fn fail(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let printed = String::from_utf8(output.stderr)?;
    ensure!(output.status.code().is_some_and(|code| code != 0), "{command:?} ended with {}: {printed}", output.status);
    let errors: Vec<&str> = printed.lines().filter(|line| line.starts_with("error: ")).collect();
    let [error] = errors[..] else { anyhow::bail!("{command:?} should print one error line, not: {printed}") };
    ensure!(!printed.contains("panicked"), "{command:?} panicked: {printed}");
    Ok(error.to_owned())
}

/// Returns a picture of coloured bands, another one for each `seed`.
pub fn picture(width: u32, height: u32, seed: u32) -> RgbImage {
    // Kept below 256 by the remainder.
    RgbImage::from_fn(width, height, |x, y| Rgb([x * 3 + seed * 40, y * 2 + x / 8 * 16, (x + y + seed * 90) * 2].map(|v| (v % 256) as u8)))
}

/// Creates a folder with `count` PNG pictures of 40 to 60 pixels.
///
/// # Errors
/// If it cannot be written.
pub fn folder_of_pictures(folder: &Path, count: u32) -> Result<()> {
    fs::create_dir_all(folder)?;
    for seed in 0..count {
        picture(40 + seed * 4 % 20, 48, seed).save_with_format(folder.join(format!("{seed:02}.png")), ImageFormat::Png)?;
    }
    Ok(())
}

/// Returns the step numbers of a run's checkpoints, oldest first.
///
/// # Errors
/// If there is no such folder.
pub fn checkpoints(run: &Path) -> Result<Vec<String>> {
    let mut names = fs::read_dir(run.join("checkpoints"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Returns the shipped inverter.
pub fn shipped_model() -> PathBuf {
    workspace().join("models/fire5.safetensors")
}

/// Returns the page that `cargo xtask web` built.
///
/// # Errors
/// If it was not built.
pub fn dist() -> Result<PathBuf> {
    let folder = std::env::var_os("DEEPSIM_DIST").map_or_else(|| workspace().join("dist"), PathBuf::from);
    ensure!(folder.join("index.html").is_file(), "no page in {}: `cargo xtask web` builds it", folder.display());
    Ok(folder)
}

/// Keeps something a person may want to look at, where the test command says, else among the temporary files.
///
/// # Errors
/// If it cannot be written.
pub fn keep(name: &str, bytes: &[u8]) -> Result<()> {
    let folder = std::env::var_os("DEEPSIM_ARTIFACTS").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    println!("kept {}", path.display());
    Ok(())
}
