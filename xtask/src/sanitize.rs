//! `cargo xtask sanitize`: the processor's kernels in miri and with the address and the thread sanitizer.

use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{root, run, step, succeeds, target};

/// Miri and the sanitizers are not in stable Rust.
const TOOLCHAIN: &str = "nightly";
/// Where there are both sanitizers.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
/// Miri keeps to Tree Borrows, because crossbeam-epoch, with which rayon shares work, does not to Stacked Borrows. Rayon's threads never end.
const MIRI: &str = "-Zmiri-tree-borrows -Zmiri-ignore-leaks -Zmiri-disable-isolation";
/// Too slow in miri, and safe code but for what the others call, too.
const TOO_SLOW: &str = "minimal_filtering";

/// Runs the tests of `tests/kernels`.
///
/// # Errors
/// If nightly Rust cannot be installed, or one of them finds something.
pub fn sanitize() -> Result<()> {
    step("Nightly Rust with miri");
    let installed =
        ["miri", "rust-src"].map(|name| succeeds(Command::new("rustup").args(["component", "add", "--toolchain", TOOLCHAIN, name])));
    if installed != [true, true] {
        run(Command::new("rustup").args(["toolchain", "install", TOOLCHAIN, "--profile", "minimal", "--component", "miri,rust-src"]))?;
    }
    let kernels = root()?.join("tests/kernels");
    let tests = |name: &str| -> Result<Command> {
        let mut command = Command::new("cargo");
        // A variable of the cargo that runs this would choose the compiler.
        command
            .current_dir(&kernels)
            .env("RUSTUP_TOOLCHAIN", TOOLCHAIN)
            .env_remove("RUSTC")
            .env("CARGO_TARGET_DIR", target()?.join("sanitize").join(name));
        Ok(command)
    };
    for (name, more) in [("address", &[][..]), ("thread", &["-Zbuild-std"])] {
        step(&format!("The {name} sanitizer"));
        let mut command = tests(name)?;
        command.env("RUSTFLAGS", format!("-Zsanitizer={name}")).args(["test", "--lib", "--target", PLATFORM]).args(more);
        run(&mut command).with_context(|| format!("the {name} sanitizer"))?;
    }
    step("Miri");
    let mut command = tests("miri")?;
    command.env("MIRIFLAGS", MIRI).env("RAYON_NUM_THREADS", "3").args(["miri", "test", "--lib", "--", "--skip", TOO_SLOW]);
    run(&mut command).context("miri")
}
