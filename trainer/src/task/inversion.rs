//! `--task invert`: an inverter of one layer, trained with the DeePSiM loss or a part of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::comparator::ScaledPlace;
use deepsim::inversion::inverter_of;
use deepsim::loss::{DeepSimLoss, Offset};
use deepsim::model_file::{InverterCard, Training};
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Outcome, Pictures, Task};
use crate::checkpoint::{Part, State};
use crate::choices::LossPreset;
use crate::config::Config;
use crate::data::Dataset;
use crate::data::loader::{Batch, Crops, Source};
use crate::gate::Gate;
use crate::random::random;
use crate::scale::measure_scales;
use crate::step::Setup;
use crate::trainee::Trainee;
use crate::{model, samples};

/// Separates the offsets' random numbers from the crops' and the shuffling's.
const OFFSETS: u64 = u64::MAX - 1;

/// An inverter and its adversary in training.
pub struct Inversion {
    trainee: Trainee,
    setup: Setup,
    places: Vec<ScaledPlace>,
    seed: u64,
    size: usize,
    samples: Vec<Picture>,
    device: Device,
}

/// What a checkpoint remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Who trains at the next step.
    pub gate: Gate,
    /// Steps in the average.
    pub average_updates: u64,
    /// What the inverted layer's features are divided by.
    pub feature_scale: f32,
    /// Where the comparator compares, and what its features there are divided by.
    pub comparator: Vec<ScaledPlace>,
    /// What the features are divided by into which `--loss translation` translates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through_scale: Option<f32>,
}

/// What features are divided by.
struct Scales {
    /// Those of the inverted layer.
    inverted: f32,
    /// Those that `--loss translation` translates into.
    through: Option<f32>,
    /// Those that the comparator compares.
    compared: Vec<ScaledPlace>,
}

impl Inversion {
    fn new(config: &Config, trainee: Trainee, scales: Scales, encoder: SqueezeNet, pictures: &Pictures, device: &Device) -> Result<Self> {
        let loss = DeepSimLoss::new(model::comparator(config.network(), &scales.compared, device)?, config.weights());
        let translation = config.through.zip(scales.through);
        Ok(Self {
            trainee,
            setup: Setup { encoder, layer: config.layer, scale: scales.inverted, loss, translation },
            places: scales.compared,
            seed: config.seed,
            size: config.size,
            samples: pictures.samples.clone(),
            device: device.clone(),
        })
    }
}

impl Task for Inversion {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let fresh = fresh(config, device);
        let (trainee, known) = match &config.init {
            Some(path) => with_weights_of(fresh, path, config)?,
            None => (fresh, Known::default()),
        };
        let encoder = model::squeezenet(device)?;
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
        Ok((Self::new(config, trainee, scales, encoder, pictures, device)?, known.training))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &State, device: &Device) -> Result<Self> {
        let Memory { gate, average_updates, feature_scale, comparator, through_scale } = state.memory()?;
        let trainee = Trainee { gate, ..fresh(config, device).load(checkpoint, average_updates, config.average_decay())? };
        let scales = Scales { inverted: feature_scale, through: through_scale, compared: comparator };
        Self::new(config, trainee, scales, model::squeezenet(device)?, pictures, device)
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Crops { dataset: Arc::clone(&pictures.training), side: config.size, crop: config.crop })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let pictures = Tensor::from_data(batch.pictures, &self.device); // [batch, 3, side, side]
        let has_adversary = self.setup.has_adversary();
        let losses;
        let offset = offset(self.seed, step, self.setup.loss.border().range(self.size));
        (self.trainee, losses) = self.trainee.step(&self.setup, pictures, offset, rate);
        let outcome = Outcome {
            terms: losses.terms(),
            trained: vec![("discriminator", losses.discriminator_trained), ("inverter", losses.generator_trained)],
            waiting: losses.waiting(has_adversary, "the inverter"),
        };
        (self, outcome)
    }

    fn parts(&self) -> Result<Vec<Part>> {
        self.trainee.parts()
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(Memory {
            gate: self.trainee.gate,
            average_updates: self.trainee.average.updates(),
            feature_scale: self.setup.scale,
            comparator: self.places.clone(),
            through_scale: self.setup.translation.map(|(_, scale)| scale),
        })?)
    }

    /// Held-out pictures above their inversions by the average.
    fn sample(&self) -> Result<Picture> {
        let Setup { encoder, layer, scale, .. } = &self.setup;
        let pictures = picture::to_tensor(&self.samples, &self.device)?; // [samples, 3, side, side]
        let features = encoder.features(pictures, *layer).div_scalar(*scale); // [samples, channels, grid, grid]
        let inverted = picture::from_data(&self.trainee.average.module().forward(features).into_data())?;
        samples::sheet(&[&self.samples, &inverted])
    }
}

/// How far picture and what is made of it are shifted before the comparator at a step, by `range` pixels at most.
pub(super) fn offset(seed: u64, step: u64, range: usize) -> Offset {
    let mut random = random(seed, OFFSETS, step);
    Offset { left: random.random_range(0..=range), top: random.random_range(0..=range) }
}

/// Returns the networks that a configuration asks for, with random weights.
fn fresh(config: &Config, device: &Device) -> Trainee {
    let trainee = Trainee::new(config.shape(), config.average_decay(), device).with_optimizer(config.optimizer);
    Trainee { discriminator: trainee.discriminator.deciding(config.discriminator.into()), ..trainee }
}

/// What is known of the model that a run starts from.
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
fn with_weights_of(fresh: Trainee, path: &Path, config: &Config) -> Result<(Trainee, Known)> {
    let file = model::read(path)?;
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

/// Where the comparator compares, scaled.
pub(super) fn scaled_places(config: &Config, dataset: &Dataset, device: &Device) -> Result<Vec<ScaledPlace>> {
    let unscaled: Vec<_> = config.places().into_iter().map(|place| ScaledPlace { place, scale: 1.0 }).collect();
    if unscaled.is_empty() {
        return Ok(unscaled);
    }
    let comparator = model::comparator(config.network(), &unscaled, device)?;
    let scales = measure_scales(dataset, |pictures| comparator.features(pictures), config.size, device)?;
    Ok(unscaled.into_iter().zip(scales).map(|(place, scale)| ScaledPlace { scale, ..place }).collect())
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
