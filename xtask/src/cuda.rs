//! `cargo xtask cuda`: the trainer for NVIDIA cards, without LLVM.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::announce::{cargo, root, run, step, target};

/// What takes the place of cubecl-llvm.
const STAND_IN: &str = "trainer/without-llvm";

/// Crates with much code that runs on the processor for moments only, to launch kernels: compiled for size, which takes a third off the binary.
const SMALL: [&str; 23] = [
    "burn-autodiff",
    "burn-cubecl",
    "burn-cubecl-fusion",
    "burn-dispatch",
    "burn-fusion",
    "burn-ir",
    "cubecl-core",
    "cubecl-cpp",
    "cubecl-cuda",
    "cubecl-ir",
    "cubecl-opt",
    "cubecl-runtime",
    "cubecl-std",
    "cubek-convolution",
    "cubek-matmul",
    "cubek-reduce",
    "cubek-std",
    "cubek-tile",
    "naga",
    "pliron",
    "turso_core",
    "turso_parser",
    "wgpu-core",
];

/// Builds the trainer with CUDA, and with `trainer/without-llvm` in place of cubecl-llvm, whose build script downloads LLVM. Returns the
/// binary's path: a copy named `trainer-cuda`, because the next ordinary build writes another `trainer`.
///
/// # Errors
/// If it does not build.
pub fn build() -> Result<PathBuf> {
    step("The trainer with CUDA (20 to 40 minutes on two cores, the first time)");
    let root = root()?;
    let lock = Lock::keep(&root.join("Cargo.lock"))?;
    let patch = format!("patch.crates-io.cubecl-llvm.path=\"{STAND_IN}\"");
    let mut command = cargo();
    command.current_dir(&root).args(["build", "--release", "--bin", "trainer", "--no-default-features", "--features", "trainer/cuda"]);
    command.args(["--config", &patch, "--config", "profile.release.strip=true"]);
    for name in SMALL {
        command.args(["--config", &format!("profile.release.package.{name}.opt-level=\"s\"")]);
    }
    let built = run(&mut command);
    lock.restore()?;
    built?;
    let folder = target()?.join("release");
    let binary = folder.join("trainer-cuda").with_extension(std::env::consts::EXE_EXTENSION);
    fs::copy(folder.join("trainer").with_extension(std::env::consts::EXE_EXTENSION), &binary)?;
    println!("    {}, {} MB", binary.display(), fs::metadata(&binary)?.len() / 1_000_000);
    Ok(binary)
}

/// Cargo.lock as it was: a patch changes it, and nobody else needs to know.
struct Lock {
    path: PathBuf,
    text: String,
}

impl Lock {
    fn keep(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(Self { path: path.to_owned(), text })
    }

    fn restore(self) -> Result<()> {
        fs::write(&self.path, self.text).with_context(|| self.path.display().to_string())
    }
}
