//! An inverter in training, with all that its steps need in memory: what the page trains.

mod error;
mod fresh;
mod measured;
mod saved;

use std::sync::Arc;

use burn::tensor::Device;
use rand::RngExt;
use serde::{Deserialize, Serialize};

pub use error::RunError;
pub use measured::Measured;

use super::augment::augment;
use super::gate::Gate;
use super::losses::Losses;
use super::offset::offset;
use super::order::Order;
use super::state::TrainState;
use super::step::Setup;
use crate::Picture;
use crate::comparator::{Comparator, Network, ScaledPlace};
use crate::layer::is_valid_side;
use crate::loss::{DeepSimLoss, Weights};
use crate::model_file::{ModelFile, Training};
use crate::nets::inverter::InverterShape;
use crate::nets::squeezenet::SqueezeNet;
use crate::picture;
use crate::random::generator_at;

/// Crops after which the current weights count half in their moving average: a short run has no time for the trainer's 5000.
const HALF_LIFE: f64 = 500.0;

/// Pictures to learn from, and pictures to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureSet {
    /// What they are, for the model's card.
    pub name: String,
    /// Crops are taken from these.
    pub training: Vec<Picture>,
    /// Never trained on.
    pub held_out: Vec<Picture>,
}

/// The configuration of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RunOptions {
    /// The inverter.
    pub shape: InverterShape,
    /// Side of the crops, pixels.
    pub size: usize,
    /// Crops a step.
    pub batch: usize,
    /// The random seed: of the first weights, the crops and their order.
    pub seed: u64,
}

/// A run.
pub struct Run {
    options: RunOptions,
    pictures: Arc<PictureSet>,
    setup: Setup,
    places: Vec<ScaledPlace>,
    /// Nothing after the device has failed.
    state: Option<TrainState>,
    order: Order,
    step: u64,
    started_from: Option<Training>,
    /// The newest learning rate, for the card.
    rate: f64,
    device: Device,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepped {
    /// Steps so far.
    pub step: u64,
    /// The losses of the weights before the step, and who trained.
    pub losses: Losses,
    /// Who trains at the next step.
    pub gate: Gate,
}

impl Run {
    /// Begins a run: with random weights, or with those of an inverter's model file, whose shape then must be the one of the options.
    ///
    /// # Errors
    /// If the options do not fit, there are no pictures, the model file is another's, or the device fails.
    pub async fn begin(
        options: RunOptions,
        squeezenet: &SqueezeNet,
        pictures: Arc<PictureSet>,
        init: Option<&ModelFile>,
        device: &Device,
    ) -> Result<Self, RunError> {
        check(&options, &pictures)?;
        let (mut scale, places) = fresh::scales(squeezenet, &options, &pictures, device).await?;
        let mut state = fresh::state(&options, device).await?;
        let mut started_from = None;
        if let Some(file) = init {
            let known;
            (state, known) = fresh::with_weights_of(state, file, &options)?;
            scale = known;
            started_from = file.card().training.clone();
        }
        Self::with(options, squeezenet, pictures, (scale, places), state, started_from, device)
    }

    fn with(
        options: RunOptions,
        squeezenet: &SqueezeNet,
        pictures: Arc<PictureSet>,
        (scale, places): (f32, Vec<ScaledPlace>),
        state: TrainState,
        started_from: Option<Training>,
        device: &Device,
    ) -> Result<Self, RunError> {
        let everything = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
        let loss = DeepSimLoss::new(Comparator::at(squeezenet.clone(), &places)?, everything);
        let setup = Setup { encoder: squeezenet.clone(), layer: options.shape.layer, scale, loss, translation: None };
        let (order, device) = (Order::new(options.seed), device.clone());
        Ok(Self { options, pictures, setup, places, state: Some(state), order, step: 0, started_from, rate: 0.0, device })
    }

    /// Returns the configuration.
    pub const fn options(&self) -> RunOptions {
        self.options
    }

    /// Returns the number of steps so far.
    pub const fn steps(&self) -> u64 {
        self.step
    }

    /// Sets the weights of the loss's terms, from the next step on.
    pub const fn set_weights(&mut self, weights: Weights) {
        self.setup.loss.set_weights(weights);
    }

    /// Makes one step with Adam's learning rate.
    ///
    /// # Errors
    /// If a picture cannot be cropped, or the device fails; then the run is over.
    pub async fn step(&mut self, rate: f64) -> Result<Stepped, RunError> {
        let crops = picture::to_tensor(&self.crops()?, &self.device)?; // [batch, 3, size, size]
        let offset = offset(self.options.seed, self.step, self.setup.loss.border().range(self.options.size));
        let state = self.state.take().ok_or_else(lost)?;
        let (state, losses) = state.step_async(&self.setup, crops, offset, rate).await?;
        let gate = state.gate;
        self.state = Some(state);
        self.step += 1;
        self.rate = rate;
        Ok(Stepped { step: self.step, losses, gate })
    }

    /// Returns the crops of the next step.
    ///
    /// # Errors
    /// If a picture cannot be cropped.
    pub fn crops(&mut self) -> Result<Vec<Picture>, RunError> {
        let RunOptions { size, batch, seed, .. } = self.options;
        let training = &self.pictures.training;
        let count = training.len();
        let mut crops = Vec::with_capacity(batch);
        for slot in 0..batch as u64 {
            let (epoch, index) = self.order.at(self.step * batch as u64 + slot, count);
            let mut random = generator_at(seed, epoch, index as u64);
            let other = |random: &mut rand_chacha::ChaCha8Rng| training.get(random.random_range(0..count)).cloned();
            crops.push(augment(&training[index], other, size, &mut random)?);
        }
        Ok(crops)
    }

    fn state(&self) -> Result<&TrainState, RunError> {
        self.state.as_ref().ok_or_else(lost)
    }
}

fn lost() -> RunError {
    RunError::Device("the run ended with it".into())
}

/// Fails where a run could not make a step.
fn check(options: &RunOptions, pictures: &PictureSet) -> Result<(), RunError> {
    let RunOptions { shape, size, batch, .. } = *options;
    let wrong = |reason: String| Err(RunError::Options(reason));
    if pictures.training.is_empty() || pictures.held_out.is_empty() {
        return wrong("there are no pictures to learn from, or none to look at".into());
    }
    if shape.layer.stride().is_none() || shape.through.is_some() {
        return wrong(format!("inverters of {} are trained by `trainer` alone", shape.layer));
    }
    if !is_valid_side(size) || batch == 0 {
        return wrong(format!("crops of {size} pixels, {batch} a step: the side must be a multiple of 16 and at least 32"));
    }
    Ok(())
}

/// Returns how much of the average of the weights a step keeps.
fn average_decay(batch: usize) -> f64 {
    0.5f64.powf(batch as f64 / HALF_LIFE)
}

/// The network that compares.
const COMPARATOR: Network = Network::Squeezenet;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::Layer;
    use crate::model_file::Kind;

    /// Returns what a future gives that the processor never has to wait for.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the processor is waited for"),
        }
    }

    fn pictures() -> Arc<PictureSet> {
        let picture = |number: usize| {
            let rgb = (0..48 * 48).flat_map(|at| [at % 48 * 5, at / 48 * 5, number * 25].map(|value| value as u8)).collect();
            Picture::from_rgb(48, 48, rgb).unwrap()
        };
        Arc::new(PictureSet { name: "gradients".into(), training: (0..5).map(picture).collect(), held_out: vec![picture(9)] })
    }

    fn options() -> RunOptions {
        RunOptions { shape: InverterShape { width: 0.25, ..Layer::Pool1.into() }, size: 32, batch: 2, seed: 3 }
    }

    fn begin(options: RunOptions) -> Result<Run, RunError> {
        let device = Device::flex();
        now(Run::begin(options, &SqueezeNet::random(1, &device), pictures(), None, &device))
    }

    #[test]
    fn a_run_learns_and_goes_on_from_what_was_saved() {
        let mut run = begin(options()).unwrap();
        run.set_weights(Weights { image: 1.0, feature: 0.0, adversarial: 0.0 });
        let losses: Vec<f32> = (0..40).map(|_| now(run.step(2e-3)).unwrap().losses.image).collect();
        let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
        assert!(mean(&losses[30..]) < 0.7 * mean(&losses[..4]), "{losses:?}");

        let device = Device::flex();
        let saved = now(run.save()).unwrap();
        let mut again = Run::restore(&saved, &SqueezeNet::random(1, &device), pictures(), &device).unwrap();
        assert_eq!(again.steps(), 40);
        assert_eq!(now(again.measure()).unwrap(), now(run.measure()).unwrap());
        // The same crops with the same weights; what Adam remembers differs, and that does not show in the losses of this step.
        assert_eq!(now(again.step(2e-3)).unwrap(), now(run.step(2e-3)).unwrap());
        assert!(Run::restore(&saved[..saved.len() / 2], &SqueezeNet::random(1, &device), pictures(), &device).is_err());
    }

    #[test]
    fn two_runs_of_one_seed_are_the_same_and_their_card_says_what_they_saw() {
        let mut run = begin(options()).unwrap();
        let mut twin = begin(options()).unwrap();
        for _ in 0..3 {
            assert_eq!(now(run.step(1e-3)).unwrap(), now(twin.step(1e-3)).unwrap());
        }
        let file = now(run.export()).unwrap();
        let training = file.card().training.as_ref().unwrap();
        assert_eq!((training.data.as_str(), training.pictures_seen, training.size), ("gradients", 6, 32));
        assert!(matches!(file.card().kind, Kind::Inverter(card) if card.shape == options().shape));
        let tuned = now(Run::begin(options(), &SqueezeNet::random(1, &Device::flex()), pictures(), Some(&file), &Device::flex())).unwrap();
        let error = now(tuned.measure()).unwrap().errors.picture - now(run.measure()).unwrap().errors.picture;
        // The file holds 16 bits a weight.
        assert!(error.abs() < 1e-2, "{error}");
    }

    #[test]
    fn options_that_cannot_be_are_refused() {
        for options in [
            RunOptions { size: 40, ..options() },
            RunOptions { batch: 0, ..options() },
            RunOptions { shape: Layer::Scores.into(), ..options() },
        ] {
            assert!(matches!(begin(options), Err(RunError::Options(_))), "{options:?}");
        }
    }
}
