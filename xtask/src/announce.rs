//! Running other programs, each step announced.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says what comes next.
pub fn step(what: &str) {
    println!("\n==> {what}");
}

/// Runs a command, its output shown.
///
/// # Errors
/// If it cannot be started or fails; the message names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("    $ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Returns whether a command can be started and succeeds; its output is not shown.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Returns a command's standard output, if it succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Returns the repository's root: where this crate's workspace is.
///
/// # Errors
/// If the checkout has moved since xtask was built and the current folder is not in it.
pub fn root() -> Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let here = std::env::current_dir()?;
    let is_root = |folder: &Path| folder.join("xtask/Cargo.toml").is_file() && folder.join("index.html").is_file();
    if let Some(found) = here.ancestors().find(|folder| is_root(folder)) {
        return Ok(found.to_owned());
    }
    if is_root(&built) {
        return Ok(built.canonicalize()?);
    }
    bail!("run this inside a checkout of deepsim")
}

/// Returns cargo's target folder.
///
/// # Errors
/// If there is no checkout.
pub fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(root()?.join("target")),
    }
}

/// Returns the cargo that runs this.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
