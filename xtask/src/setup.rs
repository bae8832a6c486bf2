//! Finding or installing what the page and the tests need, each step announced. What is there already costs no time.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::announce::{cargo, output, root, run, step, succeeds, target};

/// The target of the page's modules.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The newest trunk that builds with Rust 1.95.
const TRUNK: &str = "0.21.14";
/// Programs that may be called Chromium.
pub const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Programs that may be called Firefox.
pub const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];
/// Debian has no geckodriver.
const GECKODRIVER: &str = "0.37.1";

/// How to compile for wasm on this machine: variables for cargo.
#[derive(Debug, Clone, Default)]
pub struct WasmToolchain {
    /// Name and value of each variable.
    pub variables: Vec<(&'static str, OsString)>,
    /// Variables with which cargo compiles the standard library too, which a build with threads needs. None if its source is missing.
    pub standard_library: Option<Vec<(&'static str, OsString)>>,
}

/// Lets any compiler build the standard library, which is no stable feature yet.
fn build_standard_library() -> Vec<(&'static str, OsString)> {
    vec![("RUSTC_BOOTSTRAP", "1".into()), ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort".into())]
}

/// Finds a Rust that compiles for wasm32: rustup's, else Debian's with a standard library that cargo builds.
///
/// # Errors
/// With the command that would help.
pub fn wasm_toolchain() -> Result<WasmToolchain> {
    step(&format!("Rust for {TARGET}"));
    let simd = ("RUSTFLAGS", OsString::from("-C target-feature=+simd128"));
    if has_standard_library() {
        println!("    found");
        return Ok(WasmToolchain { variables: vec![simd], standard_library: rustup_library_source() });
    }
    if succeeds(Command::new("rustup").args(["target", "add", TARGET])) && has_standard_library() {
        println!("    installed with rustup");
        return Ok(WasmToolchain { variables: vec![simd], standard_library: rustup_library_source() });
    }
    println!("    rustup has none for this machine; trying Debian's compiler");
    let complete = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld"].iter().all(|path| Path::new(path).is_file())
        && debian_library_source().is_some();
    if !complete {
        apt_install(&["rustc-web", "cargo-web", "rust-web-src", "lld"])
            .with_context(|| format!("no Rust for wasm: run `rustup target add {TARGET}`, or on Debian as root `apt-get install rustc-web cargo-web rust-web-src lld`"))?;
    }
    let mut path = OsString::from("/usr/bin:");
    path.push(env::var_os("PATH").unwrap_or_default());
    println!("    Debian's rustc; cargo builds the standard library with the page");
    let mut variables = vec![
        simd,
        ("PATH", path),
        ("CARGO", "/usr/bin/cargo".into()),
        ("RUSTC", "/usr/bin/rustc".into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld".into()),
    ];
    variables.extend(build_standard_library());
    Ok(WasmToolchain { variables, standard_library: Some(Vec::new()) })
}

/// Finds or installs rustup's source of the standard library. Returns the variables with which cargo builds it.
fn rustup_library_source() -> Option<Vec<(&'static str, OsString)>> {
    let is_there = || {
        output(Command::new("rustc").args(["--print", "sysroot"]))
            .is_some_and(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std").is_dir())
    };
    let found = is_there() || (succeeds(Command::new("rustup").args(["component", "add", "rust-src"])) && is_there());
    found.then(build_standard_library)
}

fn has_standard_library() -> bool {
    output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn debian_library_source() -> Option<PathBuf> {
    let sysroot = output(Command::new("/usr/bin/rustc").args(["--print", "sysroot"]))?;
    let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std");
    source.is_dir().then_some(source)
}

/// Installs Debian packages, as root.
fn apt_install(packages: &[&str]) -> Result<()> {
    let command = format!("apt-get install --yes {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").is_file() || output(Command::new("id").arg("-u")).is_none_or(|id| id.trim() != "0") {
        bail!("cannot install {} here: not Debian, or not root; install it yourself (`{command}`)", packages.join(", "));
    }
    run(Command::new("apt-get").args(["update", "--quiet=2"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    run(Command::new("apt-get")
        .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Installs wasm-bindgen's command line, at the version in Cargo.lock, and trunk. Returns the folder that holds them, if not on the path.
///
/// # Errors
/// With the command that would help.
pub fn web_tools() -> Result<PathBuf> {
    let tools = target()?.join("tools");
    let bin = tools.join("bin");
    let wasm_bindgen = locked_version("wasm-bindgen")?;
    for (name, version) in [("wasm-bindgen-cli", wasm_bindgen.as_str()), ("trunk", TRUNK)] {
        step(&format!("{name} {version}"));
        let program = name.trim_end_matches("-cli");
        let is_right = |path: &Path| {
            output(Command::new(path).arg("--version")).is_some_and(|text| text.split_whitespace().any(|word| word == version))
        };
        if is_right(&bin.join(program)) {
            println!("    found");
            continue;
        }
        if is_right(Path::new(program)) {
            println!("    found on the path");
            continue;
        }
        if succeeds(Command::new("cargo-binstall").arg("-V")) {
            let root = tools.as_os_str();
            let package = format!("{name}@{version}");
            if succeeds(cargo().args(["binstall", "--no-confirm", "--disable-strategies", "compile", "--root"]).arg(root).arg(&package)) {
                println!("    downloaded with cargo binstall");
                continue;
            }
        }
        compile(name, version, &tools)?;
    }
    drop(std::fs::remove_dir_all(target()?.join("tools-build")));
    Ok(bin)
}

/// Compiles a tool into a folder.
fn compile(name: &str, version: &str, tools: &Path) -> Result<()> {
    let mut install = cargo();
    // Neither downloads anything here: TLS, the slowest of their dependencies, is left out.
    install.args(["install", name, "--version", version, "--no-default-features", "--root"]).arg(tools);
    if name != "wasm-bindgen-cli" {
        install.arg("--locked");
    }
    // Flags for wasm or for other builds must not reach these; their objects are of no further use.
    install.env_remove("RUSTFLAGS").env("CARGO_TARGET_DIR", target()?.join("tools-build"));
    // They run for seconds and are compiled for minutes: the least that the compiler can do is best.
    for (setting, value) in [("LTO", "off"), ("OPT_LEVEL", "0"), ("CODEGEN_UNITS", "16"), ("DEBUG", "0")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    run(&mut install).with_context(|| format!("{name} is missing: run `cargo install {name} --version {version}`"))
}

/// Returns a package's version in Cargo.lock.
fn locked_version(package: &str) -> Result<String> {
    let lock = std::fs::read_to_string(root()?.join("Cargo.lock")).context("no Cargo.lock: run `cargo generate-lockfile`")?;
    let found = lock.split("[[package]]").find(|block| block.lines().any(|line| line == format!("name = \"{package}\"")));
    let version = found.and_then(|block| block.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"')));
    version.map(str::to_owned).with_context(|| format!("Cargo.lock has no {package}"))
}

/// Returns a wasm-opt that works on today's wasm. Debian's (binaryen 108) ends with an error on this page's module, so a version is asked
/// for.
pub fn wasm_opt() -> Option<PathBuf> {
    const OLDEST: u32 = 120;
    let text = output(Command::new("wasm-opt").arg("--version"))?;
    let version: u32 = text.split_whitespace().find_map(|word| word.parse().ok())?;
    (version >= OLDEST).then(|| "wasm-opt".into())
}

/// Installs valgrind, which counts instructions. Without it the test that counts them reports that it was skipped.
pub fn valgrind() {
    step("valgrind");
    if succeeds(Command::new("valgrind").arg("--version")) {
        println!("    found");
    } else if let Err(error) = apt_install(&["valgrind"]) {
        println!("    left out: {error:#}");
    }
}

/// Installs Chromium and its driver, for the browser tests.
///
/// # Errors
/// With what to install.
pub fn browser() -> Result<()> {
    step("Chromium and its driver");
    if find_program(&CHROMIUM).is_some() && find_program(&["chromedriver"]).is_some() {
        println!("    found");
        return Ok(());
    }
    apt_install(&["chromium", "chromium-driver"]).context("the browser tests need Chromium and ChromeDriver on the path")
}

/// Installs Firefox and its driver, for the test of a visit in it.
///
/// # Errors
/// With what to install.
pub fn firefox() -> Result<()> {
    step("Firefox");
    if find_program(&FIREFOX).is_some() {
        println!("    found");
    } else {
        apt_install(&["firefox-esr"]).context("the browser tests need Firefox on the path")?;
    }
    step(&format!("geckodriver {GECKODRIVER}"));
    if geckodriver().is_ok() {
        println!("    found");
        return Ok(());
    }
    compile("geckodriver", GECKODRIVER, &target()?.join("tools"))?;
    Ok(std::fs::remove_dir_all(target()?.join("tools-build"))?)
}

/// Returns the program that drives Firefox.
///
/// # Errors
/// If it is missing.
pub fn geckodriver() -> Result<PathBuf> {
    let built = target()?.join("tools/bin/geckodriver");
    let found = if built.is_file() { Some(built) } else { find_program(&["geckodriver"]) };
    found.context("geckodriver is missing: `cargo xtask test` installs it")
}

/// Installs a Vulkan driver for the test of the wgpu backend: on Debian without one, Mesa's software driver.
///
/// # Errors
/// With what to install.
pub fn vulkan_driver() -> Result<()> {
    step("A Vulkan driver");
    let has_driver = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()));
    if has_driver || cfg!(not(target_os = "linux")) {
        println!("    found");
        return Ok(());
    }
    apt_install(&["mesa-vulkan-drivers", "libvulkan1"]).context("the test of the wgpu backend needs a Vulkan driver")
}

/// Returns the first of these programs that is on the path.
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}
