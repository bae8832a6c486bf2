//! Curves of errors and distances over the nats that codes carry.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::table::Row;
use crate::atomic_file::write_atomically;
use crate::measure::Space;
use crate::measure::chart::{Curve, draw};

/// A number of a row, if it was measured.
type Value = fn(&Row) -> Option<f64>;

/// File, title and what is drawn over the nats.
const CURVES: [(&str, &str, Value); 3] = [
    ("reconstruction.svg", "Error of reconstructions in pixels, %", |row| error(row, Space::Picture)),
    ("judge.svg", "Error of reconstructions in the judge's features, %", |row| error(row, Space::Judge)),
    ("samples.svg", "Kernel distance of samples to the held-out pictures, thousandths", |row| {
        row.samples.map(|distances| distances.kernel_held_out.mean * 1000.0)
    }),
];

fn error(row: &Row, space: Space) -> Option<f64> {
    row.reconstruction.as_ref().and_then(|measures| measures.errors.get(&space)).map(|error| error.mean * 100.0)
}

/// Draws the curves into a folder, in each a line for each loss.
///
/// # Errors
/// If a drawing fails or cannot be written.
pub fn write(folder: &Path, rows: &[Row]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (file, title, value) in CURVES {
        write_atomically(&folder.join(file), draw(title, "divergence, nats a picture", &curves(rows, value))?.as_bytes())?;
    }
    Ok(())
}

/// Returns a curve for each loss, over the nats of the models that have both numbers.
fn curves(rows: &[Row], value: Value) -> Vec<Curve> {
    let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows {
        if let (Some(loss), Some(nats), Some(value)) = (row.loss.and_then(|loss| loss.to_possible_value()), row.nats, value(row)) {
            curves.entry(loss.get_name().to_owned()).or_default().push((nats, value));
        }
    }
    let curve = |(name, mut points): (String, Vec<(f64, f64)>)| {
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        Curve { name, points }
    };
    curves.into_iter().map(curve).collect()
}
