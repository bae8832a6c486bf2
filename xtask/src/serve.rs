//! A static file server for the page, on this machine only.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::Result;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use tokio::runtime::Runtime;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// Serves a folder at 127.0.0.1 until it is dropped.
pub struct Server {
    /// Taken when the server ends.
    runtime: Option<Runtime>,
    port: u16,
}

impl Server {
    /// Starts to serve `folder`; port 0 takes a free one. Browsers ask each time whether a file is still the same.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        Self::with_headers(folder, port, &[])
    }

    /// Starts the server in an isolation that lets pages share memory between threads.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start_isolated(folder: &Path, port: u16) -> Result<Self> {
        let [opener, embedder] = ["cross-origin-opener-policy", "cross-origin-embedder-policy"].map(HeaderName::from_static);
        Self::with_headers(folder, port, &[(opener, "same-origin"), (embedder, "require-corp")])
    }

    fn with_headers(folder: &Path, port: u16, headers: &[(HeaderName, &'static str)]) -> Result<Self> {
        let always = [(header::CACHE_CONTROL, "no-cache")];
        let files =
            headers.iter().cloned().chain(always).fold(Router::new().fallback_service(ServeDir::new(folder)), |files, (name, value)| {
                files.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)))
            });
        Self::serve(files, port)
    }

    /// Starts to serve anything.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn serve(files: Router, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = Runtime::new()?;
        // A browser that went away is no error of the server's.
        runtime.spawn(async move { axum::serve(tokio::net::TcpListener::from_std(listener)?, files).await });
        Ok(Self { runtime: Some(runtime), port })
    }

    /// Returns the address, such as `http://127.0.0.1:8080`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until the process ends.
    pub fn wait(self) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(std::future::pending::<()>());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Without waiting: the tests end a server from within another runtime.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn get(server: &Server, path: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn only_files_below_the_folder_are_served() {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let server = Server::start(Path::new(&package), 0).unwrap();
        for (path, found) in [
            ("/Cargo.toml", true),
            ("/Cargo.toml?device=cpu", true),
            ("/src/lib.rs", true),
            ("/../Cargo.toml", false),
            ("/%2e%2e/Cargo.toml", false),
            ("//etc/hostname", false),
            ("/missing", false),
        ] {
            let answer = get(&server, path);
            assert_eq!(answer.starts_with("HTTP/1.1 200"), found, "{path}: {answer}");
        }
    }

    #[test]
    fn many_connections_at_once_are_answered() {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let server = Server::start(Path::new(&package), 0).unwrap();
        // Browsers keep connections open: as many idle ones must not keep the next one waiting.
        let idle: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap()).collect();
        assert!(get(&server, "/Cargo.toml").to_lowercase().contains("cache-control: no-cache"));
        drop(idle);
    }
}
