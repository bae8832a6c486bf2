//! `--task lapgan`: the levels of a pyramid, each with its own generator and adversary. Each learns from real coarse pictures, so they do not wait for
//! each other (Denton et al. 2015, section 3).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use deepsim::Picture;
use deepsim::comparator::ScaledPlace;
use deepsim::generation::latent;
use deepsim::lapgan::{PyramidGenerator, lapgan_of};
use deepsim::loss::{Border, DeepSimLoss, Offset};
use deepsim::model_file::Training;
use deepsim::nets::lapgan::{COARSEST, Lapgan, LapganShape, noise_shape};
use deepsim::picture;
use deepsim::pyramid::reduce;
use deepsim::training::average::Average;
use deepsim::training::gate::Gate;
use deepsim::training::offset::offset;
use deepsim::training::state::TrainState;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::level::{Lesson, TrainedLevel, check_levels};
use crate::config::Config;
use crate::data::classes::Classes;
use crate::data::loader::{Batch, Crops, Share, Source};
use crate::measure::sheet;
use crate::models;
use crate::train::checkpoint::{Part, RunState};
use crate::train::loss::loss_of;
use crate::train::scale::scaled_places;
use crate::train::state::{AdversarialMemory, Checkpointed};
use crate::train::task::{Outcome, Pictures, Task, digest};

/// Separates the seeds of noise that is drawn while training from those of samples that are looked at.
const NOISE: u64 = 1 << 63;
/// Separates the noise on real coarse pictures from the noise that levels are given; the level's number is added.
const COARSE: u64 = 1 << 32;

/// The part of a checkpoint that is not a tensor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LapganMemory {
    /// For each level, the coarsest first.
    pub levels: Vec<AdversarialMemory>,
}

/// The levels of a pyramid in training.
pub struct LapganTask {
    levels: Vec<TrainedLevel>,
    config: Config,
    shape: LapganShape,
    classes: Option<Classes>,
    comparing: Option<DeepSimLoss>,
    places: Vec<ScaledPlace>,
    samples: Vec<Picture>,
    device: Device,
}

/// Returns the shape of a run's pyramid, and the classes of its pictures.
///
/// # Errors
/// If the classes cannot be read.
pub fn shape_of(config: &Config, pictures: &crate::data::Dataset) -> Result<(LapganShape, Option<Classes>)> {
    let classes = Classes::open(config, pictures)?;
    Ok((LapganShape { side: config.size, classes: classes.as_ref().map_or(0, |classes| classes.names.len()) }, classes))
}

impl LapganTask {
    fn new(config: &Config, pictures: &Pictures, places: Vec<ScaledPlace>, device: &Device) -> Result<Self> {
        let (shape, classes) = shape_of(config, &pictures.training)?;
        check_levels(&config.pyramid.level, &shape.sides())?;
        let comparing = match places.is_empty() {
            true => None,
            false => Some(loss_of(config, &places, device)?),
        };
        Ok(Self {
            levels: shape.sides().into_iter().map(|side| TrainedLevel::new(side, shape.classes, config, device)).collect(),
            config: config.clone(),
            shape,
            classes,
            comparing: comparing.map(|loss| loss.with_border(Border::Mirrored)),
            places,
            samples: pictures.samples.clone(),
            device: device.clone(),
        })
    }

    fn trains(&self, side: usize) -> bool {
        self.config.pyramid.level.is_empty() || self.config.pyramid.level.contains(&side)
    }

    /// Returns standard normal numbers for a share of a step, as many as `shape` asks for.
    fn noise(&self, step: u64, purpose: u64, shape: [usize; 4], share: Share) -> Tensor<4> {
        let values = latent(self.config.seed ^ NOISE, step, purpose, share.count * shape.iter().product::<usize>());
        Tensor::from_data(TensorData::new(share.of(&values).to_vec(), shape), &self.device)
    }

    /// Returns the level of this side, if there is one.
    pub fn level(&self, side: usize) -> Option<&TrainedLevel> {
        self.levels.iter().find(|level| level.side == side)
    }

    /// Lets every network train at the next step.
    pub fn open_gates(&mut self) {
        for level in &mut self.levels {
            level.state.gate = Gate::OPEN;
        }
    }

    /// Returns the noise of the level of a side for a share of a step, of so many pictures; see [`noise_shape`].
    pub fn noise_of(&self, step: u64, side: usize, count: usize, share: Share) -> Tensor<4> {
        let [channels, places] = noise_shape(side);
        let level = (side / COARSEST).ilog2();
        self.noise(step, u64::from(level), [count, channels, places, places], share)
    }

    /// Returns the averaged generators.
    fn average(&self) -> Lapgan {
        Lapgan { levels: self.levels.iter().map(|level| level.state.average.module().clone()).collect() }
    }
}

impl Task for LapganTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let compares = config.weights().feature > 0.0;
        let places = if compares { scaled_places(config, &pictures.training, device)? } else { Vec::new() };
        let mut task = Self::new(config, pictures, places, device)?;
        let Some(path) = &config.init else { return Ok((task, None)) };
        let named = || path.display().to_string();
        let file = models::read(path)?;
        let found = lapgan_of(file.card()).with_context(named)?;
        ensure!(found == task.shape, "{}: a LAPGAN of another side or other classes than this run's", named());
        let fresh = Lapgan { levels: task.levels.iter().map(|level| level.state.generator.clone()).collect() };
        let decay = config.average_decay();
        let start = |(level, generator): (TrainedLevel, _)| {
            let state = TrainState { average: Average::new(Module::valid(&generator), decay, 0), generator, ..level.state };
            TrainedLevel { state, ..level }
        };
        task.levels = task.levels.into_iter().zip(file.apply(fresh).with_context(named)?.levels).map(start).collect();
        Ok((task, file.card().training.clone()))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let memory: LapganMemory = state.memory()?;
        let places = memory.levels.first().map(|level| level.comparator.clone()).unwrap_or_default();
        let mut task = Self::new(config, pictures, places, device)?;
        ensure!(memory.levels.len() == task.levels.len(), "the checkpoint is one of a pyramid with other levels");
        let restore = |(level, memory): (TrainedLevel, &AdversarialMemory)| {
            let prefix = TrainedLevel::prefix(level.side);
            let state = level.state.restore_of(&prefix, checkpoint, memory, config.average_decay())?;
            Ok(TrainedLevel { state, ..level })
        };
        task.levels = task.levels.into_iter().zip(&memory.levels).map(restore).collect::<Result<_>>()?;
        Ok(task)
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Crops { dataset: Arc::clone(&pictures.training), side: config.size, crop: config.crop })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let count = batch.indices.len();
        let classes = self.classes.as_ref().map(|classes| {
            let rows = TensorData::new(classes.rows(&batch.indices), [count, classes.names.len(), 1, 1]);
            Tensor::<4>::from_data(rows, &self.device) // [batch, classes, 1, 1]
        });
        let mut pictures = vec![Tensor::<4>::from_data(batch.pictures, &self.device)]; // [batch, 3, side, side]
        while pictures[0].dims()[3] > COARSEST {
            pictures.insert(0, reduce(pictures[0].clone())); // [batch, 3, side / 2, side / 2]
        }
        let weights = self.config.weights();
        let has_adversary = weights.adversarial > 0.0;

        let levels = std::mem::take(&mut self.levels);
        let mut launched = Vec::with_capacity(levels.len());
        for (at, level) in levels.into_iter().enumerate() {
            let side = level.side;
            if !self.trains(side) {
                launched.push((level, None));
                continue;
            }
            let most_shift = (side as f64 * self.config.pyramid.shift) as usize;
            let Offset { left, top } = offset(self.config.seed ^ NOISE, step, 2 * most_shift);
            let before = at.checked_sub(1).map(|before| {
                let coarse = pictures[before].clone(); // [batch, 3, side / 2, side / 2]
                match self.config.pyramid.coarse_noise {
                    0.0 => coarse,
                    deviation => coarse.clone() + self.noise(step, COARSE + at as u64, coarse.dims(), batch.share).mul_scalar(deviation),
                }
            });
            let lesson = Lesson {
                pictures: pictures[at].clone(),
                before,
                noise: self.noise_of(step, side, count, batch.share),
                classes: classes.clone(),
                comparing: self.comparing.as_ref(),
                weights,
                offset: offset(self.config.seed, step, Border::Mirrored.range(side)),
                shift: [top, left],
                most_shift,
            };
            let (level, losses) = level.step(&lesson, rate);
            launched.push((level, Some(losses)));
        }

        let mut outcome = Outcome { terms: Vec::new(), trained: Vec::new(), waiting: None };
        for (mut level, losses) in launched {
            if let Some(losses) = losses {
                let (losses, []) = losses.read();
                let of_level = level.conclude(&losses, has_adversary);
                outcome.terms.extend(of_level.terms);
                outcome.trained.extend(of_level.trained);
                outcome.waiting = outcome.waiting.or(of_level.waiting);
            }
            self.levels.push(level);
        }
        (self, outcome)
    }

    fn parts(&self) -> Result<Vec<Part>> {
        let parts = self.levels.iter().map(|level| level.state.parts_of(&TrainedLevel::prefix(level.side)));
        Ok(parts.collect::<Result<Vec<_>>>()?.concat())
    }

    fn memory(&self) -> Result<Value> {
        let levels = self.levels.iter().map(|level| level.state.memory(&self.places)).collect();
        Ok(serde_json::to_value(LapganMemory { levels })?)
    }

    fn digest(&self) -> u64 {
        self.levels.iter().fold(0, |sum, level| sum ^ digest(level.state.average.module()))
    }

    /// Returns a sheet of held-out pictures, what the averaged generators make of their coarsest versions, and pictures of noise.
    fn sample(&self) -> Result<Picture> {
        let classes = self.classes.as_ref().map(Classes::shares).unwrap_or_default();
        let generator = PyramidGenerator::of(self.average(), self.shape, classes, &self.device)?;
        let made = |pictures: Tensor<4>| Ok::<_, anyhow::Error>(picture::from_data(&pictures.into_data())?);
        let count = self.samples.len() as u64;
        // The same ones every time, so that one sees what becomes of them.
        let noise: Vec<_> = (0..2 * count).map(|place| generator.draw(0, place, &[], None)).collect();
        let mut rows = vec![self.samples.clone()];
        let mut coarse = picture::to_tensor(&self.samples, &self.device)?; // [samples, 3, side, side]
        while coarse.dims()[3] > COARSEST {
            coarse = reduce(coarse); // [samples, 3, side / 2, side / 2]
        }
        if let Some(refined) = generator.refine(coarse, 0, &noise[..self.samples.len()]).pop() {
            rows.push(made(refined.pictures)?);
        }
        for noise in noise.chunks(self.samples.len()) {
            rows.extend(generator.grow(noise).pop().map(|level| made(level.pictures)).transpose()?);
        }
        sheet::sheet(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}
