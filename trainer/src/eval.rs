//! `trainer eval`: how good models and baselines are on held-out pictures, as a table.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::inversion::{Inversion, inverter_of};
use deepsim::layer::is_valid_side;
use deepsim::nets::inverter::SCORES_SIDE;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::Picture;
use serde::Serialize;

use crate::checkpoint::write_atomically;
use crate::data::Dataset;
use crate::data::builtin::{held_out_crops, open_held_out, open_training};
use crate::device::Backend;
use crate::locate::locate;
use crate::method::{Descent, Inverted, MeanPicture, Method, Optimised, Ridge, usual_side};
use crate::metrics::bootstrap::Estimate;
use crate::metrics::judge::Judge;
use crate::metrics::{Examination, Examined, Measures, Space};
use crate::table::TableFiles;
use crate::{generation, model, samples};

/// Pictures in a row of the sheet.
const SHOWN: usize = 4;

/// A way to invert without a trained inverter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Baseline {
    /// The training set's mean picture
    Mean,
    /// A linear decoder fitted by ridge regression
    Ridge,
    /// Gradient descent on the pixels (Mahendran & Vedaldi)
    Optimise,
}

/// Options of `trainer eval`.
#[derive(Debug, Clone, Args)]
pub struct EvalOptions {
    /// Model files, of inverters or of autoencoders
    #[arg(required_unless_present = "layers")]
    pub models: Vec<PathBuf>,

    /// Measure these too, for the layers of the models and of --layer
    #[arg(long = "baseline", value_enum, value_delimiter = ',', value_name = "METHODS")]
    pub baselines: Vec<Baseline>,

    /// Layers that baselines invert besides those of the models
    #[arg(long = "layer", value_delimiter = ',', value_name = "LAYERS")]
    pub layers: Vec<Layer>,

    /// Held-out pictures: photos, emoji, a folder, a tar or an IDX file [default: the built-in ones]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,

    /// Training pictures, which samples of autoencoders are compared with [default: what their cards name]
    #[arg(long, value_name = "PATH")]
    pub training: Option<PathBuf>,

    /// Pictures that autoencoders draw to be measured
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub samples: usize,

    /// Side of the pictures, a multiple of 16 [default: 224; the scores' are of side 128]
    #[arg(long, value_name = "PIXELS")]
    pub size: Option<usize>,

    /// Crops of each picture: the middle and random ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub crops: usize,

    /// Measure on this many of the pictures at most, spread evenly
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,

    /// Of `--baseline optimise`.
    #[command(flatten)]
    pub descent: Descent,

    /// Re-encode this many times
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub iterations: usize,

    /// Where the table goes
    #[command(flatten)]
    pub files: TableFiles,

    /// Write a JPEG there: pictures in the first row, then a row for each method; those of the scores are enlarged
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,

    /// Draw there what the divergence of variational autoencoders trades: reconstruction.svg, judge.svg and samples.svg, a curve for each loss
    #[arg(long, value_name = "DIR")]
    pub curves: Option<PathBuf>,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

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

/// What makes one row.
struct Job {
    name: String,
    layer: Option<Layer>,
    side: usize,
    pictures_seen: Option<u64>,
    method: Box<dyn Method>,
}

/// Measures and prints the table.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn eval(options: &EvalOptions, device: &Device) -> Result<()> {
    let files = options.models.iter().map(|path| model::read(path)).collect::<Result<Vec<_>>>()?;
    let autoencoders = files.iter().filter(|file| generation::eval::is_autoencoder(file)).count();
    if autoencoders > 0 {
        ensure!(autoencoders == files.len(), "inverters and autoencoders are measured in other ways: name models of one kind");
        return generation::eval::eval(options, &files, device);
    }
    ensure!(options.curves.is_none(), "--curves is for variational autoencoders: the codes of inverters have no divergence");
    let rows = measure(options, device)?;
    let table = to_markdown(&rows);
    options.files.publish(&rows, &table)
}

/// The rows of the table: the models as they were given, then the baselines of each layer.
///
/// # Errors
/// If a model or the pictures cannot be used.
pub fn measure(options: &EvalOptions, device: &Device) -> Result<Vec<Row>> {
    ensure!(options.crops > 0, "--crops 0: nothing to measure");
    ensure!(options.iterations > 0, "--iterations 0: nothing to measure");
    if let Some(size) = options.size {
        ensure!(is_valid_side(size), "--size {size}: pictures need a side that is a multiple of 16 and at least 32, such as 128 or 224");
    }
    let squeezenet = model::read(&locate(model::SQUEEZENET)?)?;
    let encoder = model::squeezenet(device)?;
    let mut jobs: Vec<Job> = Vec::new();
    let mut layers = options.layers.clone();
    for path in &options.models {
        let file = model::read(path)?;
        let inversion = Inversion::new(&squeezenet, &file, device).with_context(|| path.display().to_string())?;
        let layer = inverter_of(file.card())?.shape.layer;
        layers.push(layer);
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let seen = file.card().training.as_ref().map(|training| training.pictures_seen);
        jobs.push(Job {
            name,
            layer: Some(layer),
            side: side_of(layer, options)?,
            pictures_seen: seen,
            method: Box::new(Inverted { inversion, device: device.clone(), iterations: options.iterations }),
        });
    }
    layers.sort_unstable();
    layers.dedup();
    let dataset = if options.baselines.is_empty() { None } else { Some(open_training()?) };
    for (layer, baseline) in layers.into_iter().flat_map(|layer| options.baselines.iter().map(move |baseline| (layer, *baseline))) {
        let (side, dataset) = (side_of(layer, options)?, dataset.as_ref().context("no training pictures")?);
        // The mean picture is the same whatever the layer, so that once for each side is enough.
        let layer_of_row = (baseline != Baseline::Mean).then_some(layer);
        if layer_of_row.is_none() && jobs.iter().any(|job| job.layer.is_none() && job.side == side) {
            continue;
        }
        let (name, method) = baseline_of(baseline, layer, side, options.descent, dataset, &encoder, device)?;
        jobs.push(Job { name, layer: layer_of_row, side, pictures_seen: None, method });
    }

    let judge = Judge::open(device)?;
    let held_out = open_held_out(options.data.as_deref())?;
    let mut pictures: BTreeMap<usize, Vec<Picture>> = BTreeMap::new();
    for job in &jobs {
        if let Entry::Vacant(place) = pictures.entry(job.side) {
            let side = *place.key();
            place.insert(held_out_crops(&held_out, options.most.unwrap_or(usize::MAX), options.crops, side)?);
        }
    }
    let mut examinations = BTreeMap::new();
    for (side, pictures) in &pictures {
        examinations.insert(*side, Examination::new(&encoder, &judge, pictures, options.crops, device)?);
    }
    let mut rows = Vec::new();
    let mut sheet = Vec::new();
    for Job { name, layer, side, pictures_seen, method } in jobs {
        eprintln!("measuring {name}{}", layer.map_or_else(String::new, |layer| format!(" at {layer}")));
        let pictures = &pictures[&side];
        let Examined { measures, inversions } = examinations[&side].measure(|at| method.invert(&pictures[at]))?;
        if options.sheet.is_some() {
            let shown = |pictures: &[Picture]| pictures.iter().step_by(options.crops).take(SHOWN).cloned().collect::<Vec<_>>();
            if sheet.is_empty() {
                sheet.push(shown(pictures));
            }
            sheet.push(shown(&inversions));
        }
        rows.push(Row { method: name, layer, pictures_seen, measures });
    }
    if let Some(path) = &options.sheet {
        let side = sheet.iter().flatten().map(Picture::width).max().unwrap_or(0);
        let enlarged = |row: Vec<Picture>| row.iter().map(|picture| picture.centre_crop(side)).collect::<Result<Vec<_>, _>>();
        let sheet = sheet.into_iter().map(enlarged).collect::<Result<Vec<_>, _>>()?;
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(path, &samples::to_jpeg(&samples::sheet(&sheet)?)?)?;
    }
    Ok(rows)
}

fn side_of(layer: Layer, options: &EvalOptions) -> Result<usize> {
    let side = options.size.unwrap_or(usual_side(layer));
    ensure!(
        layer.stride().is_some() || side == SCORES_SIDE,
        "--size {side}: inversions of the scores are of side {SCORES_SIDE}; give --size {SCORES_SIDE}"
    );
    Ok(side)
}

fn baseline_of(
    baseline: Baseline,
    layer: Layer,
    side: usize,
    descent: Descent,
    dataset: &Dataset,
    encoder: &SqueezeNet,
    device: &Device,
) -> Result<(String, Box<dyn Method>)> {
    Ok(match baseline {
        Baseline::Mean => ("mean picture".to_owned(), Box::new(MeanPicture::of(dataset, side)?)),
        Baseline::Ridge => ("ridge decoder".to_owned(), Box::new(Ridge::fit(encoder.clone(), layer, dataset, side, device)?)),
        Baseline::Optimise => {
            let optimised = Optimised { encoder: encoder.clone(), layer, descent, device: device.clone() };
            (format!("optimisation, {} steps", descent.steps), Box::new(optimised))
        }
    })
}

/// Rows as a Markdown table: errors and agreement in percent, each with half the width of its 95 % interval.
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

/// A mean with half the width of its interval.
pub fn cell(estimate: Estimate, times: f64, digits: usize) -> String {
    let half = (estimate.high - estimate.low) / 2.0;
    format!("{:.digits$} ± {:.digits$}", estimate.mean * times, half * times)
}
