//! The table of inverters and baselines.

use std::fmt::Write as _;

use deepsim::Layer;
use serde::Serialize;

use crate::measure::table::cell;
use crate::measure::{Measures, Space};

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The model file's name without its ending, or what the baseline is.
    pub method: String,
    /// The layer whose features were inverted; none for a baseline that looks at no features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// Crops that the model has seen in training, if it was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures_seen: Option<u64>,
    /// What was measured.
    #[serde(flatten)]
    pub measures: Measures,
}

/// Formats rows as a Markdown table: errors and agreement in percent, each with half the width of its 95 % interval.
pub fn to_markdown(rows: &[Row]) -> String {
    let spaces: Vec<Space> = Space::all().collect();
    let mut text = String::from("| method | layer | side | crops seen |");
    for space in &spaces {
        let _ = write!(text, " {space} % |");
    }
    text.push_str(" PSNR dB | SSIM | top-1 % | top-5 % | cosine | grid | ms |\n|---|---|---|---|");
    text.push_str(&"---|".repeat(spaces.len() + 7));
    text.push('\n');
    for Row { method, layer, pictures_seen, measures } in rows {
        let seen = pictures_seen.map_or_else(|| "–".to_owned(), |seen| seen.to_string());
        let layer = layer.map_or("–", Layer::name);
        let _ = write!(text, "| {method} | {layer} | {} | {seen} |", measures.side);
        for space in &spaces {
            let error = measures.errors.get(space).map_or_else(|| "–".to_owned(), |error| cell(*error, 100.0, 1));
            let _ = write!(text, " {error} |");
        }
        for (estimate, times, digits) in [
            (measures.psnr, 1.0, 2),
            (measures.ssim, 1.0, 3),
            (measures.top1, 100.0, 0),
            (measures.top5, 100.0, 0),
            (measures.cosine, 1.0, 3),
        ] {
            let _ = write!(text, " {} |", cell(estimate, times, digits));
        }
        let _ = writeln!(text, " {:.2} | {:.0} |", measures.grid, measures.milliseconds);
    }
    text
}
