//! `--task invert`: an inverter of one layer, trained with the DeePSiM loss or a part of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::comparator::ScaledPlace;
use deepsim::inversion::inverter_of;
use deepsim::model_file::{InverterCard, Training};
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};
use deepsim::training::gate::Gate;
use deepsim::training::offset::offset;
use deepsim::training::state::TrainState;
use deepsim::training::step::Setup;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Config;
use crate::config::choices::LossPreset;
use crate::data::Dataset;
use crate::data::loader::{Batch, Crops, Source};
use crate::measure::sheet;
use crate::models;
use crate::train::checkpoint::{Part, RunState};
use crate::train::loss::loss_of;
use crate::train::optimizer::of_generator;
use crate::train::scale::{measure_scales, scaled_places};
use crate::train::state::{AdversarialMemory, Checkpointed};
use crate::train::task::{Outcome, Pictures, Task, digest};

/// An inverter and its adversary in training.
pub struct InversionTask {
    train_state: TrainState,
    setup: Setup,
    places: Vec<ScaledPlace>,
    seed: u64,
    size: usize,
    samples: Vec<Picture>,
    device: Device,
}

/// The part of a checkpoint that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Who trains at the next step.
    pub gate: Gate,
    /// Steps in the average.
    pub average_updates: u64,
    /// The divisor of the inverted layer's features.
    pub feature_scale: f32,
    /// Where the comparator compares, and what its features there are divided by.
    pub comparator: Vec<ScaledPlace>,
    /// What the features are divided by into which `--loss translation` translates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through_scale: Option<f32>,
}

/// Divisors of features.
struct Scales {
    /// Those of the inverted layer.
    inverted: f32,
    /// Those that `--loss translation` translates into.
    through: Option<f32>,
    /// Those that the comparator compares.
    compared: Vec<ScaledPlace>,
}

impl InversionTask {
    fn new(
        config: &Config,
        train_state: TrainState,
        scales: Scales,
        encoder: SqueezeNet,
        pictures: &Pictures,
        device: &Device,
    ) -> Result<Self> {
        let loss = loss_of(config, &scales.compared, device)?;
        let translation = config.through.zip(scales.through);
        Ok(Self {
            train_state,
            setup: Setup { encoder, layer: config.layer, scale: scales.inverted, loss, translation },
            places: scales.compared,
            seed: config.seed,
            size: config.size,
            samples: pictures.samples.clone(),
            device: device.clone(),
        })
    }
}

impl Task for InversionTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let fresh = fresh(config, device);
        let (train_state, known) = match &config.init {
            Some(path) => with_weights_of(fresh, path, config)?,
            None => (fresh, Known::default()),
        };
        let encoder = models::squeezenet(device)?;
        let scale = |layer| match known.scale_of(layer) {
            // An inverter that goes on learning keeps the scale that it knows.
            Some(known) => Ok(known),
            None => scale_of(layer, config, &pictures.training, &encoder, device),
        };
        let translated = config.through.filter(|_| config.loss == LossPreset::Translation);
        let scales = Scales {
            inverted: scale(config.layer)?,
            through: translated.map(scale).transpose()?,
            compared: scaled_places(config, &pictures.training, device)?,
        };
        Ok((Self::new(config, train_state, scales, encoder, pictures, device)?, known.training))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let Memory { gate, average_updates, feature_scale, comparator, through_scale } = state.memory()?;
        let remembered = AdversarialMemory { gate, average_updates, comparator: comparator.clone() };
        let train_state = fresh(config, device).restore(checkpoint, &remembered, config.average_decay())?;
        let scales = Scales { inverted: feature_scale, through: through_scale, compared: comparator };
        Self::new(config, train_state, scales, models::squeezenet(device)?, pictures, device)
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Crops { dataset: Arc::clone(&pictures.training), side: config.size, crop: config.crop })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let pictures = Tensor::from_data(batch.pictures, &self.device); // [batch, 3, side, side]
        let has_adversary = self.setup.has_adversary();
        let losses;
        let offset = offset(self.seed, step, self.setup.loss.border().range(self.size));
        (self.train_state, losses) = self.train_state.step(&self.setup, pictures, offset, rate);
        let outcome = Outcome {
            terms: losses.terms(),
            trained: vec![("discriminator", losses.discriminator_trained), ("inverter", losses.generator_trained)],
            waiting: losses.waiting(has_adversary, "the inverter"),
        };
        (self, outcome)
    }

    fn parts(&self) -> Result<Vec<Part>> {
        self.train_state.parts()
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(Memory {
            gate: self.train_state.gate,
            average_updates: self.train_state.average.updates(),
            feature_scale: self.setup.scale,
            comparator: self.places.clone(),
            through_scale: self.setup.translation.map(|(_, scale)| scale),
        })?)
    }

    fn digest(&self) -> u64 {
        digest(self.train_state.average.module())
    }

    /// Returns a sheet of held-out pictures above their inversions by the average.
    fn sample(&self) -> Result<Picture> {
        let Setup { encoder, layer, scale, .. } = &self.setup;
        let pictures = picture::to_tensor(&self.samples, &self.device)?; // [samples, 3, side, side]
        let features = encoder.features(pictures, *layer).div_scalar(*scale); // [samples, channels, grid, grid]
        let inverted = picture::from_data(&self.train_state.average.module().forward(features).into_data())?;
        sheet::sheet(&[&self.samples, &inverted])
    }
}

/// Returns the networks that a configuration asks for, with random weights.
fn fresh(config: &Config, device: &Device) -> TrainState {
    let train_state =
        TrainState::new(config.shape(), config.average_decay(), device).with_generator_optimizer(of_generator(config.optimizer));
    TrainState { discriminator: train_state.discriminator.deciding(config.discriminator.into()), ..train_state }
}

/// The training and the scale of the model that a run starts from.
#[derive(Default)]
struct Known {
    training: Option<Training>,
    /// The layer that it inverts, and the scale of its features.
    scale: Option<(Layer, f32)>,
}

impl Known {
    fn scale_of(&self, layer: Layer) -> Option<f32> {
        self.scale.and_then(|(known, scale)| (known == layer).then_some(scale))
    }
}

/// Returns the inverter with a model file's weights, the training behind them and their feature scale.
fn with_weights_of(fresh: TrainState, path: &Path, config: &Config) -> Result<(TrainState, Known)> {
    let file = models::read(path)?;
    let InverterCard { shape, feature_scale } = inverter_of(file.card()).with_context(|| path.display().to_string())?;
    let inverter = if shape == config.shape() {
        file.apply(fresh.generator.clone()).with_context(|| path.display().to_string())?
    } else {
        let ours = Parts::of(&fresh.generator);
        let theirs = Parts::of(&Inverter::new(shape, &Device::flex()));
        let (inverter, taken) = file.apply_what_fits(fresh.generator.clone(), |name| counted_from_the_end(name, ours, theirs))?;
        eprintln!("{taken} tensors of the inverter of {} fit this one; the others are random", shape.layer);
        inverter
    };
    let known = Known { training: file.card().training.clone(), scale: Some((shape.layer, feature_scale)) };
    Ok((fresh.starting_from(inverter, config.average_decay()), known))
}

/// How many translators and doublings an inverter has.
#[derive(Debug, Clone, Copy)]
struct Parts {
    translators: usize,
    blocks: usize,
}

impl Parts {
    const fn of(inverter: &Inverter) -> Self {
        Self { translators: inverter.translations(), blocks: inverter.doublings() }
    }
}

/// Returns the name that a tensor of the inverter with the parts `ours` has in one with `theirs`: what inverters of two layers have in common
/// is the end that makes the picture. Parts that the other does not have get a name that no tensor has.
fn counted_from_the_end(name: &str, ours: Parts, theirs: Parts) -> String {
    let renamed = |list: &str, ours: usize, theirs: usize| {
        let (number, rest) = name.strip_prefix(list)?.strip_prefix('.')?.split_once('.')?;
        let number: usize = number.parse().ok()?;
        let place = (number + theirs).checked_sub(ours);
        Some(place.map_or_else(|| format!("missing.{rest}"), |place| format!("{list}.{place}.{rest}")))
    };
    renamed("translators", ours.translators, theirs.translators)
        .or_else(|| renamed("blocks", ours.blocks, theirs.blocks))
        .unwrap_or_else(|| name.to_owned())
}

/// Measures the scale of a layer's features.
fn scale_of(layer: Layer, config: &Config, dataset: &Dataset, encoder: &SqueezeNet, device: &Device) -> Result<f32> {
    let measured = measure_scales(dataset, |pictures| vec![encoder.features(pictures, layer)], config.size, device)?;
    measured.first().copied().context("no picture to measure the features' scale on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_from_the_picture() {
        for (name, ours, theirs, wanted) in [
            ("blocks.4.smooth.weight", (0, 5), (0, 4), "blocks.3.smooth.weight"),
            ("blocks.0.narrow.bias", (0, 5), (0, 4), "missing.narrow.bias"),
            ("blocks.0.narrow.bias", (0, 3), (0, 5), "blocks.2.narrow.bias"),
            ("picture.weight", (0, 3), (0, 5), "picture.weight"),
            ("head.weight", (1, 3), (0, 3), "head.weight"),
            ("translators.0.head.weight", (1, 3), (0, 3), "missing.head.weight"),
            ("translators.1.head.weight", (2, 3), (1, 3), "translators.0.head.weight"),
        ] {
            let parts = |(translators, blocks)| Parts { translators, blocks };
            assert_eq!(counted_from_the_end(name, parts(ours), parts(theirs)), wanted);
        }
    }
}
