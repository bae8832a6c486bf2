//! `cargo xtask test`: everything that must hold before a change lands.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::announce::{cargo, root, run, step, succeeds, target};
use crate::{setup, web};

/// Runs formatting, clippy, docs, unit tests, and the tests of the command line and of the browser.
///
/// # Errors
/// At the first of them that fails, or if something cannot be installed.
pub fn test() -> Result<()> {
    let root = root()?;
    // Everything is compiled with one feature set, so that cargo builds burn once.
    let workspace = ["--workspace", "--release"];

    step("Formatting");
    run(cargo().current_dir(&root).args(["fmt", "--all", "--check"]))?;

    setup::browser()?;
    setup::firefox()?;
    setup::vulkan_driver()?;
    setup::valgrind();
    let dist = web::build()?;

    step("Binaries");
    run(cargo().current_dir(&root).arg("build").args(workspace))?;

    step("Clippy");
    run(cargo().current_dir(&root).arg("clippy").args(workspace).args(["--all-targets", "--", "-D", "warnings"]))?;

    step("Docs");
    run(cargo()
        .current_dir(&root)
        .arg("doc")
        .args(workspace)
        .args(["--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;

    step("Tests");
    // wgpu on Linux looks for this folder, which a bare machine lacks.
    let runtime = env::var_os("XDG_RUNTIME_DIR").unwrap_or_else(|| env::temp_dir().into_os_string());
    run(cargo()
        .current_dir(&root)
        .arg("test")
        .args(workspace)
        .env("XDG_RUNTIME_DIR", runtime)
        .env("DEEPSIM_DIST", &dist)
        .env("DEEPSIM_ARTIFACTS", artifacts()?))
    .context("a test failed")?;
    replicas(&root)?;
    println!("\neverything passed");
    Ok(())
}

/// Tests training in several processes, where the system has an MPI.
fn replicas(root: &Path) -> Result<()> {
    step("Several processes");
    if !["mpirun", "mpicc"].iter().all(|program| succeeds(Command::new(program).arg("--version"))) {
        println!("    left out: there is no MPI here (Debian: openmpi-bin, libopenmpi-dev, libclang-dev)");
        return Ok(());
    }
    let build = ["build", "--workspace", "--release", "--bin", "trainer"];
    run(cargo().current_dir(root).args(build).args(["--features", "trainer/mpi"]))?;
    let (built, kept) = (target()?.join("release/trainer"), target()?.join("trainer-mpi"));
    fs::copy(&built, &kept).with_context(|| built.display().to_string())?;
    // What lies there is the usual one again.
    run(cargo().current_dir(root).args(build))?;
    let mut test = cargo();
    test.current_dir(root).args(["test", "--workspace", "--release", "--test", "replicas", "--", "--ignored", "--test-threads", "1"]);
    run(test.env("DEEPSIM_MPI", kept))
}

/// Kinds of cases in `tests/torture`.
const KINDS: u64 = 11;

/// Runs the campaign against faults for so many minutes, and prints how many cases of each kind were tried. `docs/reliability.md` says what for.
///
/// # Errors
/// At the first case that fails; it is named and kept.
pub fn torture(minutes: u64) -> Result<()> {
    let root = root()?;
    run(cargo().current_dir(&root).args(["build", "--workspace", "--release"]))?;
    let mut test = cargo();
    test.current_dir(&root).args(["test", "--workspace", "--release", "--test", "torture", "--", "--nocapture", "--test-threads", "1"]);
    test.env("DEEPSIM_TORTURE_SECONDS", (minutes * 60 / KINDS).max(1).to_string());
    run(test.env("DEEPSIM_ARTIFACTS", artifacts()?))?;
    // Every fault of every file, once, and long use: it takes some minutes.
    setup::browser()?;
    let dist = web::build()?;
    let mut test = cargo();
    test.current_dir(&root).args([
        "test",
        "--workspace",
        "--release",
        "--test",
        "browser",
        "--",
        "faults::",
        "soak::",
        "--include-ignored",
        "--nocapture",
    ]);
    run(test.env("DEEPSIM_TORTURE_SECONDS", "1").env("DEEPSIM_DIST", dist).env("DEEPSIM_ARTIFACTS", artifacts()?))
}

/// Returns the folder for what a person may want to look at, such as screenshots.
fn artifacts() -> Result<std::path::PathBuf> {
    let folder = target()?.join("artifacts");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
