//! A headless browser, driven through its WebDriver.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::setup::{FIREFOX, find_program, geckodriver};

use crate::requests;

/// What Chromium finds when it looks for a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gpu {
    /// Nothing: `navigator.gpu` has no adapter.
    None,
    /// SwiftShader, a software adapter.
    Software,
}

/// A kind of browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium, which records its requests.
    Chromium(Gpu),
    /// Firefox, with what it finds by itself.
    Firefox,
}

impl From<Gpu> for Kind {
    fn from(gpu: Gpu) -> Self {
        Self::Chromium(gpu)
    }
}

/// A browser with an empty profile, and its driver. Both end when it is dropped.
pub struct Browser {
    driver: Child,
    client: Client,
    /// Where Chromium records its requests.
    folder: TempDir,
    kind: Kind,
}

impl Browser {
    /// Starts both.
    ///
    /// # Errors
    /// If one is missing or does not start.
    pub async fn start(kind: impl Into<Kind>) -> Result<Self> {
        let kind = kind.into();
        let folder = tempfile::tempdir()?;
        // Bound and let go again: the driver takes it a moment later.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = match kind {
            Kind::Chromium(_) => Command::new("chromedriver"),
            Kind::Firefox => {
                let mut command = Command::new(geckodriver()?);
                // Firefox talks to its driver through a port of its own, which must be another one for each browser.
                command.args(["--websocket-port", "0"]);
                command
            }
        };
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut driver = command.spawn().context("the browser's driver is missing: `cargo xtask test` installs it on Debian")?;
        let wanted = match kind {
            Kind::Chromium(gpu) => json!({ "goog:chromeOptions": { "args": chromium_arguments(gpu, &folder) } }),
            Kind::Firefox => json!({ "moz:firefoxOptions": firefox_options()? }),
        };
        let mut capabilities = wanted.as_object().context("an object")?.clone();
        capabilities.insert("timeouts".into(), json!({ "script": 400_000, "pageLoad": 60_000 }));
        let begun = Instant::now();
        loop {
            let client = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            match client {
                Ok(client) => return Ok(Self { driver, client, folder, kind }),
                Err(error) => {
                    let late = begun.elapsed() > Duration::from_secs(60);
                    if late || driver.try_wait()?.is_some() {
                        drop(driver.kill());
                        ensure!(!late, "the browser does not start: {error}");
                        anyhow::bail!("the browser's driver ended: {error}");
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Returns the browser's one window.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Closes the browser. Returns the addresses that its pages and their workers asked for, if it recorded them.
    ///
    /// # Errors
    /// If it does not answer any more.
    pub async fn close(self) -> Result<Vec<requests::Request>> {
        self.client.clone().close().await?;
        if self.kind == Kind::Firefox {
            return Ok(Vec::new());
        }
        requests::of_pages(&record(&self.folder))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn record(folder: &TempDir) -> PathBuf {
    folder.path().join("requests.json")
}

fn chromium_arguments(gpu: Gpu, folder: &TempDir) -> Vec<String> {
    let mut arguments = vec![
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1200,900",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ];
    if gpu == Gpu::Software {
        arguments.extend([
            "--enable-unsafe-webgpu",
            "--enable-features=Vulkan",
            "--use-webgpu-adapter=swiftshader",
            "--use-vulkan=swiftshader",
        ]);
    }
    let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    arguments.push(format!("--log-net-log={}", record(folder).display()));
    arguments
}

fn firefox_options() -> Result<Value> {
    let program = find_program(&FIREFOX).context("Firefox is missing: `cargo xtask test` installs it on Debian")?;
    let settings = json!({ "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true });
    Ok(json!({ "binary": program, "args": ["-headless", "--width=1200", "--height=900"], "prefs": settings }))
}

/// A command of the Chrome DevTools Protocol, with its parameters.
#[derive(Debug)]
pub struct Cdp(pub &'static str, pub Value);

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}
