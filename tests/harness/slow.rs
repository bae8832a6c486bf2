//! A server over a slow line: all answers share its bandwidth, and each comes late.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};
use tower_http::services::ServeDir;
use xtask::serve::Server;

/// What a line can do.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Bits a second, for all answers together.
    pub bits_per_second: f64,
    /// Until an answer begins.
    pub latency: Duration,
}

/// Bytes that are sent at once.
const PIECE: usize = 4096;
/// Endings of files that hosts compress.
const COMPRESSED: [&str; 6] = ["css", "html", "js", "json", "txt", "wasm"];

/// Puts a compressed copy beside each file that hosts compress.
///
/// # Errors
/// If a file cannot be read or written.
pub fn compress(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compress(&path)?;
        } else if path.extension().is_some_and(|ending| COMPRESSED.iter().any(|known| ending == *known)) {
            let mut packed = GzEncoder::new(fs::File::create(path.with_added_extension("gz"))?, Compression::best());
            packed.write_all(&fs::read(&path)?)?;
            packed.finish()?;
        }
    }
    Ok(())
}

/// Serves a folder over a slow line, isolated as by `cargo xtask demo`; compressed where there is a compressed copy.
///
/// # Errors
/// If there is no free port.
pub fn serve(folder: &Path, line: Line) -> Result<Server> {
    // When the line is free again.
    let free = Arc::new(Mutex::new(None::<Instant>));
    let slow = from_fn(move |request: Request, next: Next| {
        let free = Arc::clone(&free);
        async move {
            sleep(line.latency).await;
            paced(next.run(request).await, line, free).await
        }
    });
    Server::serve(Router::new().fallback_service(ServeDir::new(folder).precompressed_gzip()).layer(slow), 0)
}

async fn paced(answer: Response, line: Line, free: Arc<Mutex<Option<Instant>>>) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    for (name, value) in
        [("cache-control", "no-cache"), ("cross-origin-opener-policy", "same-origin"), ("cross-origin-embedder-policy", "require-corp")]
    {
        parts.headers.insert(name, header::HeaderValue::from_static(value));
    }
    let pieces = stream::unfold((whole, free), move |(mut rest, free)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece: Bytes = rest.split_to(PIECE.min(rest.len()));
        let until = {
            let mut free_at = free.lock().await;
            let begin = free_at.map_or_else(Instant::now, |at| at.max(Instant::now()));
            let until = begin + Duration::from_secs_f64(piece.len() as f64 * 8.0 / line.bits_per_second);
            *free_at = Some(until);
            until
        };
        sleep_until(until).await;
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, free)))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
