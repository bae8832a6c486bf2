//! Building the page, and showing it.

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::announce::{root, succeeds};
use crate::photographs;
use crate::serve::Server;
use crate::site;
use crate::wasm::Tools;

/// Builds the static site into `dist/` and returns its folder. It works on any static host, under any path.
///
/// # Errors
/// If a tool cannot be had or the build fails.
pub fn build() -> Result<PathBuf> {
    let site = Site::build()?;
    site.add_others()?;
    println!("\n{} is ready for any static host", site.dist.display());
    Ok(site.dist)
}

/// A site that is being built.
struct Site {
    root: PathBuf,
    dist: PathBuf,
    tools: Tools,
}

impl Site {
    /// Builds what every browser can run.
    fn build() -> Result<Self> {
        let root = root()?;
        let (dist, tools) = (root.join("dist"), Tools::find()?);
        tools.build(&root, &dist)?;
        photographs::write(&root.join("data"), &dist)?;
        site::complete(&root, &dist)?;
        Ok(Self { root, dist, tools })
    }

    /// Adds the modules for WebGPU and for several threads, and those that train. After each of them the site is complete for those who open it then.
    fn add_others(&self) -> Result<()> {
        self.tools.build_others(&self.root, &self.dist, || site::complete(&self.root, &self.dist))
    }
}

/// Builds the page and serves it until Ctrl-C. It is served as soon as a browser can show it; the modules for WebGPU and for threads follow.
///
/// # Errors
/// If it cannot be built or the port is taken.
pub fn demo(port: u16) -> Result<()> {
    let taken = || format!("port {port} is taken: choose another with --port");
    // Asked before the build, which may take minutes.
    drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(taken)?);
    let site = Site::build()?;
    let server = Server::start_isolated(&site.dist, port).with_context(taken)?;
    let address = server.address();
    println!(
        "\nopen {address} (Ctrl-C ends it); it computes with one thread of the processor until the modules for WebGPU and for more threads are built"
    );
    let desktop = env::var_os("DISPLAY").is_some() || env::var_os("WAYLAND_DISPLAY").is_some();
    if cfg!(target_os = "macos") {
        succeeds(Command::new("open").arg(&address));
    } else if desktop {
        succeeds(Command::new("xdg-open").arg(&address));
    }
    site.add_others()?;
    println!("\n{address} is complete (Ctrl-C ends it)");
    server.wait();
    Ok(())
}
