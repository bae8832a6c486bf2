//! A server that fails at one of its files.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tower_http::services::ServeDir;
use xtask::serve::Server;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 404, with a page.
    Missing,
    /// 503, with nothing.
    Unavailable,
    /// A page of HTML in the file's place, as networks that want a login first send it.
    Html,
    /// Nothing at all.
    Empty,
    /// The connection ends in the middle.
    Cut,
    /// The answer never comes.
    Stalled,
}

/// Which file a server fails at.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Option<(String, Fault)>>>);

impl Faults {
    /// Lets the server fail at the file at the end of this path.
    pub fn set(&self, file: &str, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((format!("/{file}"), fault));
    }

    /// Ends all faults.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn of(&self, path: &str) -> Option<Fault> {
        let set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.as_ref().filter(|(file, _)| path.ends_with(file)).map(|(_, fault)| *fault)
    }

    /// Serves a folder with these faults, isolated as by `cargo xtask demo`.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn serve(&self, folder: &Path) -> Result<Server> {
        let faults = self.clone();
        let answers = from_fn(move |mut request: Request, next: Next| {
            // Whole answers, whatever the browser has kept.
            for condition in [header::IF_MODIFIED_SINCE, header::IF_NONE_MATCH] {
                request.headers_mut().remove(condition);
            }
            let fault = faults.of(request.uri().path());
            async move { isolated(answer(fault, next.run(request).await).await) }
        });
        Server::serve(Router::new().fallback_service(ServeDir::new(folder)).layer(answers), 0)
    }
}

fn isolated(mut answer: Response) -> Response {
    let headers = [
        (header::CACHE_CONTROL.as_str(), "no-cache"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    answer
}

async fn answer(fault: Option<Fault>, right: Response) -> Response {
    const PAGE: &str = "<!doctype html><title>Log in</title><p>Log in first";
    let html = [(header::CONTENT_TYPE, "text/html")];
    match fault {
        None => right,
        Some(Fault::Missing) => (StatusCode::NOT_FOUND, html, PAGE).into_response(),
        Some(Fault::Unavailable) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::Html) => (html, PAGE).into_response(),
        Some(Fault::Empty) => {
            (right.headers().get(header::CONTENT_TYPE).map(|kind| [(header::CONTENT_TYPE, kind.clone())]), "").into_response()
        }
        Some(Fault::Stalled) => std::future::pending().await,
        Some(Fault::Cut) => {
            let (mut parts, body) = right.into_parts();
            let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
            parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
            let half: io::Result<Bytes> = Ok(whole.slice(..whole.len() / 2));
            Response::from_parts(parts, Body::from_stream(stream::iter([half, Err(io::ErrorKind::ConnectionReset.into())])))
        }
    }
}
