//! `--task autoencoder | vae | vaegan`: picture -> code -> picture, with the DeePSiM loss or a part of it (DeePSiM, sections 4.1 and 4.2),
//! or with the discriminator itself as the comparator (Larsen et al. 2015).
//!
//! The three are one step. What differs: a variational code is drawn, and its divergence counts; and in whose features VAE/GAN compares (`Comparing`).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use deepsim::Picture;
use deepsim::comparator::{Network, ScaledPlace};
use deepsim::loss::{Border, DeepSimLoss, Divergence, IMAGE_MEAN_SQUARE, Terms, Weights, mean_square, real_loss, total};
use deepsim::model_file::{AutoencoderCard, Kind, Training};
use deepsim::nets::autoencoder::{Autoencoder, Code, Posterior};
use deepsim::nets::discriminator::Discriminator;
use deepsim::picture;
use deepsim::training::losses::Pending;
use deepsim::training::offset::offset;
use deepsim::training::oppose::Verdict;
use deepsim::training::state::TrainState;
use serde_json::Value;

use super::draws::Draws;
use crate::config::Config;
use crate::data::loader::{Batch, Crops, Share, Source};
use crate::measure::sheet;
use crate::models;
use crate::train::checkpoint::{Part, RunState};
use crate::train::loss::loss_of;
use crate::train::optimizer::of_generator;
use crate::train::scale::scaled_places;
use crate::train::state::{AdversarialMemory, Checkpointed};
use crate::train::task::{Outcome, Pictures, Task, digest};

/// Separates the seeds of codes that are drawn while training from those of samples that are looked at.
const NOISE: u64 = 1 << 63;

/// In whose features pictures and their reconstructions are compared.
enum Comparing {
    /// In a fixed network's: DeePSiM.
    Fixed(DeepSimLoss),
    /// In the discriminator's, as it is at this step: VAE/GAN.
    Discriminator(Weights),
}

/// An autoencoder and its adversary in training.
pub struct GenerationTask {
    train_state: TrainState<Autoencoder>,
    comparing: Comparing,
    places: Vec<ScaledPlace>,
    code: Code,
    /// From what codes are drawn whose pictures the adversary sees, too, if it does.
    draws: Option<Draws>,
    divergence: Option<Divergence>,
    seed: u64,
    size: usize,
    samples: Vec<Picture>,
    device: Device,
}

/// Returns the description of the network for the model's card.
pub fn card_of(config: &Config) -> AutoencoderCard {
    AutoencoderCard { code: config.code(), side: config.size }
}

impl GenerationTask {
    fn new(
        config: &Config,
        train_state: TrainState<Autoencoder>,
        places: Vec<ScaledPlace>,
        draws: Draws,
        pictures: &Pictures,
        device: &Device,
    ) -> Result<Self> {
        let comparing = match config.network() {
            Network::Discriminator => Comparing::Discriminator(config.weights()),
            _ => Comparing::Fixed(loss_of(config, &places, device)?.with_border(Border::Mirrored)),
        };
        Ok(Self {
            train_state,
            comparing,
            places,
            code: config.code(),
            draws: config.shows_draws().then_some(draws),
            divergence: config.divergence(),
            seed: config.seed,
            size: config.size,
            samples: pictures.samples.clone(),
            device: device.clone(),
        })
    }

    fn fresh(config: &Config, device: &Device) -> TrainState<Autoencoder> {
        let trained = device.clone().autodiff();
        let autoencoder = Autoencoder::new(config.code(), config.size, &trained);
        TrainState::of(autoencoder, Discriminator::of_pictures(&trained), config.average_decay())
            .with_generator_optimizer(of_generator(config.optimizer))
    }

    /// Returns codes `[count, latent, 1, 1]` for a share of a step. `purpose` separates the random numbers of different uses.
    fn drawn(&self, from: &Draws, size: usize, count: usize, share: Share, step: u64, purpose: u64) -> Tensor<4> {
        let values = from.codes(self.seed ^ NOISE, step, purpose, share.count * count, size);
        Tensor::<1>::from_floats(share.of(&values), &self.device).reshape([count, size, 1, 1]) // [count, latent, 1, 1]
    }

    /// Returns standard normal noise of the same shape.
    fn noise(&self, size: usize, count: usize, share: Share, step: u64, purpose: u64) -> Tensor<4> {
        self.drawn(&Draws::default(), size, count, share, step, purpose)
    }

    const fn weights(&self) -> Weights {
        match &self.comparing {
            Comparing::Fixed(loss) => loss.weights(),
            Comparing::Discriminator(weights) => *weights,
        }
    }
}

impl Task for GenerationTask {
    fn begin(config: &Config, pictures: &Pictures, device: &Device) -> Result<(Self, Option<Training>)> {
        let fresh = Self::fresh(config, device);
        let (train_state, draws, training) = match &config.init {
            Some(path) => {
                let named = || path.display().to_string();
                let file = models::read(path)?;
                ensure!(
                    file.card().kind == Kind::Autoencoder(card_of(config)),
                    "{}: not an autoencoder with the code and the side of this run",
                    path.display()
                );
                let autoencoder = file.apply(fresh.generator.clone()).with_context(named)?;
                let state = fresh.starting_from(autoencoder, config.average_decay());
                (state, Draws::of_model(&file).with_context(named)?, file.card().training.clone())
            }
            None => (fresh, Draws::default(), None),
        };
        let places = scaled_places(config, &pictures.training, device)?;
        Ok((Self::new(config, train_state, places, draws, pictures, device)?, training))
    }

    fn load(config: &Config, pictures: &Pictures, checkpoint: &Path, state: &RunState, device: &Device) -> Result<Self> {
        let memory: AdversarialMemory = state.memory()?;
        let train_state = Self::fresh(config, device).restore(checkpoint, &memory, config.average_decay())?;
        Self::new(config, train_state, memory.comparator, Draws::of_checkpoint(checkpoint)?, pictures, device)
    }

    fn source(config: &Config, pictures: &Pictures) -> Arc<dyn Source> {
        Arc::new(Crops { dataset: Arc::clone(&pictures.training), side: config.size, crop: config.crop })
    }

    fn step(mut self, batch: Batch, step: u64, rate: f64) -> (Self, Outcome) {
        let share = batch.share;
        let seen = step * (share.count * batch.indices.len()) as u64;
        let pictures: Tensor<4> = Tensor::from_data(batch.pictures, &self.device); // [batch, 3, side, side]
        let [count, ..] = pictures.dims();
        let gate = self.train_state.gate;
        let none = || Tensor::<1>::zeros([1], &self.device);

        // A paused generator runs without a graph; the losses are the same.
        let network = if gate.generator { self.train_state.generator.clone() } else { self.train_state.generator.valid() };
        let encoded = network.encoder.forward(pictures.clone()); // [batch, 8, side / 8, side / 8] or [batch, 2 * latent, 1, 1]
        let (codes, nats) = match self.code {
            Code::Grid => (encoded, none()),
            Code::Latent(latent) => {
                let posterior = Posterior::of(encoded);
                let nats = posterior.divergence().sum().div_scalar(count as f64); // [1]
                (posterior.sample(self.noise(latent, count, share, step, 0)), nats) // [batch, latent, 1, 1]
            }
        };
        let made = network.decoder.forward(codes.clone()); // [batch, 3, side, side]

        // Without an adversarial term there is no discriminator.
        let has_adversary = self.weights().adversarial > 0.0;
        let discriminator = self.train_state.discriminator.valid();
        let shown = match (self.code, &self.draws) {
            (Code::Latent(latent), Some(draws)) => {
                let drawn = self.drawn(draws, latent, count, share, step, 1); // [batch, latent, 1, 1]
                match &self.comparing {
                    Comparing::Fixed(_) => Tensor::cat(vec![made.clone(), network.decoder.forward(drawn)], 0), // [2 * batch, 3, side, side]
                    // Larsen et al., algorithm 1: what the adversary says reaches the decoder alone.
                    Comparing::Discriminator(_) => network.decoder.forward(Tensor::cat(vec![codes.detach(), drawn], 0)), // the same
                }
            }
            _ => made.clone(), // [batch, 3, side, side]
        };
        let verdict = if has_adversary { self.train_state.oppose(pictures.clone(), shown, None) } else { Verdict::none(&self.device) };
        let terms = match &self.comparing {
            Comparing::Fixed(loss) => {
                let offset = offset(self.seed, step, loss.border().range(self.size));
                loss.terms(made, pictures, verdict.logits, offset)
            }
            Comparing::Discriminator(_) => compared_by(&discriminator, made, &pictures, verdict.logits),
        };

        let mut whole = total(&terms, self.weights()); // [1]
        if let Some(divergence) = self.divergence {
            whole = whole + divergence.term(nats.clone(), seen); // [1]
        }
        self.train_state = self.train_state.learn(&whole, verdict.gradients, rate);

        let (losses, [nats]) = Pending::new(terms, [verdict.real, verdict.made], [nats], gate, has_adversary).read();
        if has_adversary {
            self.train_state.gate = gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        let mut terms = losses.terms();
        terms.extend(self.divergence.map(|_| ("nats", nats)));
        let trained = vec![("discriminator", losses.discriminator_trained), ("generator", losses.generator_trained)];
        (self, Outcome { terms, trained, waiting: losses.waiting(has_adversary, "the autoencoder") })
    }

    fn parts(&self) -> Result<Vec<Part>> {
        let mut parts = self.train_state.parts()?;
        if let Some(draws) = &self.draws {
            parts.extend(draws.part()?);
        }
        Ok(parts)
    }

    fn memory(&self) -> Result<Value> {
        Ok(serde_json::to_value(self.train_state.memory(&self.places))?)
    }

    fn digest(&self) -> u64 {
        digest(self.train_state.average.module())
    }

    /// Returns a sheet of held-out pictures, their reconstructions by the average, and decoded random codes if it is variational.
    fn sample(&self) -> Result<Picture> {
        let network = self.train_state.average.module();
        let codes = network.encoder.code(picture::to_tensor(&self.samples, &self.device)?); // as in Encoder::code
        let made = |codes: Tensor<4>| Ok::<_, anyhow::Error>(picture::from_data(&network.decoder.forward(codes).into_data())?);
        let mut rows = vec![self.samples.clone(), made(codes)?];
        if let Code::Latent(latent) = self.code {
            // The same ones every time, so that one sees what becomes of them.
            rows.push(made(self.noise(latent, self.samples.len(), Share::ALL, 0, 2))?);
        }
        sheet::sheet(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// Returns the terms of VAE/GAN: its comparator is the discriminator, constant here as any comparator. Its features change while it learns,
/// so their scale is that of the batch's real pictures and no constant of the data.
fn compared_by(discriminator: &Discriminator, made: Tensor<4>, pictures: &Tensor<4>, logits: Option<Tensor<2>>) -> Terms {
    let wanted = discriminator.compared(pictures.clone()); // [batch, 128, h, w]
    let scale = mean_square(wanted.clone()).clamp_min(f32::MIN_POSITIVE); // [1]
    let feature = mean_square(discriminator.compared(made.clone()) - wanted) / scale; // [1]
    Terms {
        image: mean_square(made - pictures.clone()).div_scalar(IMAGE_MEAN_SQUARE), // [1]
        feature,
        adversarial: logits.map_or_else(|| Tensor::zeros([1], &pictures.device()), real_loss), // [1]
    }
}
