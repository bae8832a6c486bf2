//! `trainer classify`: what can be read off codes with a linear classifier (the paper's STL-10 experiment, section 4.1): codes that were
//! learned with DeePSiM know more of what is in a picture than those learned with pixels.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::{Args, ValueEnum};
use deepsim::nets::autoencoder::Code;
use rand::seq::SliceRandom;
use serde::Serialize;

use super::Opened;
use crate::choices::LossPreset;
use crate::data::{Dataset, idx};
use crate::device::Backend;
use crate::random::random;
use crate::schedule::learning_rate;
use crate::table::TableFiles;

/// Passes over the training codes, at least.
const EPOCHS: usize = 20;
/// Steps at least: few codes need more passes, or Adam's short steps do not reach the best line.
const LEAST_STEPS: usize = 2000;
/// Codes a step.
const BATCH: usize = 500;
/// Adam's learning rate, falling to nothing over the whole training.
const RATE: f64 = 5e-3;
/// Pictures encoded at a time.
const CHUNK: usize = 64;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0xc1a5;

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

    /// Where to compute
    #[arg(long, value_enum, default_value_t = Backend::Auto)]
    pub device: Backend,
}

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
struct Row {
    model: String,
    /// Whether the codes are variational.
    variational: bool,
    loss: Option<LossPreset>,
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
        let opened = Opened::read(path, device)?;
        let model = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        eprintln!("encoding {} pictures with {model}", training.labels.len() + held_out.labels.len());
        let (codes, others) = (training.codes(&opened)?, held_out.codes(&opened)?);
        let scale = Scale::of(&codes);
        let (codes, others) = (scale.apply(codes), scale.apply(others));
        let classifier = fit(&codes, &training.labels, device);
        let trained = opened.training.as_ref();
        rows.push(Row {
            model,
            variational: matches!(opened.generation.card().code, Code::Latent(_)),
            loss: trained.and_then(|training| LossPreset::with(training.weights)),
            pictures_seen: trained.map(|training| training.pictures_seen),
            seed: trained.map(|training| training.seed),
            numbers: opened.generation.len(),
            training: accuracy(&classifier, &codes, &training.labels, device),
            held_out: accuracy(&classifier, &others, &held_out.labels, device),
        });
    }
    options.files.publish(&rows, &to_markdown(&rows))
}

/// A line for each kind of model: the mean over its seeds, and their standard deviation if there are several.
fn to_markdown(rows: &[Row]) -> String {
    let mut table = String::from("| codes | numbers | loss | pictures seen | seeds | right on training pictures % | right on others % |\n");
    table.push_str("|---|---|---|---|---|---|---|\n");
    let kind = |row: &Row| (row.variational, row.numbers, row.loss, row.pictures_seen);
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
            "| {codes} | {} | {loss} | {seen} | {} | {} | {} |",
            row.numbers,
            alike.len(),
            mean(alike.iter().map(|row| row.training)),
            mean(alike.iter().map(|row| row.held_out))
        );
    }
    table
}

/// A mean of shares in percent, after ± their standard deviation if there are several.
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

    fn codes(&self, opened: &Opened) -> Result<Vec<Vec<f32>>> {
        let mut codes = Vec::with_capacity(self.labels.len());
        for start in (0..self.labels.len()).step_by(CHUNK) {
            let chunk =
                (start..(start + CHUNK).min(self.labels.len())).map(|at| Ok(self.pictures.picture(at)?.centre_crop(opened.side())?));
            codes.extend(opened.encode(&chunk.collect::<Result<Vec<_>>>()?)?);
        }
        Ok(codes)
    }
}

/// Mean and deviation of each number of the training codes: a classifier should not care how large they are.
struct Scale(Vec<(f32, f32)>);

impl Scale {
    fn of(codes: &[Vec<f32>]) -> Self {
        let width = codes.first().map_or(0, Vec::len);
        let moments = |at: usize| {
            let values = || codes.iter().map(|code| f64::from(code[at]));
            let mean = values().sum::<f64>() / codes.len() as f64;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / codes.len() as f64;
            (mean as f32, (variance.sqrt() as f32).max(1e-6))
        };
        Self((0..width).map(moments).collect())
    }

    fn apply(&self, mut codes: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
        for code in &mut codes {
            for (value, (mean, deviation)) in code.iter_mut().zip(&self.0) {
                *value = (*value - mean) / deviation;
            }
        }
        codes
    }
}

fn tensors(codes: &[Vec<f32>], labels: &[u8], chosen: &[usize], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let width = codes[chosen[0]].len();
    let values: Vec<f32> = chosen.iter().flat_map(|&at| codes[at].iter().copied()).collect();
    let classes: Vec<i32> = chosen.iter().map(|&at| i32::from(labels[at])).collect();
    let count = chosen.len();
    (Tensor::from_data(TensorData::new(values, [count, width]), device), Tensor::from_data(TensorData::new(classes, [count]), device))
}

/// Multinomial logistic regression.
fn fit(codes: &[Vec<f32>], labels: &[u8], device: &Device) -> Linear {
    let trained = device.clone().autodiff();
    let classes = labels.iter().copied().max().map_or(1, |most| usize::from(most) + 1);
    // From zero: the problem is convex, and the device's random numbers are shared with whatever else runs in the process.
    let mut classifier = LinearConfig::new(codes[0].len(), classes).with_initializer(Initializer::Zeros).init(&trained);
    let mut optimizer = AdamConfig::new().init();
    let mut order: Vec<usize> = (0..codes.len()).collect();
    let steps = order.len().div_ceil(BATCH);
    let epochs = EPOCHS.max(LEAST_STEPS.div_ceil(steps));
    let total = (epochs * steps) as u64;
    let mut step = 0;
    for epoch in 0..epochs as u64 {
        order.shuffle(&mut random(0, PURPOSE, epoch));
        for chosen in order.chunks(BATCH) {
            let (codes, classes) = tensors(codes, labels, chosen, &trained); // [batch, numbers], [batch]
            let logits = classifier.forward(codes); // [batch, classes]
            let loss = CrossEntropyLossConfig::new().init(&trained).forward(logits, classes); // [1]
            let gradients = GradientsParams::from_grads(loss.backward(), &classifier);
            classifier = optimizer.step(learning_rate(RATE, step, total, 1.0, 0), classifier, gradients);
            step += 1;
        }
    }
    classifier.valid()
}

/// The share of codes whose likeliest class is the right one.
fn accuracy(classifier: &Linear, codes: &[Vec<f32>], labels: &[u8], device: &Device) -> f64 {
    let all: Vec<usize> = (0..codes.len()).collect();
    let right: f64 = all
        .chunks(BATCH)
        .map(|chosen| {
            let (codes, classes) = tensors(codes, labels, chosen, device); // [batch, numbers], [batch]
            let found = classifier.forward(codes).argmax(1).flatten::<1>(0, 1); // [batch]
            f64::from(found.equal(classes).float().sum().into_scalar::<f32>())
        })
        .sum();
    right / codes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_differ_in_their_seed_alone_are_one_line() {
        let row = |variational, loss, seed, held_out| Row {
            model: String::new(),
            variational,
            loss,
            pictures_seen: Some(10),
            seed: Some(seed),
            numbers: 128,
            training: 1.0,
            held_out,
        };
        let [image, deepsim] = [LossPreset::Image, LossPreset::DeepSim].map(Some);
        let table =
            to_markdown(&[row(true, image, 0, 0.5), row(true, deepsim, 0, 0.8), row(true, image, 1, 0.7), row(false, image, 0, 0.25)]);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| variational | 128 | image | 10 | 2 | 100.00 ± 0.00 | 60.00 ± 14.14 |",
                "| variational | 128 | deepsim | 10 | 1 | 100.00 | 80.00 |",
                "| a grid | 128 | image | 10 | 1 | 100.00 | 25.00 |",
            ]
        );
    }

    #[test]
    fn what_a_line_parts_is_told_apart_and_nothing_else() {
        let device = Device::flex();
        // Two numbers: the first says the class, on another scale than the second, which says nothing.
        let codes: Vec<Vec<f32>> =
            deepsim::generation::latent(1, 0, 0, 4000).chunks(2).map(|pair| vec![pair[0] * 100.0 + 7.0, pair[1]]).collect();
        let labels: Vec<u8> = codes.iter().map(|code| u8::from(code[0] > 7.0)).collect();
        let chance: Vec<u8> = deepsim::generation::latent(2, 0, 0, 2000).iter().map(|&value| u8::from(value > 0.0)).collect();
        let codes = Scale::of(&codes).apply(codes);
        for (labels, least, most) in [(&labels, 0.97, 1.0), (&chance, 0.45, 0.58)] {
            let found = accuracy(&fit(&codes, labels, &device), &codes, labels, &device);
            assert!((least..=most).contains(&found), "{found}");
        }
    }
}
