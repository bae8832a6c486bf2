//! `trainer eval` of LAPGANs: how far pictures of noise are from the training pictures, and pictures of which the coarse levels are real.

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use deepsim::model_file::ModelFile;
use deepsim::picture::{self, Picture};
use deepsim::pyramid::Pyramid;

use super::coded::CodedLapgan;
use super::drawn::TrainedLapgan;
use super::table::{Row, to_markdown};
use crate::atomic_file::write_atomically;
use crate::data::builtin::crops;
use crate::measure::judge::Judge;
use crate::measure::reference::{References, data, pooled};
use crate::measure::sheet;
use crate::models;
use crate::system::options::EvalOptions;

/// Training pictures that samples are compared with, at most.
const MOST: usize = 2000;
/// Samples of each model on a sheet, each above the training picture that is nearest to it.
const SHOWN: usize = 16;
/// Seed of the samples.
const SEED: u64 = 7;

/// Measures LAPGANs of one data set and one side, and prints the table.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn evaluate(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
    ensure!(options.baselines.is_empty() && options.curves.is_none(), "--baseline and --curves are for other models");
    ensure!(options.samples > 1, "--samples {}: a distance needs at least two", options.samples);
    let models = files.iter().map(|file| TrainedLapgan::of(file, device)).collect::<Result<Vec<_>>>()?;
    let side = models.first().context("a model is needed")?.generator.side();
    ensure!(models.iter().all(|model| model.generator.side() == side), "the models make pictures of different sides");
    let (training, held_out) = data(&options.training, &options.data, files)?;
    let training = crops(&training, options.most.unwrap_or(MOST), side)?;
    let held_out = crops(&held_out, options.most.unwrap_or(MOST), side)?;
    let judge = Judge::open(device)?;
    let references = References::new(&judge, &training, &held_out)?;

    let mut rows = Vec::new();
    let mut sheet = Vec::new();
    for (path, model) in options.models.iter().zip(&models) {
        let name = models::name(path);
        eprintln!("measuring {name}");
        let seen = model.training.as_ref().map(|training| training.pictures_seen);
        let mut measure = |from: String, pictures: &[Picture]| -> Result<_> {
            let features = pooled(&judge, pictures)?;
            let (distances, nearest) = (references.measure(&features), references.median_to_nearest(&features));
            rows.push(Row { method: name.clone(), pictures_seen: seen, from: Some(from), distances, nearest });
            Ok(features)
        };
        let noise = model.noise(SEED, options.samples, None);
        let mut drawn = vec![("noise".to_owned(), model.draw(&noise)?)];
        if let Some(coded) = CodedLapgan::open(&options.code, model, device)? {
            drawn.push((format!("codes of {}", coded.name), coded.draw(model, SEED, &noise)?));
        }
        for (from, drawn) in drawn {
            let features = measure(from, &drawn)?;
            let nearest = references.nearest(&features).take(SHOWN.min(drawn.len())).map(|at| training[at].clone());
            sheet.extend([drawn[..SHOWN.min(drawn.len())].to_vec(), nearest.collect()]);
        }

        // The finer levels alone: the coarse pictures are the training pictures' own.
        let real: Vec<Picture> = training.iter().take(options.samples).cloned().collect();
        let noise = model.noise(SEED, real.len(), None);
        let levels = levels(&real, device)?;
        for (level, pictures) in levels.iter().enumerate().take(levels.len() - 1) {
            measure(format!("real pictures of {} pixels", pictures.dims()[3]), &model.refine(pictures, level, &noise)?)?;
        }
    }
    let other = |method: &str, distances, nearest| Row { method: method.to_owned(), pictures_seen: None, from: None, distances, nearest };
    let nearest = references.median_to_nearest(&references.held_out);
    rows.push(other("held-out pictures", references.measure(&references.held_out), nearest));
    rows.push(other("one half of the training pictures and the other", references.floor(), 0.0));
    if let Some(path) = &options.sheet {
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(path, &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
    }
    options.files.publish(&rows, &to_markdown(&rows))
}

/// Returns pictures at the side of each level, the coarsest first.
fn levels(pictures: &[Picture], device: &Device) -> Result<Vec<Tensor<4>>> {
    let pictures = picture::to_tensor(pictures, device)?; // [count, 3, side, side]
    Ok(Pyramid::of(pictures, deepsim::nets::lapgan::COARSEST).pictures())
}
