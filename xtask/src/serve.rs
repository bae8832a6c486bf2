//! A static file server for the page, on this machine only.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Request, Response};

/// Threads that answer: a browser asks for several files at once.
const THREADS: usize = 4;

/// Serves a folder at 127.0.0.1 until it is dropped.
pub struct Server {
    server: Arc<tiny_http::Server>,
    port: u16,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve `folder`; port 0 takes a free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        Self::with_headers(folder, port, &[])
    }

    /// The same, in an isolation that lets pages share memory between threads.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start_isolated(folder: &Path, port: u16) -> Result<Self> {
        Self::with_headers(folder, port, &[("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Embedder-Policy", "require-corp")])
    }

    fn with_headers(folder: &Path, port: u16, headers: &'static [(&str, &str)]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let server = Arc::new(tiny_http::Server::http(address).map_err(|error| anyhow!("{error}"))?);
        let port = server.server_addr().to_ip().context("the server has no port")?.port();
        let threads = (0..THREADS).map(|_| {
            let (server, folder) = (Arc::clone(&server), folder.to_owned());
            thread::spawn(move || {
                for request in server.incoming_requests() {
                    // A browser that went away is no error of the server's.
                    drop(answer(request, &folder, headers));
                }
            })
        });
        let threads = threads.collect();
        Ok(Self { server, port, threads })
    }

    /// Its address, such as `http://127.0.0.1:8080`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until the process ends.
    pub fn wait(mut self) {
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
    }
}

fn answer(request: Request, folder: &Path, more: &[(&str, &str)]) -> std::io::Result<()> {
    let Some((path, file)) = find(folder, request.url()) else {
        return request.respond(Response::from_string("not found").with_status_code(404));
    };
    let response = Response::from_file(file);
    let headers = [("Content-Type", content_type(&path)), ("Cache-Control", "no-cache")];
    let response =
        headers.into_iter().chain(more.iter().copied()).fold(response, |response, (name, value)| match Header::from_bytes(name, value) {
            Ok(header) => response.with_header(header),
            Err(()) => response,
        });
    request.respond(response)
}

/// The file that an address names. Only what is below the folder is ever given out.
fn find(folder: &Path, url: &str) -> Option<(PathBuf, File)> {
    let path = url.split(['?', '#']).next()?.trim_start_matches('/');
    let relative = Path::new(if path.is_empty() { "index.html" } else { path });
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let path = folder.join(relative);
    let path = if path.is_dir() { path.join("index.html") } else { path };
    inside.then(|| File::open(&path).ok().map(|file| (path, file)))?
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_folder_are_served() {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let folder = Path::new(&package);
        for (url, found) in [
            ("/Cargo.toml", true),
            ("/Cargo.toml?device=cpu", true),
            ("/src/lib.rs", true),
            ("/../Cargo.toml", false),
            ("//etc/hostname", false),
            ("/missing", false),
            ("/", false),
        ] {
            assert_eq!(find(folder, url).is_some(), found, "{url}");
        }
    }
}
