//! The part of a model file's card that comes from a run and its measures.

use clap::ValueEnum;
use deepsim::comparator::ScaledPlace;
use deepsim::model_file::{HeldOut, Training};

use super::TrainedRun;
use crate::config::choices::{LossPreset, OptimizerChoice};
use crate::measure::Measures;

/// Returns how a run was trained. `mean_with` is how many pictures each network had seen whose weights were averaged with its own.
pub fn training(run: &TrainedRun, comparator: Vec<ScaledPlace>, mean_with: Vec<u64>) -> Training {
    let TrainedRun { config, state, .. } = run;
    let before = state.started_from.as_ref().map_or(0, |training| training.pictures_seen);
    Training {
        data: state.data.clone(),
        pictures_seen: before + run.pictures_seen(),
        size: config.size,
        batch: config.batch,
        seed: config.seed,
        learning_rate: config.learning_rate,
        optimizer: (config.optimizer != OptimizerChoice::Adam).then(|| name_of(&config.optimizer)),
        translation: config.loss == LossPreset::Translation,
        weights: config.weights(),
        network: config.network(),
        comparator,
        divergence: config.divergence(),
        draws: config.shows_draws(),
        mean_with,
        started_from: state.started_from.clone().map(Box::new),
    }
}

/// Returns the name of an option's value on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Returns the means of measures.
pub fn held_out(measures: &Measures) -> HeldOut {
    HeldOut {
        pictures: measures.pictures,
        side: measures.side,
        psnr: measures.psnr.mean,
        ssim: Some(measures.ssim.mean),
        errors: measures.errors.iter().map(|(space, error)| (space.to_string(), error.mean)).collect(),
        cosine: Some(measures.cosine.mean),
        grid: Some(measures.grid),
        nats: None,
    }
}

/// Prints measures in one line.
pub fn print(measures: &Measures) {
    let Measures { pictures, side, psnr, errors, .. } = measures;
    print!("{pictures} held-out pictures at {side}: PSNR {:.2} dB, normalised error", psnr.mean);
    for (space, error) in errors {
        print!(" {space} {:.1} %", error.mean * 100.0);
    }
    println!(", grid {:.2}", measures.grid);
}
