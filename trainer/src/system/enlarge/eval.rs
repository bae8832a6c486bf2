//! The table of upscalers, with the bicubic enlargement in its first row.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::Picture;
use deepsim::enlarge::Enlarger;
use deepsim::model_file::ModelFile;
use deepsim::nets::upscaler::bicubic;
use deepsim::picture;
use serde::Serialize;

use super::measure::{Measures, Pairs};
use crate::atomic_file::write_atomically;
use crate::data::Dataset;
use crate::data::builtin::open_held_out;
use crate::measure::judge::Judge;
use crate::measure::sheet::{self, write_png};
use crate::measure::table::cell;
use crate::models;
use crate::system::options::EvalOptions;

/// Pictures on the sheet, and the side of the part of each that is shown.
const SHOWN: (usize, usize) = (6, 160);

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The model file's name without its ending, or the baseline.
    pub method: String,
    /// Crops that the model has seen in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures_seen: Option<u64>,
    /// What was measured.
    #[serde(flatten)]
    pub measures: Measures,
    /// Milliseconds a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<f64>,
}

/// Measures upscalers on pictures at their own size, prints the table and writes the files that the options name.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn evaluate(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
    ensure!(options.baselines.is_empty(), "--baseline is for inverters: the bicubic enlargement is measured with upscalers anyway");
    ensure!(options.curves.is_none(), "--curves is for variational autoencoders");
    let held_out = open_held_out(&options.data)?;
    let count = held_out.len().min(options.most.unwrap_or(usize::MAX));
    let pictures = (0..count).map(|at| held_out.picture(at)).collect::<Result<Vec<_>, _>>()?;
    let judge = Judge::open(device)?;
    let pairs = Pairs::new(&pictures, &judge)?;
    if let Some(folder) = &options.small {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for (number, small) in pairs.small.iter().enumerate() {
            write_png(&folder.join(format!("{number:04}.png")), small)?;
        }
    }
    let shown = |pictures: &[Picture]| pictures.iter().filter_map(middle).take(SHOWN.0).collect::<Vec<_>>();
    let mut sheet = vec![shown(&pairs.large)];

    let enlarged = pairs.small.iter().map(|small| enlarge_bicubically(small, device)).collect::<Result<Vec<_>>>()?;
    sheet.push(shown(&enlarged));
    let mut rows =
        vec![Row { method: "bicubic".to_owned(), pictures_seen: None, measures: pairs.measure(&enlarged, &judge)?, milliseconds: None }];
    for folder in &options.enlarged {
        let by_others = Dataset::open(folder)?;
        ensure!(by_others.len() == count, "--enlarged {}: {} pictures, not {count}", folder.display(), by_others.len());
        let enlarged = (0..count).map(|at| by_others.picture(at)).collect::<Result<Vec<_>, _>>()?;
        sheet.push(shown(&enlarged));
        let measures = pairs.measure(&enlarged, &judge).with_context(|| folder.display().to_string())?;
        rows.push(Row { method: by_others.name().to_owned(), pictures_seen: None, measures, milliseconds: None });
    }
    for (path, file) in options.models.iter().zip(files) {
        let method = models::name(path);
        eprintln!("measuring {method}");
        let enlarger = Enlarger::new(file, device).with_context(|| path.display().to_string())?;
        let started = Instant::now();
        let enlarged = pairs.small.iter().map(|small| enlarger.enlarge(small)).collect::<Result<Vec<_>, _>>()?;
        let milliseconds = Some(started.elapsed().as_secs_f64() * 1e3 / enlarged.len() as f64);
        sheet.push(shown(&enlarged));
        let pictures_seen = file.card().training.as_ref().map(|training| training.pictures_seen);
        rows.push(Row { method, pictures_seen, measures: pairs.measure(&enlarged, &judge)?, milliseconds });
    }
    if let Some(path) = &options.sheet {
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(path, &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
    }
    options.files.publish(&rows, &to_markdown(&rows))
}

/// Returns the bicubic enlargement of a picture.
///
/// # Errors
/// If the device fails.
pub fn enlarge_bicubically(small: &Picture, device: &Device) -> Result<Picture> {
    let large = bicubic(picture::to_tensor(std::slice::from_ref(small), device)?); // [1, 3, 4 height, 4 width]
    Ok(picture::from_data(&large.into_data())?.remove(0))
}

/// Returns the middle of a picture for the sheet, if it is large enough.
fn middle(picture: &Picture) -> Option<Picture> {
    let (_, side) = SHOWN;
    let start = |length: usize| length.checked_sub(side).map(|rest| rest / 2);
    let (left, top) = (start(picture.width())?, start(picture.height())?);
    picture.part(left..left + side, top..top + side).ok()
}

/// Formats rows as a Markdown table, each number with half the width of its 95 % interval.
pub fn to_markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| method | crops seen | pictures | luma PSNR dB | SSIM | judge % | classes % | ms |\n|---|---|---|---|---|---|---|---|\n",
    );
    for Row { method, pictures_seen, measures, milliseconds } in rows {
        let Measures { pictures, psnr, ssim, judge, classes } = measures;
        let seen = pictures_seen.map_or_else(|| "–".to_owned(), |seen| seen.to_string());
        let time = milliseconds.map_or_else(|| "–".to_owned(), |time| format!("{time:.0}"));
        let judge = judge.map_or_else(|| "–".to_owned(), |judge| cell(judge, 100.0, 1));
        let cells = [cell(*psnr, 1.0, 2), cell(*ssim, 1.0, 3), judge, cell(*classes, 100.0, 1)].join(" | ");
        let _ = writeln!(text, "| {method} | {seen} | {pictures} | {cells} | {time} |");
    }
    text
}
