//! `cargo xtask cuda`: the trainer for NVIDIA cards, without LLVM.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::announce::{cargo, root, run, step, target};

/// What takes the place of cubecl-llvm.
const STAND_IN: &str = "trainer/without-llvm";

/// Crates with much code that runs on the processor for moments only, to launch kernels: compiled for size.
const SMALL: [&str; 9] = [
    "burn-autodiff",
    "burn-cubecl",
    "burn-cubecl-fusion",
    "burn-dispatch",
    "burn-fusion",
    "burn-ir",
    "cubecl-cuda",
    "cubecl-runtime",
    "wgpu-core",
];

/// Crates that work once for each kernel, when it is compiled, or that only the tuning cache needs: compiled for the least size.
const SMALLEST: [&str; 14] = [
    "cubecl-core",
    "cubecl-cpp",
    "cubecl-ir",
    "cubecl-opt",
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
];

/// How the binary is linked for Linux, with the linker of rustup's toolchain: functions of the same code are kept once, and there are no relocations for
/// an address that is chosen at the start.
const LINKED: [&str; 4] = ["-C", "link-arg=-Wl,--icf=all", "-C", "relocation-model=static"];

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
    command.current_dir(&root).args([
        "rustc",
        "--release",
        "--package",
        "trainer",
        "--bin",
        "trainer",
        "--no-default-features",
        "--features",
        "cuda",
    ]);
    command.args(["--config", &patch, "--config", "profile.release.strip=true"]);
    // Functions of all crates that are the same or never called go, and the code of the others is written once, at the end.
    command.args(["--config", "profile.release.lto=\"fat\""]);
    for (names, level) in [(&SMALL[..], "s"), (&SMALLEST, "z")] {
        for name in names {
            command.args(["--config", &format!("profile.release.package.{name}.opt-level=\"{level}\"")]);
        }
    }
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        command.arg("--").args(LINKED);
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
