//! Tables of measures: where they go besides the terminal, and their cells.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::atomic_file::write_atomically;
use crate::measure::bootstrap::Estimate;

/// Files for a table.
#[derive(Debug, Clone, Default, Args)]
pub struct TableFiles {
    /// Write the rows there, with everything that was measured
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write the table there
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

impl TableFiles {
    /// Prints a table in Markdown and writes it and its rows to the files that the options name.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn publish<R: Serialize>(&self, rows: &[R], table: &str) -> Result<()> {
        print!("{table}");
        if let Some(path) = &self.json {
            write_atomically(path, &serde_json::to_vec_pretty(rows)?)?;
        }
        if let Some(path) = &self.markdown {
            write_atomically(path, table.as_bytes())?;
        }
        Ok(())
    }
}

/// Formats a mean with half the width of its interval.
pub fn cell(estimate: Estimate, times: f64, digits: usize) -> String {
    let half = (estimate.high - estimate.low) / 2.0;
    format!("{:.digits$} ± {:.digits$}", estimate.mean * times, half * times)
}
