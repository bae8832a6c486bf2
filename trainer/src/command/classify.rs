//! `trainer classify`: what can be read off codes with a linear classifier (the paper's STL-10 experiment, section 4.1): codes that were
//! learned with DeePSiM know more of what is in a picture than those learned with pixels.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::model_file::Training;
use deepsim::nets::autoencoder::Code;
use serde::Serialize;

use crate::config::choices::LossPreset;
use crate::data::{Dataset, idx};
use crate::device::Backend;
use crate::measure::table::TableFiles;
use crate::models;
use crate::system::generation::TrainedAutoencoder;
use crate::train::linear::{Scale, accuracy, fit};

/// Pictures encoded at a time.
const CHUNK: usize = 64;
/// Options of `trainer classify`.
#[derive(Debug, Clone, Args)]
pub struct ClassifyOptions {
    /// Model files of autoencoders
    #[arg(required = true)]
    pub models: Vec<PathBuf>,

    /// IDX file of training pictures, its labels beside it
    #[arg(long, value_name = "FILE")]
    pub training: PathBuf,

    /// IDX file of other pictures, its labels beside it
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,

    /// Where the table goes
    #[command(flatten)]
    pub files: TableFiles,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
struct Row {
    model: String,
    /// Whether the codes are variational.
    variational: bool,
    loss: Option<LossPreset>,
    /// Where the loss compared features, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<String>,
    pictures_seen: Option<u64>,
    seed: Option<u64>,
    numbers: usize,
    training: f64,
    held_out: f64,
}

/// Trains a linear classifier on the codes of each model and prints how often it is right.
///
/// # Errors
/// If a model, pictures or labels cannot be used, or a file not be written.
pub fn classify(options: &ClassifyOptions, device: &Device) -> Result<()> {
    let (training, held_out) = (Labelled::open(&options.training)?, Labelled::open(&options.data)?);
    let mut rows = Vec::new();
    for path in &options.models {
        let autoencoder = TrainedAutoencoder::read(path, device)?;
        let model = models::name(path);
        eprintln!("encoding {} pictures with {model}", training.labels.len() + held_out.labels.len());
        let (codes, others) = (training.codes(&autoencoder)?, held_out.codes(&autoencoder)?);
        let scale = Scale::of(&codes);
        let (codes, others) = (scale.apply(codes), scale.apply(others));
        let classifier = fit(&codes, &training.labels, device);
        let trained = autoencoder.training.as_ref();
        rows.push(Row {
            model,
            variational: matches!(autoencoder.generation.card().code, Code::Latent(_)),
            loss: trained.and_then(|training| LossPreset::with(training.weights)),
            compared: trained.and_then(compared),
            pictures_seen: trained.map(|training| training.pictures_seen),
            seed: trained.map(|training| training.seed),
            numbers: autoencoder.generation.len(),
            training: accuracy(&classifier, &codes, &training.labels, device),
            held_out: accuracy(&classifier, &others, &held_out.labels, device),
        });
    }
    options.files.publish(&rows, &to_markdown(&rows))
}

/// Returns the comparator's network and its places, if features were compared.
fn compared(training: &Training) -> Option<String> {
    (training.weights.feature > 0.0).then(|| {
        let places = training.comparator.iter().map(|scaled| scaled.place.to_string()).collect::<Vec<_>>().join(", ");
        format!("{} {places}", training.network).trim_end().to_owned()
    })
}

/// Returns a line for each kind of model: the mean over its seeds, and their standard deviation if there are several.
fn to_markdown(rows: &[Row]) -> String {
    let mut table = String::from(
        "| codes | numbers | loss | compared at | pictures seen | seeds | right on training pictures % | right on others % |\n",
    );
    table.push_str("|---|---|---|---|---|---|---|---|\n");
    let kind = |row: &Row| (row.variational, row.numbers, row.loss, row.compared.clone(), row.pictures_seen);
    for (at, row) in rows.iter().enumerate() {
        if rows[..at].iter().any(|earlier| kind(earlier) == kind(row)) {
            continue;
        }
        let alike: Vec<&Row> = rows.iter().filter(|other| kind(other) == kind(row)).collect();
        let codes = if row.variational { "variational" } else { "a grid" };
        let loss = row.loss.and_then(|loss| loss.to_possible_value());
        let loss = loss.as_ref().map_or("–", |loss| loss.get_name());
        let seen = row.pictures_seen.map_or_else(|| "–".to_owned(), |seen| seen.to_string());
        let _ = writeln!(
            table,
            "| {codes} | {} | {loss} | {} | {seen} | {} | {} | {} |",
            row.numbers,
            row.compared.as_deref().unwrap_or("–"),
            alike.len(),
            mean(alike.iter().map(|row| row.training)),
            mean(alike.iter().map(|row| row.held_out))
        );
    }
    table
}

/// Returns a mean of shares in percent, after ± their standard deviation if there are several.
fn mean(shares: impl Iterator<Item = f64>) -> String {
    let shares: Vec<f64> = shares.map(|share| share * 100.0).collect();
    let count = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / count;
    if shares.len() < 2 {
        return format!("{mean:.2}");
    }
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (count - 1.0);
    format!("{mean:.2} ± {:.2}", variance.sqrt())
}

/// Pictures and what is in them.
struct Labelled {
    pictures: Dataset,
    labels: Vec<u8>,
}

impl Labelled {
    fn open(path: &Path) -> Result<Self> {
        let (pictures, labels) = (Dataset::open(path)?, idx::labels(path)?);
        ensure!(pictures.len() == labels.len(), "{}: {} pictures, but {} labels", path.display(), pictures.len(), labels.len());
        Ok(Self { pictures, labels })
    }

    fn codes(&self, autoencoder: &TrainedAutoencoder) -> Result<Vec<Vec<f32>>> {
        let mut codes = Vec::with_capacity(self.labels.len());
        for start in (0..self.labels.len()).step_by(CHUNK) {
            let chunk =
                (start..(start + CHUNK).min(self.labels.len())).map(|at| Ok(self.pictures.picture(at)?.centre_crop(autoencoder.side())?));
            codes.extend(autoencoder.encode(&chunk.collect::<Result<Vec<_>>>()?)?);
        }
        Ok(codes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_differ_in_their_seed_alone_are_one_line() {
        let row = |variational, loss, compared: Option<&str>, seed, held_out| Row {
            model: String::new(),
            variational,
            loss,
            compared: compared.map(str::to_owned),
            pictures_seen: Some(10),
            seed: Some(seed),
            numbers: 128,
            training: 1.0,
            held_out,
        };
        let [image, deepsim] = [LossPreset::Image, LossPreset::DeepSim].map(Some);
        let table = to_markdown(&[
            row(true, image, None, 0, 0.5),
            row(true, deepsim, Some("fire3"), 0, 0.8),
            row(true, image, None, 1, 0.7),
            row(true, deepsim, Some("fire5"), 1, 0.9),
            row(false, image, None, 0, 0.25),
        ]);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| variational | 128 | image | – | 10 | 2 | 100.00 ± 0.00 | 60.00 ± 14.14 |",
                "| variational | 128 | deepsim | fire3 | 10 | 1 | 100.00 | 80.00 |",
                "| variational | 128 | deepsim | fire5 | 10 | 1 | 100.00 | 90.00 |",
                "| a grid | 128 | image | – | 10 | 1 | 100.00 | 25.00 |",
            ]
        );
    }
}
