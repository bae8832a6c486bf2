//! Style networks against optimisation: the loss of both, the ratio of their times, and how many steps of optimisation the network's loss equals.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::Picture;
use deepsim::model_file::ModelFile;
use deepsim::restyle::Restyler;
use serde::Serialize;

use super::optimise::{optimise, value};
use super::picture::{content_scale, files, loss, name_of, read};
use crate::atomic_file::write_atomically;
use crate::data::builtin::{crops, open_held_out, open_training};
use crate::measure::sheet;
use crate::system::options::EvalOptions;

/// Side of the pictures that are painted unless another is asked for, and how many of them.
const USUAL: (usize, usize) = (256, 4);

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The model file's name without its ending.
    pub model: String,
    /// The style.
    pub style: String,
    /// The loss of the network's pictures, the mean over the pictures.
    pub loss: f64,
    /// The loss of optimisation after all its steps.
    pub optimised: f64,
    /// The steps after which optimisation has the network's loss; none if it does not reach it.
    pub equal_steps: Option<f64>,
    /// The time of optimisation over the network's.
    pub times: f64,
}

/// Compares each style of each model with optimisation and prints the table.
///
/// # Errors
/// If a model, the styles' pictures or the pictures cannot be used, or a file not be written.
pub fn evaluate(options: &EvalOptions, models_files: &[ModelFile], device: &Device) -> Result<()> {
    ensure!(!options.styles.style.is_empty(), "--style: name the pictures that the styles were learned from");
    let (side, count) = (options.size.unwrap_or(USUAL.0), options.most.unwrap_or(USUAL.1));
    let pictures = crops(&open_held_out(&options.data)?, count, side)?;
    let terms = &options.styles.terms;
    let loss = loss(terms, content_scale(terms, &open_training()?, side, device)?, device)?;
    let styles = files(&options.styles.style)?;
    let mut rows = Vec::new();
    let mut sheet = vec![pictures.clone()];
    for (path, file) in options.models.iter().zip(models_files) {
        let model = name_of(path);
        let restyler = Restyler::new(file, device).with_context(|| path.display().to_string())?;
        for (number, style) in restyler.names().iter().enumerate() {
            let Some(style_path) = styles.iter().find(|path| name_of(path) == *style) else {
                continue;
            };
            eprintln!("painting as {style}");
            let wanted = read(style_path, options.styles.style_size)?;
            let mut weights = vec![0.0; restyler.names().len()];
            weights[number] = 1.0;
            restyler.restyle(&pictures[0], &weights)?;
            let begun = Instant::now();
            let painted = pictures.iter().map(|picture| restyler.restyle(picture, &weights)).collect::<Result<Vec<_>, _>>()?;
            let network = begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            let found = pictures.iter().map(|picture| optimise(&loss, &wanted, picture, options.descent.steps, device));
            let found = found.collect::<Result<Vec<_>>>()?;
            let times = begun.elapsed().as_secs_f64() / network;
            let losses = painted.iter().zip(&pictures).map(|(made, content)| value(&loss, &wanted, made, content, device));
            let losses = losses.collect::<Result<Vec<_>>>()?;
            let equal = losses.iter().zip(&found).map(|(loss, (_, curve))| curve.iter().position(|at| at <= loss).map(|step| step as f64));
            let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / pictures.len() as f64;
            rows.push(Row {
                model: model.clone(),
                style: style.clone(),
                loss: mean(&mut losses.iter().copied()),
                optimised: mean(&mut found.iter().map(|(_, curve)| curve[curve.len() - 1])),
                equal_steps: equal.collect::<Option<Vec<f64>>>().map(|steps| mean(&mut steps.into_iter())),
                times,
            });
            sheet.push(found.into_iter().map(|(picture, _)| picture).collect());
            sheet.push(painted);
        }
    }
    ensure!(!rows.is_empty(), "--style: none of these pictures has the name of a style of the models");
    if let Some(path) = &options.sheet {
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(path, &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
    }
    options.files.publish(&rows, &to_markdown(&rows))
}

/// Formats rows as a Markdown table.
fn to_markdown(rows: &[Row]) -> String {
    let mut text = String::from("| model | style | loss | optimisation's | equals steps | times as fast |\n|---|---|---|---|---|---|\n");
    for Row { model, style, loss, optimised, equal_steps, times } in rows {
        let steps = equal_steps.map_or_else(|| "–".to_owned(), |steps| format!("{steps:.0}"));
        let _ = writeln!(text, "| {model} | {style} | {loss:.3} | {optimised:.3} | {steps} | {times:.0} |");
    }
    text
}
