//! `--task style`: one network for several styles, or one more style for a trained network.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use deepsim::Picture;
use deepsim::loss::Border;
use deepsim::loss::style::{Grams, StyleLoss};
use deepsim::model_file::Training;
use deepsim::nets::stylist::{Stylist, StylistShape};
use deepsim::picture;
use deepsim::random::generator_at;
use deepsim::restyle::stylist_of;
use deepsim::training::adam::adam;
use deepsim::training::average::Average;
use deepsim::training::offset::offset;
use deepsim::training::replicas::{average, averaged, gradients_of};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::picture::{content_scale, files, grams, loss, name_of, read};
use crate::config::Config;
use crate::data::loader::{Batch, Crops, Source};
use crate::measure::sheet;
use crate::models;
use crate::train::checkpoint::{Part, RunState, load_module, load_optimizer};
use crate::train::state::AVERAGE_PART;
use crate::train::task::{Outcome, Pictures, Task, digest};

/// Channels at the picture's own size of a network of width 1.
const CHANNELS: f64 = 16.0;
/// Separates the random numbers that choose styles from others.
const STYLES: u64 = u64::MAX - 3;
/// Pictures on a sheet of samples.
const SHOWN: usize = 4;

/// A style network in training.
pub struct StyleTask {
    network: Stylist,
    average: Average<Stylist>,
    optimizer: ModuleOptimizer,
    loss: StyleLoss,
    memory: Memory,
    /// The Gram matrices of each style that is trained.
    styles: Vec<Grams>,
    seed: u64,
    samples: Vec<Picture>,
    device: Device,
}

/// The part of a checkpoint that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Steps in the average.
    pub average_updates: u64,
    /// What the features of the content are divided by.
    pub content_scale: f32,
    /// The names of all styles.
    pub names: Vec<String>,
    /// The first style that is trained: those before it, and the network, stay as they are.
    pub first: usize,
}

/// Returns the network's shape for so many styles.
pub fn shape_of(config: &Config, styles: usize) -> StylistShape {
    // At least four, so the cast loses nothing but what is rounded.
    StylistShape { channels: ((CHANNELS * config.width / 4.0).round().max(1.0) as usize) * 4, styles }
}

impl StyleTask {
    /// Returns the network with its present weights.
    pub const fn network(&self) -> &Stylist {
        &self.network
    }

    /// Returns what the features of the content are divided by.
    pub const fn content_scale(&self) -> f32 {
        self.memory.content_scale
    }

    fn new(config: &Config, network: Stylist, memory: Memory, pictures: &Pictures, device: &Device) -> Result<Self> {
        let loss = loss(&config.styles.terms, memory.content_scale, device)?;
        let read = |path: &std::path::PathBuf| grams(&loss, &read(path, config.styles.style_size)?, device);
        let styles = files(&config.styles.style)?.iter().map(read).collect::<Result<Vec<_>>>()?;
        ensure!(memory.first + styles.len() == memory.names.len(), "--style names other pictures than when the run began");
        Ok(Self {
            average: Average::new(network.valid(), config.average_decay(), memory.average_updates),
            network,
            optimizer: adam(),
            loss,
            memory,
            styles,
            seed: config.seed,
            samples: pictures.samples.iter().take(SHOWN).cloned().collect(),
            device: device.clone(),
        })
    }
}

impl Task for StyleTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let added = files(&config.styles.style)?.iter().map(|path| name_of(path)).collect::<Vec<_>>();
        let content_scale = content_scale(&config.styles.terms, &pictures.training, config.size, device)?;
        let trained = device.clone().autodiff();
        let Some(path) = &config.init else {
            let network = Stylist::new(shape_of(config, added.len()), &trained);
            let memory = Memory { average_updates: 0, content_scale, names: added, first: 0 };
            return Ok((Self::new(config, network, memory, pictures, device)?, None));
        };
        let file = models::read(path)?;
        let named = || path.display().to_string();
        let known = stylist_of(file.card()).with_context(named)?;
        let fresh = Stylist::new(StylistShape { styles: known.styles + added.len(), ..known }, &trained);
        let old = file.apply(Stylist::new(known, &trained)).with_context(named)?;
        let names = file.card().style_names.iter().cloned().chain(added).collect();
        let memory = Memory { average_updates: 0, content_scale, names, first: known.styles };
        Ok((Self::new(config, fresh.extending(&old), memory, pictures, device)?, file.card().training.clone()))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let memory: Memory = state.memory()?;
        let channels = match &config.init {
            Some(path) => stylist_of(models::read(path)?.card())?.channels,
            None => shape_of(config, 0).channels,
        };
        let updates = memory.average_updates;
        let fresh = Stylist::new(StylistShape { channels, styles: memory.names.len() }, &device.clone().autodiff());
        let fresh = Self::new(config, fresh, memory, pictures, device)?;
        let average = load_module(checkpoint, AVERAGE_PART, fresh.average.module().clone())?;
        Ok(Self {
            network: load_module(checkpoint, "network.bpk", fresh.network)?,
            average: Average::new(average, config.average_decay(), updates),
            optimizer: load_optimizer(checkpoint, "adam.bpk", fresh.optimizer)?,
            ..fresh
        })
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Crops { dataset: Arc::clone(&pictures.training), side: config.size, crop: config.crop })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let contents: Tensor<4> = Tensor::from_data(batch.pictures, &self.device); // [batch, 3, side, side]
        let [count, ..] = contents.dims();
        let mut random = generator_at(self.seed, STYLES, step);
        let chosen: Vec<usize> = (0..batch.share.count * count).map(|_| random.random_range(0..self.styles.len())).collect();
        let chosen = batch.share.of(&chosen);
        let wanted = joined(&self.styles, chosen);
        let numbers: Vec<usize> = chosen.iter().map(|number| self.memory.first + number).collect();

        let made = self.network.forward(contents.clone(), &self.network.styles_of(&numbers)); // [batch, 3, side, side]
        let offset = offset(self.seed, step, Border::Cropped.range(contents.dims()[2]));
        let shifted = |x| offset.shift(x, Border::Cropped); // [batch, 3, side - range, side - range]
        let terms = self.loss.terms(shifted(made), shifted(contents), &wanted);
        let mut gradients = self.loss.total(&terms).backward();
        let gradients = match self.memory.first {
            0 => gradients_of(gradients, &self.network),
            // The others' rows have no gradient, and stay.
            _ => averaged(GradientsParams::from_params(&mut gradients, &self.network, &[self.network.styles_id()]), &self.network),
        };
        self.network = self.optimizer.step(rate, self.network, gradients);
        self.average = self.average.update(&self.network);
        // One small read-back a step.
        let mut read: Vec<f32> =
            Tensor::cat(vec![terms.content.inner(), terms.style.inner(), terms.variation.inner()], 0).into_data().iter().collect();
        average(&mut read);
        let terms = vec![("content", read[0]), ("style", read[1]), ("variation", read[2])];
        (self, Outcome { terms, trained: vec![("network", true)], waiting: None })
    }

    fn parts(&self) -> Result<Vec<Part>> {
        Ok(vec![
            ("network.bpk".to_owned(), self.network.valid().into_record().into_bytes()?.to_vec()),
            (AVERAGE_PART.to_owned(), self.average.module().clone().into_record().into_bytes()?.to_vec()),
            ("adam.bpk".to_owned(), self.optimizer.into_bytes()?.to_vec()),
        ])
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(Memory { average_updates: self.average.updates(), ..self.memory.clone() })?)
    }

    fn digest(&self) -> u64 {
        digest(self.average.module())
    }

    /// Returns a sheet of held-out pictures, and below them each style by the average.
    fn sample(&self) -> Result<Picture> {
        let network = self.average.module();
        let contents = picture::to_tensor(&self.samples, &self.device)?; // [samples, 3, side, side]
        let mut rows = vec![self.samples.clone()];
        for number in self.memory.first..self.memory.names.len() {
            let made = network.forward(contents.clone(), &network.styles_of(&[number])); // [samples, 3, side, side]
            rows.push(picture::from_data(&made.into_data())?);
        }
        sheet::sheet(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// Returns the Gram matrices `[batch, channels, channels]` of the chosen styles.
fn joined(styles: &[Grams], chosen: &[usize]) -> Grams {
    let places = styles.first().map_or(0, |grams| grams.0.len());
    let at = |place: usize| Tensor::cat(chosen.iter().map(|&number| styles[number].0[place].clone()).collect(), 0);
    Grams((0..places).map(at).collect())
}
