//! Building the page, and showing it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{root, run, step, succeeds, target};
use crate::serve::Server;
use crate::{setup, site};

/// What the page's module uses, so that wasm-opt accepts it and adds nothing that a browser may lack.
const WASM_OPT: [&str; 7] = [
    "-O3",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// Builds the static site into `dist/` and returns its folder. It works on any static host, under any path.
///
/// # Errors
/// If a tool cannot be had or the build fails.
pub fn build() -> Result<PathBuf> {
    let root = root()?;
    let toolchain = setup::wasm_toolchain()?;
    let tools = setup::web_tools()?;
    step("The page");
    let mut path = OsString::from(&tools);
    let mut rest = env::var_os("PATH").unwrap_or_default();
    let mut trunk = Command::new(if tools.join("trunk").is_file() { tools.join("trunk") } else { "trunk".into() });
    for (name, value) in &toolchain.variables {
        if *name == "PATH" {
            rest.clone_from(value);
        } else {
            trunk.env(name, value);
        }
    }
    path.push(":");
    path.push(rest);
    let dist = root.join("dist");
    trunk.env("PATH", path);
    // trunk takes NO_COLOR for a flag of its own and refuses the value 1.
    trunk.env_remove("NO_COLOR");
    // Flags of its own, and for Debian's case a compiler of its own: a folder of its own, or each build would undo the other's.
    trunk.env("CARGO_TARGET_DIR", target()?.join("web"));
    run(trunk.current_dir(&root).args(["build", "--offline"]))?;
    let wasm = dist.join("deepsim-web_bg.wasm");
    if let Some(wasm_opt) = setup::wasm_opt() {
        step("wasm-opt");
        let smaller = dist.join("smaller.wasm");
        match run(Command::new(wasm_opt).args(WASM_OPT).arg(&wasm).arg("-o").arg(&smaller)) {
            Ok(()) => fs::rename(smaller, &wasm)?,
            // The page works without it.
            Err(error) => println!("    left out: {error:#}"),
        }
    }
    site::complete(&root, &dist)?;
    let size = fs::metadata(&wasm).with_context(|| format!("{} was not built", wasm.display()))?.len();
    println!("\n{} is ready for any static host ({:.1} MB of wasm)", dist.display(), size as f64 / 1e6);
    Ok(dist)
}

/// Builds the page and serves it until Ctrl-C.
///
/// # Errors
/// If it cannot be built or the port is taken.
pub fn demo(port: u16) -> Result<()> {
    let taken = || format!("port {port} is taken: choose another with --port");
    // Asked before the build, which may take minutes.
    drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(taken)?);
    let dist = build()?;
    let server = Server::start(&dist, port).with_context(taken)?;
    let address = server.address();
    println!("\nopen {address} (Ctrl-C ends it)");
    let desktop = env::var_os("DISPLAY").is_some() || env::var_os("WAYLAND_DISPLAY").is_some();
    if cfg!(target_os = "macos") {
        succeeds(Command::new("open").arg(&address));
    } else if desktop {
        succeeds(Command::new("xdg-open").arg(&address));
    }
    server.wait();
    Ok(())
}
