//! `trainer report`: runs side by side in one HTML file that needs nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use burn::tensor::Device;
use clap::Args;
use serde_json::Value;

use crate::atomic_file::write_atomically;
use crate::device::Backend;
use crate::measure::chart::{Curve, draw};
use crate::system::{SYSTEMS, TrainedRun};
use crate::train::run_folder::COMMAND;

/// Sheets of samples shown for each run, at most.
const SHEETS: usize = 6;

/// Options of `trainer report`.
#[derive(Debug, Clone, Args)]
pub struct ReportOptions {
    /// Run directories
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,

    /// HTML file to write
    #[arg(long, default_value = "report.html", value_name = "FILE")]
    pub output: PathBuf,

    /// Leave out the table of measures, which takes a minute
    #[arg(long)]
    pub no_eval: bool,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// A run as it lies in its folder.
struct Record {
    run: TrainedRun,
    stats: Vec<Value>,
}

impl Record {
    fn read(folder: &Path) -> Result<Self> {
        let run = TrainedRun::read(folder)?;
        let path = folder.join("stats.jsonl");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}: has the run made 50 steps?", path.display()))?;
        let damaged = || format!("{} is damaged", path.display());
        let stats = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>().with_context(damaged)?;
        ensure!(!stats.is_empty(), "{} is empty: the run has not made 50 steps", path.display());
        Ok(Self { run, stats })
    }

    /// Returns the curves of a number: one, or one for each level of a pyramid.
    fn curves(&self, key: &str) -> Vec<Curve> {
        let level = |found: &str| -> Option<usize> { found.strip_prefix(key)?.strip_prefix('_')?.parse().ok() };
        let keys = self.stats.first().and_then(Value::as_object).map(|line| line.keys().filter_map(|found| level(found)).collect());
        let mut levels: Vec<usize> = keys.unwrap_or_default();
        levels.sort_unstable();
        let of_level = |side: usize| Curve { name: format!("{}, {side} pixels", self.run.name), ..self.curve(&format!("{key}_{side}")) };
        std::iter::once(self.curve(key)).chain(levels.into_iter().map(of_level)).filter(|curve| !curve.points.is_empty()).collect()
    }

    /// Returns a number of every line over the crops seen; true counts as 1.
    fn curve(&self, key: &str) -> Curve {
        let number = |value: &Value| value.as_f64().or_else(|| value.as_bool().map(|truth| f64::from(u8::from(truth))));
        let points = self.stats.iter().filter_map(|line| Some((line["pictures"].as_f64()?, number(&line[key])?)));
        Curve { name: self.run.name.clone(), points: points.collect() }
    }
}

/// The charts: what is drawn, and its title.
const CHARTS: [(&str, &str); 12] = [
    ("image", "Image term (1: knows nothing)"),
    ("feature", "Feature term (1: knows nothing)"),
    ("adversarial", "Adversarial term, nats"),
    ("real", "Discriminator's loss on real pictures, nats"),
    ("inverted", "Discriminator's loss on inverted pictures, nats"),
    ("nats", "Divergence of the codes from the normal distribution, nats a picture"),
    ("cross_entropy", "Cross entropy, nats"),
    ("right", "Share of a batch whose class is found"),
    ("discriminator_share", "Gate: share of the last 50 steps in which the discriminator trained"),
    ("inverter_share", "Gate: share of the last 50 steps in which the inverter trained"),
    ("generator_share", "Gate: share of the last 50 steps in which the autoencoder trained"),
    ("pictures_per_second", "Crops a second"),
];

/// Writes the report.
///
/// # Errors
/// If a run cannot be read or the file not be written.
pub fn report(options: &ReportOptions, device: &Device) -> Result<()> {
    let runs = options.runs.iter().map(|folder| Record::read(folder)).collect::<Result<Vec<_>>>()?;
    let mut html = String::from(HEAD);
    html.push_str("<h1>Training report</h1>\n<h2>Curves</h2>\n<div class=charts>\n");
    for (key, title) in CHARTS {
        let curves: Vec<Curve> = runs.iter().flat_map(|run| run.curves(key)).collect();
        if !curves.is_empty() {
            let _ = writeln!(html, "<figure>{}</figure>", draw(title, "crops seen", &curves)?);
        }
    }
    html.push_str("</div>\n");
    if !options.no_eval {
        html.push_str("<h2>Held-out pictures</h2>\n");
        for system in SYSTEMS {
            let runs: Vec<&TrainedRun> = runs.iter().map(|record| &record.run).filter(|run| system.trains(run.config.task)).collect();
            let table = if runs.is_empty() { None } else { system.table(&runs, device)? };
            html.extend(table.map(|table| table_to_html(&table) + "\n"));
        }
    }
    for Record { run, .. } in &runs {
        let _ = writeln!(html, "<h2>{}</h2>", escape(&run.name));
        for path in evenly(&sheets(&run.folder)?, SHEETS) {
            let step = path.file_stem().unwrap_or_default().to_string_lossy();
            let step = step.trim_start_matches('0');
            let png = STANDARD.encode(fs::read(path).with_context(|| path.display().to_string())?);
            let caption = format!("step {}", if step.is_empty() { "0" } else { step });
            let _ = writeln!(
                html,
                "<figure><img alt='held-out pictures and what the network makes, {caption}' src='data:image/png;base64,{png}'><figcaption>{caption}: held-out pictures, and below them what the network makes</figcaption></figure>"
            );
        }
        // Runs from before there was this file have none.
        let command = fs::read_to_string(run.folder.join(COMMAND)).unwrap_or_default();
        let _ =
            writeln!(html, "<h3>Made by</h3>\n<pre>{}</pre>\n<pre>{}</pre>", escape(command.trim_end()), escape(&run.config.to_toml()?));
    }
    write_atomically(&options.output, html.as_bytes())?;
    println!("{}", options.output.display());
    Ok(())
}

/// Returns the run's sheets of samples, oldest first.
fn sheets(run: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(run.join("samples")).with_context(|| format!("{} has no samples", run.display()))?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    found.sort();
    Ok(found)
}

/// Returns at most `most` of them, the last one included.
fn evenly<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let shown = all.len().min(most);
    (1..=shown).map(move |place| &all[place * all.len() / shown - 1])
}

fn table_to_html(markdown: &str) -> String {
    let row = |(number, line): (usize, &str)| {
        let tag = if number == 0 { "th" } else { "td" };
        let cells = line.trim_matches('|').split('|').map(|cell| format!("<{tag}>{}</{tag}>", escape(cell.trim())));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let lines = markdown.lines().filter(|line| !line.starts_with("|--"));
    format!("<table>\n{}</table>", lines.enumerate().map(row).collect::<String>())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const HEAD: &str = "<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content='width=device-width'>
<title>deepsim: training report</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
.charts { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0 0 1rem }
img { max-width: 100%; image-rendering: pixelated }
pre { background: #f4f4f4; padding: 1rem; overflow: auto }
table { border-collapse: collapse; display: block; overflow: auto }
th, td { border: 1px solid #ccc; padding: .2rem .5rem; text-align: right; white-space: nowrap }
</style>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sheet_is_always_shown() {
        assert_eq!(evenly(&[1, 2, 3, 4, 5, 6, 7], 3).collect::<Vec<_>>(), [&2, &4, &7]);
        assert_eq!(evenly(&[1, 2], 6).collect::<Vec<_>>(), [&1, &2]);
        assert_eq!(evenly::<i32>(&[], 6).count(), 0);
    }

    #[test]
    fn tables_and_markup_are_escaped() {
        let html = table_to_html("| a | b |\n|---|---|\n| 1 | <2> |\n");
        assert_eq!(html, "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>&lt;2&gt;</td></tr>\n</table>");
    }
}
