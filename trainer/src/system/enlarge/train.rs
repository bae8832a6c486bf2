//! `--task enlarge`: an upscaler, trained with the image loss, with features, or with DeePSiM.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use deepsim::Picture;
use deepsim::comparator::ScaledPlace;
use deepsim::loss::DeepSimLoss;
use deepsim::model_file::{Kind, Training};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::upscaler::{FACTOR, Upscaler, UpscalerShape};
use deepsim::picture;
use deepsim::training::losses::Pending;
use deepsim::training::offset::offset;
use deepsim::training::oppose::Verdict;
use deepsim::training::state::TrainState;
use serde_json::Value;

use super::measure::reduced;
use crate::config::Config;
use crate::data::loader::{Batch, Source};
use crate::data::pairs::Pairs;
use crate::measure::sheet;
use crate::models;
use crate::train::checkpoint::{Part, RunState};
use crate::train::loss::loss_of;
use crate::train::optimizer::of_generator;
use crate::train::scale::scaled_places;
use crate::train::state::{AdversarialMemory, Checkpointed};
use crate::train::task::{Outcome, Pictures, Task, digest};

/// An upscaler and its adversary in training.
pub struct EnlargeTask {
    /// The networks and their optimizers.
    pub train_state: TrainState<Upscaler>,
    /// Where the comparator compares.
    pub places: Vec<ScaledPlace>,
    loss: DeepSimLoss,
    seed: u64,
    size: usize,
    samples: Vec<Picture>,
    device: Device,
}

/// Returns the shape of the upscaler that a configuration asks for.
pub fn shape_of(config: &Config) -> UpscalerShape {
    let UpscalerShape { channels, blocks } = UpscalerShape::USUAL;
    // At least eight, so the cast loses nothing but what is rounded.
    UpscalerShape { channels: ((channels as f64 * config.width / 8.0).round().max(1.0) as usize) * 8, blocks }
}

impl EnlargeTask {
    fn new(
        config: &Config,
        train_state: TrainState<Upscaler>,
        places: Vec<ScaledPlace>,
        pictures: &Pictures,
        device: &Device,
    ) -> Result<Self> {
        let loss = loss_of(config, &places, device)?;
        let (samples, device) = (pictures.samples.clone(), device.clone());
        Ok(Self { train_state, loss, places, seed: config.seed, size: config.size, samples, device })
    }

    fn fresh(config: &Config, device: &Device) -> TrainState<Upscaler> {
        let trained = device.clone().autodiff();
        let upscaler = Upscaler::new(shape_of(config), &trained);
        let discriminator = Discriminator::of_pictures(&trained).deciding(config.discriminator.into());
        TrainState::of(upscaler, discriminator, config.average_decay()).with_generator_optimizer(of_generator(config.optimizer))
    }
}

impl Task for EnlargeTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let fresh = Self::fresh(config, device);
        let (train_state, training) = match &config.init {
            Some(path) => {
                let named = || path.display().to_string();
                let file = models::read(path)?;
                ensure!(file.card().kind == Kind::Upscaler(shape_of(config)), "{}: not an upscaler of this run's shape", named());
                let upscaler = file.apply(fresh.generator.clone()).with_context(named)?;
                (fresh.starting_from(upscaler, config.average_decay()), file.card().training.clone())
            }
            None => (fresh, None),
        };
        let places = scaled_places(config, &pictures.training, device)?;
        Ok((Self::new(config, train_state, places, pictures, device)?, training))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let memory: AdversarialMemory = state.memory()?;
        let train_state = Self::fresh(config, device).restore(checkpoint, &memory, config.average_decay())?;
        Self::new(config, train_state, memory.comparator, pictures, device)
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Pairs { dataset: Arc::clone(&pictures.training), side: config.size, degraded: config.degraded })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let pictures: Tensor<4> = Tensor::from_data(batch.pictures, &self.device); // [batch, 3, side, side]
        // `Pairs` always gives them.
        let small = batch.inputs.map(|inputs| Tensor::<4>::from_data(inputs, &self.device)); // [batch, 3, side / 4, side / 4]
        let small = small.unwrap_or_else(|| pictures.clone());
        let gate = self.train_state.gate;

        // A paused upscaler runs without a graph; the losses are the same.
        let network = if gate.generator { self.train_state.generator.clone() } else { self.train_state.generator.valid() };
        let made = network.forward(small); // [batch, 3, side, side]

        // Without an adversarial term there is no discriminator.
        let has_adversary = self.loss.weights().adversarial > 0.0;
        let verdict =
            if has_adversary { self.train_state.oppose(pictures.clone(), made.clone(), None) } else { Verdict::none(&self.device) };
        let offset = offset(self.seed, step, self.loss.border().range(self.size));
        let terms = self.loss.terms(made, pictures, verdict.logits, offset);
        self.train_state = self.train_state.learn(&self.loss.total(&terms), verdict.gradients, rate);

        let (losses, []) = Pending::new(terms, [verdict.real, verdict.made], [], gate, has_adversary).read();
        if has_adversary {
            self.train_state.gate = gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        let trained = vec![("discriminator", losses.discriminator_trained), ("generator", losses.generator_trained)];
        (self, Outcome { terms: losses.terms(), trained, waiting: losses.waiting(has_adversary, "the upscaler") })
    }

    fn parts(&self) -> Result<Vec<Part>> {
        self.train_state.parts()
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(self.train_state.memory(&self.places))?)
    }

    fn digest(&self) -> u64 {
        digest(self.train_state.average.module())
    }

    /// Returns a sheet of held-out pictures, their small pictures with each pixel repeated, and the enlargements by the average.
    fn sample(&self) -> Result<Picture> {
        let small = self.samples.iter().map(reduced).collect::<Result<Vec<_>>>()?;
        let made = self.train_state.average.module().forward(picture::to_tensor(&small, &self.device)?); // [samples, 3, side, side]
        let made = picture::from_data(&made.into_data())?;
        let repeated = small.iter().map(repeated).collect::<Result<Vec<_>>>()?;
        sheet::sheet(&[&self.samples, &repeated, &made])
    }
}

/// Returns a picture with each pixel repeated four times in each direction.
fn repeated(small: &Picture) -> Result<Picture> {
    let row = |row: usize| {
        let values = &small.rgb()[row * small.width() * 3..(row + 1) * small.width() * 3];
        values.chunks_exact(3).flat_map(|pixel| pixel.repeat(FACTOR)).collect::<Vec<u8>>()
    };
    let rgb = (0..small.height()).flat_map(|at| row(at).repeat(FACTOR)).collect();
    Ok(Picture::from_rgb(small.width() * FACTOR, small.height() * FACTOR, rgb)?)
}
