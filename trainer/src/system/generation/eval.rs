//! `trainer eval` of autoencoders: how close reconstructions are, what codes carry, and how far samples are from the pictures that the network
//! learned from, and from others.

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::model_file::{Kind, ModelFile};
use deepsim::nets::autoencoder::Code;
use deepsim::picture::Picture;

use super::TrainedAutoencoder;
use super::ceiling::PixelNormal;
use super::codes::spread;
use super::curves;
use super::table::{Row, to_markdown};
use crate::atomic_file::write_atomically;
use crate::config::choices::LossPreset;
use crate::data::builtin::crops;
use crate::measure::distance::kernel_distance;
use crate::measure::judge::Judge;
use crate::measure::reference::{References, data, pooled};
use crate::measure::sheet;
use crate::measure::{Examination, Examined};
use crate::models;
use crate::system::options::EvalOptions;

/// Training pictures that samples are compared with, at most.
const MOST: usize = 2000;
/// Samples of each model on a sheet, each above the training picture that is nearest to it.
const SHOWN: usize = 16;
/// Seed of the samples.
const SEED: u64 = 7;

/// Measures autoencoders of one data set and one side, and prints the table.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn evaluate(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<()> {
    ensure!(
        options.curves.is_none() || files.iter().any(|file| loss_of(file).is_some()),
        "--curves: none of the models is a variational autoencoder whose card says how it was trained"
    );
    let rows = measure(options, files, device)?;
    if let Some(folder) = &options.curves {
        curves::write(folder, &rows)?;
    }
    let table = to_markdown(&rows);
    options.files.publish(&rows, &table)
}

/// Returns the loss that a variational autoencoder was trained with, if its card says so.
fn loss_of(file: &ModelFile) -> Option<LossPreset> {
    let training = file.card().training.as_ref()?;
    matches!(&file.card().kind, Kind::Autoencoder(card) if matches!(card.code, Code::Latent(_))).then_some(())?;
    LossPreset::with(training.weights)
}

fn measure(options: &EvalOptions, files: &[ModelFile], device: &Device) -> Result<Vec<Row>> {
    ensure!(options.baselines.is_empty(), "--baseline is for inverters: floor and ceilings are measured with autoencoders anyway");
    ensure!(options.samples > 1, "--samples {}: a distance needs at least two", options.samples);
    let autoencoder = options.models.iter().map(|path| TrainedAutoencoder::read(path, device)).collect::<Result<Vec<_>>>()?;
    let side = autoencoder.first().context("a model is needed")?.side();
    ensure!(autoencoder.iter().all(|each| each.side() == side), "the models make pictures of different sides: measure them one at a time");
    let (training, held_out) = data(&options.training, &options.data, files)?;
    let training = crops(&training, options.most.unwrap_or(MOST), side)?;
    let held_out = crops(&held_out, options.most.unwrap_or(MOST), side)?;
    let judge = Judge::open(device)?;
    let encoder = models::squeezenet(device)?;
    let examination = Examination::new(&encoder, &judge, &held_out, 1, device)?;
    let references = References::new(&judge, &training, &held_out)?;

    let mut rows = Vec::new();
    let mut sheet = Vec::new();
    for (path, autoencoder) in options.models.iter().zip(&autoencoder) {
        let name = models::name(path);
        eprintln!("measuring {name}");
        let spread = spread(autoencoder, &held_out)?;
        let (mut distances, mut to_nearest) = (None, None);
        if let Code::Latent(_) = autoencoder.generation.card().code {
            let drawn = autoencoder.draw(SEED, options.samples)?;
            let features = pooled(&judge, &drawn)?;
            distances = Some(references.measure(&features));
            to_nearest = Some(references.median_to_nearest(&features));
            let shown = SHOWN.min(drawn.len());
            let nearest = references.nearest(&features).take(shown).map(|at| training[at].clone());
            sheet.extend([drawn[..shown].to_vec(), nearest.collect()]);
        }
        let Examined { measures, inversions } = examination.measure(|at| autoencoder.decode(&autoencoder.encode(&held_out[at])?))?;
        let trained = autoencoder.training.as_ref();
        rows.push(Row {
            method: name,
            pictures_seen: trained.map(|training| training.pictures_seen),
            loss: trained.and_then(|training| LossPreset::with(training.weights)),
            divergence_weight: trained.and_then(|training| training.divergence).map(|divergence| divergence.weight),
            reconstruction: Some(measures),
            nats: spread.map(|spread| spread.nats),
            active: spread.map(|spread| spread.active),
            reconstructed: Some(kernel_distance(&pooled(&judge, &inversions)?, &references.training)),
            samples: distances,
            nearest: to_nearest,
        });
    }
    rows.extend(floor_and_ceilings(&judge, &references, &training, &autoencoder, options.samples)?);
    if let (Some(path), false) = (&options.sheet, sheet.is_empty()) {
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(path, &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
    }
    Ok(rows)
}

/// Returns the distance between two halves of the training pictures, which nothing can be expected to fall below, and those of pictures
/// that know the data's first two moments alone: all of them, and as many dimensions as the codes have.
fn floor_and_ceilings(
    judge: &Judge,
    references: &References,
    training: &[Picture],
    autoencoder: &[TrainedAutoencoder],
    count: usize,
) -> Result<Vec<Row>> {
    let row = |method: String, samples| Row { method, samples: Some(samples), ..Row::default() };
    let mut rows = vec![row("one half of the training pictures and the other".to_owned(), references.floor())];
    let latent = autoencoder.iter().find_map(|each| if let Code::Latent(size) = each.generation.card().code { Some(size) } else { None });
    if let Some(latent) = latent {
        let normal = PixelNormal::fit(training)?;
        for (name, axes) in
            [(format!("PCA samples, {latent} components"), latent), ("a normal distribution of pixels".to_owned(), usize::MAX)]
        {
            eprintln!("measuring {name}");
            rows.push(row(name, references.measure(&pooled(judge, &normal.draw(count, axes)?)?)));
        }
    }
    Ok(rows)
}
