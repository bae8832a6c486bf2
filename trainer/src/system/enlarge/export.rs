//! Model files of upscalers, and a table of runs.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Device;
use deepsim::enlarge::Enlarger;
use deepsim::model_file::{Card, HeldOut, Kind, ModelFile};
use deepsim::nets::upscaler::Upscaler;
use deepsim::picture::Picture;

use super::eval::{Row, to_markdown};
use super::measure::{Measures, Pairs};
use super::train::shape_of;
use crate::data::builtin::open_data;
use crate::measure::judge::Judge;
use crate::system::options::ExportOptions;
use crate::system::{TrainedRun, card};
use crate::train::checkpoint::load_module;
use crate::train::mean::mean_with;
use crate::train::state::{AVERAGE_PART, AdversarialMemory};

/// Returns the model file of a run's averaged upscaler, measured on the held-out pictures.
///
/// # Errors
/// If the run or the pictures cannot be read.
pub fn export(run: &TrainedRun, options: &ExportOptions, device: &Device) -> Result<ModelFile> {
    let AdversarialMemory { comparator, .. } = run.state.memory()?;
    let kind = Kind::Upscaler(shape_of(&run.config));
    let upscaler = load_module(&run.checkpoint, AVERAGE_PART, Upscaler::new(shape_of(&run.config), device))?;
    let (upscaler, seen) = mean_with(&upscaler, kind, &options.mean_with)?;
    let judge = Judge::open(device)?;
    let pairs = Pairs::new(&held_out(run, options.most)?, &judge)?;
    let measures = measure(run, upscaler.clone(), &pairs, &judge, device)?;
    let Measures { pictures, psnr, ssim, judge, classes } = &measures;
    let told = judge.map_or_else(String::new, |judge| format!(", judge {:.1} %", judge.mean * 100.0));
    println!("{pictures} held-out pictures: luma {:.2} dB, SSIM {:.3}{told}, classes {:.1} %", psnr.mean, ssim.mean, classes.mean * 100.0);
    let measured = HeldOut {
        pictures: *pictures,
        side: run.config.size,
        psnr: psnr.mean,
        ssim: Some(ssim.mean),
        errors: [("judge", *judge), ("classes", Some(*classes))]
            .into_iter()
            .filter_map(|(name, error)| Some((name.to_owned(), error?.mean)))
            .collect(),
        cosine: None,
        grid: None,
        nats: None,
    };
    let card = Card { training: Some(card::training(run, comparator, seen)), held_out: vec![measured], ..Card::new(kind) };
    Ok(ModelFile::from_module(&upscaler, card, options.precision()))
}

/// Returns a table with a row for each run: its newest average.
///
/// # Errors
/// If a run or the held-out pictures cannot be read.
pub fn table(runs: &[&TrainedRun], device: &Device) -> Result<String> {
    let judge = Judge::open(device)?;
    let rows = runs.iter().map(|run| {
        let upscaler = load_module(&run.checkpoint, AVERAGE_PART, Upscaler::new(shape_of(&run.config), device))?;
        let pairs = Pairs::new(&held_out(run, None)?, &judge)?;
        let measures = measure(run, upscaler, &pairs, &judge, device)?;
        Ok(Row { method: run.name.clone(), pictures_seen: Some(run.pictures_seen()), measures, milliseconds: None })
    });
    Ok(to_markdown(&rows.collect::<Result<Vec<_>>>()?))
}

fn measure(run: &TrainedRun, upscaler: Upscaler, pairs: &Pairs, judge: &Judge, device: &Device) -> Result<Measures> {
    let enlarger = Enlarger::of(upscaler.no_grad(), shape_of(&run.config), device.clone());
    let enlarged = pairs.small.iter().map(|small| enlarger.enlarge(small)).collect::<Result<Vec<_>, _>>()?;
    pairs.measure(&enlarged, judge)
}

/// Returns a run's held-out pictures at their own size.
fn held_out(run: &TrainedRun, most: Option<usize>) -> Result<Vec<Picture>> {
    let (_, held_out) = open_data(&run.config)?;
    Ok((0..held_out.len().min(most.unwrap_or(usize::MAX))).filter_map(|at| held_out.picture(at).ok()).collect())
}
