//! One level of the pyramid in training: its generator sees real coarse pictures, its discriminator real pictures and made ones.

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use deepsim::kernels::border::{Padding, pad};
use deepsim::loss::{DeepSimLoss, IMAGE_MEAN_SQUARE, Offset, Terms, Weights, mean_square, real_loss, total};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::lapgan::{Level, Made};
use deepsim::training::adam::adam_with;
use deepsim::training::losses::{Losses, Pending};
use deepsim::training::oppose::Verdict;
use deepsim::training::state::TrainState;

use crate::config::Config;
use crate::train::task::Outcome;

/// Smallest side whose pictures a comparator can compare.
const LEAST_COMPARED: usize = 32;
/// What Adam keeps of the mean of gradients at a step: less than the usual 0.9, see [`adam_with`].
const MOMENTUM: f32 = 0.5;

/// The names of a level's numbers. They are shown and saved by name, so that each level has its own.
struct Names {
    side: usize,
    terms: [&'static str; 5],
    trained: [&'static str; 2],
}

macro_rules! names {
    ($side:literal) => {
        Names {
            side: $side,
            terms: [
                concat!("image_", $side),
                concat!("feature_", $side),
                concat!("adversarial_", $side),
                concat!("real_", $side),
                concat!("inverted_", $side),
            ],
            trained: [concat!("discriminator_", $side), concat!("generator_", $side)],
        }
    };
}

const NAMES: [Names; 5] = [names!(8), names!(16), names!(32), names!(64), names!(128)];

/// A level's networks and optimizers.
pub struct TrainedLevel {
    /// The side of its pictures.
    pub side: usize,
    /// The generator, its adversary and their optimizers.
    pub state: TrainState<Level>,
}

/// What a level learns from at a step.
pub struct Lesson<'a> {
    /// Real pictures `[batch, 3, side, side]`.
    pub pictures: Tensor<4>,
    /// The same at half of the side, `[batch, 3, side / 2, side / 2]`; the coarsest level passes over it.
    pub before: Option<Tensor<4>>,
    /// Standard normal numbers, see [`noise_shape`](deepsim::nets::lapgan::noise_shape).
    pub noise: Tensor<4>,
    /// Classes, `[batch, classes, 1, 1]`.
    pub classes: Option<Tensor<4>>,
    /// Compares pictures in features, if the loss does.
    pub comparing: Option<&'a DeepSimLoss>,
    /// The weights of the terms.
    pub weights: Weights,
    /// The shift of the pictures before the comparator.
    pub offset: Offset,
    /// The shift of the pictures before the discriminator, from none to twice `most_shift`.
    pub shift: [usize; 2],
    /// The largest shift to each side.
    pub most_shift: usize,
}

impl TrainedLevel {
    /// Creates a level with random weights.
    pub fn new(side: usize, classes: usize, config: &Config, device: &Device) -> Self {
        let trained = device.clone().autodiff();
        let (generator, discriminator) = (Level::new(side, classes, &trained), Discriminator::of_level(side, classes, &trained));
        let state = TrainState::of(generator, discriminator, config.average_decay());
        Self { side, state: state.with_optimizers(adam_with(MOMENTUM), adam_with(MOMENTUM)) }
    }

    /// Returns what the names of its files in a checkpoint begin with.
    pub fn prefix(side: usize) -> String {
        format!("level-{side}-")
    }

    /// Trains the generator and its adversary for a step. Returns the losses, which are still on the device.
    pub fn step(mut self, lesson: &Lesson<'_>, rate: f64) -> (Self, Pending) {
        let Lesson { pictures, before, noise, classes, comparing, weights, offset, .. } = lesson;
        let device = pictures.device();
        let gate = self.state.gate;
        // A paused generator runs without a graph; the losses are the same.
        let network = if gate.generator { self.state.generator.clone() } else { self.state.generator.valid() };
        let made = network.forward(noise.clone(), before.clone(), classes.clone());
        let real = Made { under: made.under.clone().map(Tensor::inner), pictures: pictures.clone() };

        let has_adversary = weights.adversarial > 0.0;
        let verdict = if has_adversary {
            let (real, made) = (lesson.shifted(real.shown()), lesson.shifted(made.shown())); // [batch, 3 or 6, side, side]
            self.state.oppose(real, made, classes.clone())
        } else {
            Verdict::none(&device)
        };
        let zero = || Tensor::<1>::zeros([1], &device);
        let image = || mean_square(made.pictures.clone() - pictures.clone()).div_scalar(IMAGE_MEAN_SQUARE); // [1]
        // The coarsest pictures are made of noise alone: there is no picture that they should be. The finer ones have the one of the coarse picture.
        let terms = match (comparing, &made.under) {
            (Some(loss), Some(_)) if self.side >= LEAST_COMPARED => {
                loss.terms(made.pictures.clone(), pictures.clone(), verdict.logits, *offset)
            }
            (_, under) => Terms {
                image: if under.is_some() && weights.image > 0.0 { image() } else { zero() },
                feature: zero(),
                adversarial: verdict.logits.map_or_else(zero, real_loss), // [1]
            },
        };
        self.state = self.state.learn(&total(&terms, *weights), verdict.gradients, rate);
        let losses = Pending::new(terms, [verdict.real, verdict.made], [], gate, has_adversary);
        (self, losses)
    }

    /// Decides who trains at the next step, and returns the losses by the names of this level and who trained.
    pub fn conclude(&mut self, losses: &Losses, has_adversary: bool) -> Outcome {
        if has_adversary {
            self.state.gate = self.state.gate.next(losses.real, losses.inverted, losses.adversarial);
        }
        // Every side has names.
        let names = NAMES.iter().find(|names| names.side == self.side).unwrap_or(&NAMES[0]);
        let terms = names.terms.into_iter().zip(losses.terms().into_iter().map(|(_, value)| value));
        // Terms that no level of this side has are left out.
        let terms = terms.filter(|(name, value)| *value != 0.0 || !(name.starts_with("image") || name.starts_with("feature")));
        Outcome {
            terms: terms.collect(),
            trained: names.trained.into_iter().zip([losses.discriminator_trained, losses.generator_trained]).collect(),
            waiting: losses.waiting(has_adversary, "a generator"),
        }
    }
}

impl Lesson<'_> {
    /// Returns what a discriminator sees, shifted; beyond the border lie its pixels.
    fn shifted(&self, shown: Tensor<4>) -> Tensor<4> {
        if self.most_shift == 0 {
            return shown;
        }
        let [.., height, width] = shown.dims();
        let [top, left] = self.shift;
        pad(shown, self.most_shift, Padding::Edge).narrow(2, top, height).narrow(3, left, width) // [batch, 3 or 6, side, side]
    }
}

/// Fails if the levels that `--level` names are not of this pyramid.
///
/// # Errors
/// With the sides that there are.
pub fn check_levels(chosen: &[usize], sides: &[usize]) -> Result<()> {
    for level in chosen {
        let named: Vec<String> = sides.iter().map(usize::to_string).collect();
        ensure!(sides.contains(level), "--level {level}: the levels have sides of {} pixels", named.join(", "));
    }
    Ok(())
}
