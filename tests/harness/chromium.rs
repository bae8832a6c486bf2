//! Headless Chromium, driven through ChromeDriver.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// What the browser finds when it looks for a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gpu {
    /// Nothing: `navigator.gpu` has no adapter.
    None,
    /// SwiftShader, a software adapter.
    Software,
}

/// A browser with an empty profile, and its driver. Both end when it is dropped.
pub struct Chromium {
    driver: Child,
    client: Client,
}

impl Chromium {
    /// Starts both.
    ///
    /// # Errors
    /// If one is missing or does not start.
    pub async fn start(gpu: Gpu) -> Result<Self> {
        // Bound and let go again: the driver takes it a moment later.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver is missing: `cargo xtask test` installs it on Debian")?;
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
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments }, "timeouts": { "script": 400_000, "pageLoad": 60_000 } });
        let capabilities = capabilities.as_object().context("an object")?.clone();
        let begun = Instant::now();
        loop {
            let client = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            match client {
                Ok(client) => return Ok(Self { driver, client }),
                Err(error) => {
                    let late = begun.elapsed() > Duration::from_secs(60);
                    if late || driver.try_wait()?.is_some() {
                        drop(driver.kill());
                        ensure!(!late, "Chromium does not start: {error}");
                        anyhow::bail!("ChromeDriver ended: {error}");
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

    /// Closes the browser.
    ///
    /// # Errors
    /// If it does not answer any more.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.clone().close().await?)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
