//! The builds of the wasm module: one for WebGPU, which trunk makes, and those for the processor. `web/page/common/modules.js` chooses among them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{run, step, target};
use crate::setup::{self, WasmToolchain};

/// The build that trunk makes.
const WEBGPU: &str = "webgpu";
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

/// A build for the processor.
struct Build {
    name: &'static str,
    threads: bool,
    relaxed: bool,
    training: bool,
}

const ANY_PROCESSOR: Build = Build { name: "cpu", threads: false, relaxed: false, training: false };
/// Those that are not needed at once: faster ones, and those that train.
const LATER: [Build; 5] = [
    Build { name: "cpu-threads-relaxed", threads: true, relaxed: true, training: false },
    Build { name: "train-threads-relaxed", threads: true, relaxed: true, training: true },
    Build { name: "train-threads", threads: true, relaxed: false, training: true },
    Build { name: "cpu-threads", threads: true, relaxed: false, training: false },
    Build { name: "train", threads: false, relaxed: false, training: true },
];

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

    /// Builds the page with trunk, and into `dist/wasm` its module for WebGPU and the one for any processor.
    ///
    /// # Errors
    /// If a build fails.
    pub fn build(&self, root: &Path, dist: &Path) -> Result<()> {
        // Flags of its own, and for Debian's case a compiler of its own: a folder of its own, or each build would undo the other's.
        let objects = target()?.join("web");
        step("The page, and its module for WebGPU");
        run(self.command(root, "trunk", &objects).args(["build", "--offline"]))?;
        let place = dist.join("wasm").join(WEBGPU);
        fs::create_dir_all(&place)?;
        for file in [format!("{MODULE}.js"), format!("{MODULE}_bg.wasm")] {
            fs::rename(dist.join(&file), place.join(&file)).with_context(|| format!("trunk built no {file}"))?;
        }
        optimise(&place, &[])?;
        self.build_for_processor(root, dist, &ANY_PROCESSOR)
    }

    /// Adds the faster modules for processors, which some browsers can run, and those that train. Without the source of the standard library there are none
    /// with threads.
    ///
    /// # Errors
    /// If a build fails.
    pub fn build_others(&self, root: &Path, dist: &Path) -> Result<()> {
        LATER.iter().try_for_each(|build| self.build_for_processor(root, dist, build))
    }

    fn build_for_processor(&self, root: &Path, dist: &Path, build: &Build) -> Result<()> {
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
        let features = [("relaxed-simd", build.relaxed), ("training", build.training)];
        run(cargo.args(features.iter().filter(|(_, wanted)| *wanted).flat_map(|(feature, _)| ["--features", feature])))?;
        let built = objects.join(setup::TARGET).join("web").join(MODULE.replace('-', "_")).with_extension("wasm");
        let place = dist.join("wasm").join(build.name);
        let mut bindgen = self.command(root, "wasm-bindgen", &objects);
        run(bindgen.args(["--target", "web", "--no-typescript", "--out-name", MODULE, "--out-dir"]).arg(&place).arg(built))?;
        let features = [("--enable-threads", build.threads), ("--enable-relaxed-simd", build.relaxed)];
        optimise(&place, &features.iter().filter(|(_, wanted)| *wanted).map(|(flag, _)| *flag).collect::<Vec<_>>())
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
