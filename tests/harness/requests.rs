//! What the pages of a browser asked for, from Chromium's network log.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A request over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The origin of the page or worker that asked.
    pub from: String,
    /// The address.
    pub to: String,
}

impl Request {
    /// Returns whether it went to the origin that it came from.
    #[must_use]
    pub fn is_same_origin(&self) -> bool {
        self.to == self.from || self.to.strip_prefix(&self.from).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Returns the requests of pages and their workers; those of the browser itself have no origin.
///
/// # Errors
/// If the log cannot be read.
pub fn of_pages(log: &Path) -> Result<Vec<Request>> {
    let text = fs::read_to_string(log).with_context(|| log.display().to_string())?;
    // An event is a line, after the line of constants. The last one may be cut.
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok());
    let asked = events.filter_map(|event| {
        let asked = event.get("params")?;
        let (from, to) = (asked.get("initiator")?.as_str()?, asked.get("url")?.as_str()?);
        from.starts_with("http").then(|| Request { from: from.to_owned(), to: to.to_owned() })
    });
    Ok(asked.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_other_origins_are_told_from_the_pages_own() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let lines = [
            r#"{"constants": {}, "events": ["#,
            r#"{"params":{"initiator":"http://127.0.0.1:80","url":"http://127.0.0.1:80/app.js"},"type":1},"#,
            r#"{"params":{"initiator":"http://127.0.0.1:80","url":"http://127.0.0.1:8080/other"},"type":1},"#,
            r#"{"params":{"initiator":"not an origin","url":"http://127.0.0.1:80/"},"type":1},"#,
            r#"{"params":{"line":1},"type":2},"#,
            r#"{"params":{"initiator":"http://127.0.0.1:80","url":"#,
        ];
        fs::write(log.path(), lines.join("\n")).unwrap();
        let found = of_pages(log.path()).unwrap();
        assert_eq!(found.iter().map(Request::is_same_origin).collect::<Vec<_>>(), [true, false]);
    }
}
