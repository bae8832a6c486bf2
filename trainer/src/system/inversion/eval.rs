//! How good inverters and baselines are on held-out pictures, as a table.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::inversion::{Inversion, inverter_of};
use deepsim::layer::is_valid_side;
use deepsim::model_file::ModelFile;
use deepsim::nets::inverter::SCORES_SIDE;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::Picture;

use super::table::{Row, to_markdown};
use crate::atomic_file::write_atomically;
use crate::data::Dataset;
use crate::data::builtin::{held_out_crops, open_held_out, open_training};
use crate::measure::judge::Judge;
use crate::measure::method::{Descent, Inverted, MeanPicture, Method, Optimised, Ridge, usual_side};
use crate::measure::sheet;
use crate::measure::{Examination, Examined};
use crate::models;
use crate::models::locate::locate;
use crate::system::options::{Baseline, EvalOptions};

/// Pictures in a row of the sheet.
const SHOWN: usize = 4;

/// A row to be measured.
struct Job {
    name: String,
    layer: Option<Layer>,
    side: usize,
    pictures_seen: Option<u64>,
    method: Box<dyn Method>,
}

/// Measures models and baselines, prints the table and writes the files that the options name.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn evaluate(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
    ensure!(options.curves.is_none(), "--curves is for variational autoencoders: the codes of inverters have no divergence");
    let rows = measure(options, files, device)?;
    let table = to_markdown(&rows);
    options.files.publish(&rows, &table)
}

/// Returns the rows of the table: the models as they were given, then the baselines of each layer.
///
/// # Errors
/// If a model or the pictures cannot be used.
fn measure(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<Vec<Row>> {
    ensure!(options.crops > 0, "--crops 0: nothing to measure");
    ensure!(options.iterations > 0, "--iterations 0: nothing to measure");
    if let Some(size) = options.size {
        ensure!(is_valid_side(size), "--size {size}: pictures need a side that is a multiple of 16 and at least 32, such as 128 or 224");
    }
    let squeezenet = models::read(&locate(models::SQUEEZENET)?)?;
    let encoder = models::squeezenet(device)?;
    let mut jobs: Vec<Job> = Vec::new();
    let mut layers = options.layers.clone();
    for (path, file) in options.models.iter().zip(files) {
        let inversion = Inversion::new(&squeezenet, file, device).with_context(|| path.display().to_string())?;
        let layer = inverter_of(file.card())?.shape.layer;
        layers.push(layer);
        let name = models::name(path);
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
    let held_out = open_held_out(&options.data)?;
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
        write_atomically(path, &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
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
