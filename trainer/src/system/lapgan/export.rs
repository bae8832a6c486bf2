//! Model files of LAPGANs, and a table of runs.

use anyhow::Result;
use burn::tensor::Device;
use deepsim::lapgan::PyramidGenerator;
use deepsim::model_file::{Card, Drawn, Kind, ModelFile, Precision};
use deepsim::nets::lapgan::{Lapgan, LapganShape};

use super::drawn::TrainedLapgan;
use super::level::TrainedLevel;
use super::table::{Row, to_markdown};
use super::train::{LapganMemory, shape_of};
use crate::data::builtin::{crops, open_data};
use crate::data::classes::Classes;
use crate::measure::judge::Judge;
use crate::measure::reference::{References, pooled};
use crate::system::options::ExportOptions;
use crate::system::{TrainedRun, card};
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::AVERAGE_PART;

/// Pictures that are drawn and compared, at most: the judge looks at each of them, at 224 pixels.
const MOST_MEASURED: usize = 500;
/// Seed of the samples.
const SEED: u64 = 7;

/// Returns the model file of a run's averaged generators, with the kernel distance of its samples to the training pictures.
///
/// # Errors
/// If the run or the pictures cannot be read.
pub fn export(run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
    let LapganMemory { levels } = run.state.memory()?;
    let comparator = levels.first().map(|level| level.comparator.clone()).unwrap_or_default();
    let (training, _) = open_data(&run.config)?;
    let (shape, classes) = shape_of(&run.config, &training)?;
    let (network, seen) = mean_with(&averaged(run, shape, device)?, Kind::Lapgan(shape), &options.mean_with)?;
    let unmeasured = Card {
        training: Some(card::training(run, comparator, seen)),
        classes: classes.as_ref().map(Classes::shares).unwrap_or_default(),
        ..Card::new(Kind::Lapgan(shape))
    };
    let file = ModelFile::from_module(&network, unmeasured.clone(), options.precision());
    let count = options.most.unwrap_or(MOST_MEASURED);
    let Some(row) = measure(run, &TrainedLapgan::of(&file, device)?, count, device)? else {
        println!("too few pictures to measure distances to");
        return Ok(file);
    };
    let kernel_distance = row.distances.kernel_training.mean * 1000.0;
    println!("kernel distance of {count} samples to the training pictures: {kernel_distance:.1} thousandths");
    let card = Card { drawn: Some(Drawn { pictures: count, kernel_distance }), ..unmeasured };
    Ok(ModelFile::from_module(&network, card, options.precision()))
}

/// Returns a table with a row for each run: its newest average.
///
/// # Errors
/// If a run or the pictures cannot be read.
pub fn table(runs: &[&TrainedRun], device: &Device) -> Result<String> {
    let rows = runs.iter().map(|run| {
        let (training, _) = open_data(&run.config)?;
        let (shape, classes) = shape_of(&run.config, &training)?;
        let card = Card { classes: classes.as_ref().map(Classes::shares).unwrap_or_default(), ..Card::new(Kind::Lapgan(shape)) };
        let file = ModelFile::from_module(&averaged(run, shape, device)?, card, Precision::F32);
        let lapgan = TrainedLapgan { generator: PyramidGenerator::new(&file, device)?, training: None };
        measure(run, &lapgan, MOST_MEASURED, device)
    });
    Ok(to_markdown(&rows.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect::<Vec<_>>()))
}

fn averaged(run: &TrainedRun, shape: LapganShape, device: &Device) -> Result<Lapgan> {
    let fresh = Lapgan::new(shape, device);
    let load = |(side, level)| load_module(&run.checkpoint, &(TrainedLevel::prefix(side) + AVERAGE_PART), level);
    Ok(Lapgan { levels: shape.sides().into_iter().zip(fresh.levels).map(load).collect::<Result<_>>()? })
}

/// Returns how far pictures of noise are from the run's; nothing if those are too few.
fn measure(run: &TrainedRun, lapgan: &TrainedLapgan, count: usize, device: &Device) -> Result<Option<Row>> {
    let (training, held_out) = open_data(&run.config)?;
    let pictures = |data: &crate::data::Dataset| crops(data, MOST_MEASURED, run.config.size);
    let (training, held_out) = (pictures(&training)?, pictures(&held_out)?);
    if !References::are_enough(&training, &held_out) {
        return Ok(None);
    }
    let judge = Judge::open(device)?;
    let references = References::new(&judge, &training, &held_out)?;
    let features = pooled(&judge, &lapgan.draw(&lapgan.noise(SEED, count.max(2), None))?)?;
    Ok(Some(Row {
        method: run.name.clone(),
        pictures_seen: Some(run.pictures_seen()),
        from: Some("noise".to_owned()),
        distances: references.measure(&features),
        nearest: references.median_to_nearest(&features),
    }))
}
