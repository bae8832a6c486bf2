//! The table of LAPGANs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::measure::reference::Distances;
use crate::measure::table::cell;

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The model file's name without its ending, or what else was measured.
    pub method: String,
    /// Pictures that the model has seen in training, if it was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures_seen: Option<u64>,
    /// What its pictures are made of, if a model made them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How far its pictures are from others.
    pub distances: Distances,
    /// Median distance to the nearest training picture.
    pub nearest: f64,
}

/// Formats rows as a Markdown table: kernel distances in thousandths, each with half the width of its 95 % interval.
pub fn to_markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| method | pictures seen | made of | kernel distance, training | held out | Fréchet, training | held out | nearest training picture |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for Row { method, pictures_seen, from, distances, nearest } in rows {
        let seen = pictures_seen.map_or_else(|| "–".to_owned(), |seen| seen.to_string());
        let from = from.as_deref().unwrap_or("–");
        let _ = write!(text, "| {method} | {seen} | {from} | {} |", cell(distances.kernel_training, 1000.0, 1));
        let _ = write!(text, " {} |", cell(distances.kernel_held_out, 1000.0, 1));
        let _ = writeln!(text, " {:.1} | {:.1} | {nearest:.2} |", distances.frechet_training, distances.frechet_held_out);
    }
    text
}
