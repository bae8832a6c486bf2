//! The builds of the wasm module: the one for any processor, which trunk makes, the one for WebGPU, and faster ones for processors.
//! `web/page/common/modules.js` chooses among them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{run, step, target};
use crate::setup::{self, WasmToolchain};

/// The build that trunk makes. Every browser can run it.
const ANY_PROCESSOR: &str = "cpu";
/// The name of the module's files.
const MODULE: &str = "deepsim-web";

/// Memory that threads share, and what wasm-bindgen needs to start one. Browsers reserve the address space of the largest memory.
const THREADS: &str = " -C target-feature=+atomics,+bulk-memory,+mutable-globals -C link-arg=--shared-memory -C link-arg=--import-memory \
    -C link-arg=--max-memory=2147483648 -C link-arg=--export=__wasm_init_tls -C link-arg=--export=__tls_size \
    -C link-arg=--export=__tls_align -C link-arg=--export=__tls_base";

/// What wasm-opt must accept in every build, and no more, so that it adds nothing that a browser may lack.
const WASM_OPT: [&str; 7] = [
    "-O3",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// A build that cargo makes.
struct Build {
    name: &'static str,
    threads: bool,
    features: &'static [&'static str],
}

/// Those that are not needed at once: for WebGPU, which takes longest to compile, faster ones for processors, and those that train.
const OTHERS: [Build; 6] = [
    Build { name: "webgpu", threads: false, features: &["webgpu"] },
    Build { name: "cpu-threads-relaxed", threads: true, features: &[RELAXED_SIMD] },
    Build { name: "train-threads-relaxed", threads: true, features: &[RELAXED_SIMD, "training"] },
    Build { name: "train-threads", threads: true, features: &["training"] },
    Build { name: "cpu-threads", threads: true, features: &[] },
    Build { name: "train", threads: false, features: &["training"] },
];
const RELAXED_SIMD: &str = "relaxed-simd";

/// The compiler for wasm and the tools of the page.
pub struct Tools {
    toolchain: WasmToolchain,
    /// The folder of trunk and wasm-bindgen, where they are not on the path.
    folder: PathBuf,
}

impl Tools {
    /// Finds or installs them.
    ///
    /// # Errors
    /// With the command that would help.
    pub fn find() -> Result<Self> {
        Ok(Self { toolchain: setup::wasm_toolchain()?, folder: setup::web_tools()? })
    }

    /// Returns a tool's command with the compiler's variables, in `root`; what it compiles lies in `objects`.
    fn command(&self, root: &Path, program: &str, objects: &Path) -> Command {
        let own = self.folder.join(program);
        let mut command = Command::new(if own.is_file() { own } else { program.into() });
        let mut path = OsString::from(&self.folder);
        path.push(":");
        let compiler = self.toolchain.variables.iter().find(|(name, _)| *name == "PATH").map(|(_, value)| value.clone());
        path.push(compiler.or_else(|| env::var_os("PATH")).unwrap_or_default());
        command.current_dir(root).envs(self.toolchain.variables.iter().map(|(name, value)| (name, value)));
        command.env("PATH", path).env("CARGO_TARGET_DIR", objects);
        // trunk takes NO_COLOR for a flag of its own and refuses the value 1.
        command.env_remove("NO_COLOR");
        command
    }

    /// Builds the page with trunk, and its module for any processor.
    ///
    /// # Errors
    /// If the build fails.
    pub fn build(&self, root: &Path, dist: &Path) -> Result<()> {
        // Flags of its own, and for Debian's case a compiler of its own: a folder of its own, or each build would undo the other's.
        let objects = target()?.join("web");
        step("The page, and its module for any processor");
        run(self.command(root, "trunk", &objects).args(["build", "--offline"]))?;
        let place = dist.join("wasm").join(ANY_PROCESSOR);
        fs::create_dir_all(&place)?;
        for file in [format!("{MODULE}.js"), format!("{MODULE}_bg.wasm")] {
            fs::rename(dist.join(&file), place.join(&file)).with_context(|| format!("trunk built no {file}"))?;
        }
        optimise(&place, &[])
    }

    /// Adds the module for WebGPU, the faster ones for processors, which some browsers can run, and those that train; calls `built` after each.
    /// Without the source of the standard library there are none with threads.
    ///
    /// # Errors
    /// If a build fails, or `built` does.
    pub fn build_others(&self, root: &Path, dist: &Path, mut built: impl FnMut() -> Result<()>) -> Result<()> {
        OTHERS.iter().try_for_each(|build| {
            self.build_module(root, dist, build)?;
            built()
        })
    }

    fn build_module(&self, root: &Path, dist: &Path, build: &Build) -> Result<()> {
        step(&format!("The module {}", build.name));
        let objects = target()?.join(if build.threads { "web-threads" } else { "web" });
        let mut cargo = self.command(root, "cargo", &objects);
        if build.threads {
            let Some(variables) = &self.toolchain.standard_library else {
                println!("    left out: threads need the source of the standard library (`rustup component add rust-src`)");
                return Ok(());
            };
            cargo.envs(variables.iter().map(|(name, value)| (name, value)));
            let flags = self.toolchain.variables.iter().find(|(name, _)| *name == "RUSTFLAGS").map(|(_, value)| value.clone());
            let mut flags = flags.unwrap_or_default();
            flags.push(THREADS);
            cargo.env("RUSTFLAGS", flags);
        }
        cargo.args(["build", "--profile", "web", "--target", setup::TARGET, "--package", MODULE, "--lib"]);
        run(cargo.args(build.features.iter().flat_map(|feature| ["--features", feature])))?;
        let built = objects.join(setup::TARGET).join("web").join(MODULE.replace('-', "_")).with_extension("wasm");
        let place = dist.join("wasm").join(build.name);
        let mut bindgen = self.command(root, "wasm-bindgen", &objects);
        run(bindgen.args(["--target", "web", "--no-typescript", "--out-name", MODULE, "--out-dir"]).arg(&place).arg(built))?;
        let features = [("--enable-threads", build.threads), ("--enable-relaxed-simd", build.features.contains(&RELAXED_SIMD))];
        optimise(&place, &features.iter().filter(|(_, used)| *used).map(|(flag, _)| *flag).collect::<Vec<_>>())
    }
}

/// Makes a module smaller, where there is a wasm-opt.
fn optimise(place: &Path, features: &[&str]) -> Result<()> {
    let wasm = place.join(format!("{MODULE}_bg.wasm"));
    if let Some(wasm_opt) = setup::wasm_opt() {
        let smaller = place.join("smaller.wasm");
        match run(Command::new(wasm_opt).args(WASM_OPT).args(features).arg(&wasm).arg("-o").arg(&smaller)) {
            Ok(()) => fs::rename(smaller, &wasm)?,
            // The page works without it.
            Err(error) => println!("    wasm-opt was left out: {error:#}"),
        }
    }
    println!("    {:.1} MB", fs::metadata(&wasm)?.len() as f64 / 1e6);
    Ok(())
}
