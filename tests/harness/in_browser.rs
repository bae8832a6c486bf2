//! The page is served, and a browser started for it, while a test's body runs. No page may ask for anything from another origin.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::sync::Semaphore;
use xtask::serve::Server;

use crate::browser::{Browser, Gpu, Kind};
use crate::faults::Faults;
use crate::page::Page;
use crate::slow::{self, Line};

/// Browsers at a time: each of them waits now and then, more of them would only wait for each other's processors.
const AT_A_TIME: u32 = 2;
static BROWSERS: Semaphore = Semaphore::const_new(AT_A_TIME as usize);

/// Serves `site` below a path of its own and runs `body` in a browser; another one may run beside it. The server isolates the page, so that it
/// has threads.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_browser(gpu: Gpu, site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    in_browser_of(1, gpu.into(), site, Server::start_isolated, body)
}

/// Runs the body in Firefox.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_firefox(site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    in_browser_of(1, Kind::Firefox, site, Server::start_isolated, body)
}

/// Runs the body while no other browser runs: for what is measured by the clock.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_only_browser(gpu: Gpu, site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    in_browser_of(AT_A_TIME, gpu.into(), site, Server::start_isolated, body)
}

/// Runs the body with a server that adds nothing, as most static hosts.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_browser_of_any_host(gpu: Gpu, site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    in_browser_of(1, gpu.into(), site, Server::start, body)
}

/// Runs the body with a server that can be made to fail.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_browser_with_faults(site: &Path, body: impl AsyncFnOnce(&Page, &Faults) -> Result<()>) -> Result<()> {
    let faults = Faults::default();
    in_browser_of(1, Gpu::None.into(), site, |folder, _| faults.serve(folder), async |page| body(page, &faults).await)
}

/// Runs the body over a slow line, while no other browser runs.
///
/// # Errors
/// If the body fails; a picture of the window is kept then.
pub fn in_browser_over(line: Line, site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    slow::compress(site)?;
    in_browser_of(AT_A_TIME, Gpu::None.into(), site, |folder, _| slow::serve(folder, line), body)
}

fn in_browser_of(
    share: u32,
    kind: Kind,
    site: &Path,
    serve: impl FnOnce(&Path, u16) -> Result<Server>,
    body: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    let server = serve(site.parent().context("a site has a folder above it")?, 0)?;
    let name = site.file_name().and_then(|name| name.to_str()).context("a site has a name")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let _place = BROWSERS.acquire_many(share).await?;
        let browser = Browser::start(kind).await?;
        let address = format!("{}/{name}/", server.address());
        let page = Page::new(browser.client().clone(), address, server);
        let done = body(&page).await;
        if done.is_err() {
            page.screenshot("failed.png").await?;
        }
        let requests = browser.close().await?;
        done?;
        ensure!(!requests.is_empty() || kind == Kind::Firefox, "the browser recorded no request");
        let elsewhere: Vec<_> = requests.iter().filter(|request| !request.is_same_origin()).collect();
        ensure!(elsewhere.is_empty(), "requests to other origins: {elsewhere:?}");
        Ok(())
    })
}
