//! The configuration of a run: one struct, read from the command line and saved as `config.toml` in the run's folder.

mod check;
pub mod choices;
mod paths;
pub mod pyramid;
pub mod style;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use deepsim::Layer;
use deepsim::comparator::{Network, Place};
use deepsim::loss::{Divergence, Weights};
use deepsim::nets::autoencoder::Code;
use deepsim::nets::inverter::InverterShape;
use serde::{Deserialize, Serialize};

use crate::config::choices::{ComparatorChoice, CropChoice, DiscriminatorChoice, LossPreset, OptimizerChoice, TaskChoice};
use crate::config::pyramid::PyramidOptions;
use crate::config::style::StyleOptions;
use crate::device::Backend;

/// Everything that decides what a run does.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct Config {
    /// What to train
    #[arg(long, value_enum, default_value_t = TaskChoice::Invert, help_heading = "Network")]
    #[serde(default)]
    pub task: TaskChoice,

    /// Layer of SqueezeNet 1.1 to invert: pool1, fire3, fire5, fire9 or scores
    #[arg(long, default_value_t = Layer::Fire5, help_heading = "Network")]
    pub layer: Layer,

    /// Multiplies the inverter's channels: 0.5 is a quarter of the weights
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", help_heading = "Network")]
    #[serde(default = "full_width")]
    pub width: f64,

    /// Translate the features into this layer's first, and invert those: fire5 for fire9, fire9 for scores
    #[arg(long, value_name = "LAYER", help_heading = "Network")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Layer>,

    /// Numbers in the code of a variational autoencoder
    #[arg(long, default_value_t = 128, value_name = "N", help_heading = "Network")]
    #[serde(default = "usual_latent")]
    pub latent: usize,

    /// Start from this model file's weights instead of random ones; of another layer's, what fits
    #[arg(long, value_name = "MODEL", help_heading = "Network")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,

    /// Pictures to train on: photos or emoji, which are built in, or folders, pictures, tars (WebDataset) or IDX files, several if wanted. Many tars: a folder of
    /// them, a text file that names them, or 'photos-{0000..0999}.tar'. A folder means all pictures in it and in its subfolders, by their endings in any case; links to pictures are followed, links to folders and hidden files are
    /// passed over [default: photos]
    #[arg(long, num_args = 1.., value_name = "PATH", help_heading = "Data")]
    #[serde(default, with = "paths", skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<PathBuf>,

    /// Pictures to measure on, of the same kinds [default: the built-in ones, or one in twenty of --data]
    #[arg(long, num_args = 1.., value_name = "PATH", help_heading = "Data")]
    #[serde(default, with = "paths", skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<PathBuf>,

    /// Use the whole pictures of a tar that is cut short
    #[arg(long, help_heading = "Data")]
    #[serde(default)]
    pub allow_truncated: bool,

    /// Side of the training crops in pixels, a multiple of 16; 32, 64 or 128 for autoencoders and LAPGAN [default: 128; 64 for those]
    #[arg(long, default_value = "128", default_value_ifs = generation("64"), hide_default_value = true, value_name = "PIXELS", help_heading = "Data")]
    pub size: usize,

    /// How crops are taken [default: altered; whole for autoencoders and LAPGAN]
    #[arg(long, value_enum, default_value = "altered", default_value_ifs = generation("whole"), hide_default_value = true, help_heading = "Data")]
    #[serde(default)]
    pub crop: CropChoice,

    /// Share of the small pictures that an upscaler sees with JPEG's artefacts, noise or blur, 0 to 1
    #[arg(long, default_value_t = 0.25, value_name = "SHARE", help_heading = "Data")]
    #[serde(default)]
    pub degraded: f64,

    /// Crops a step
    #[arg(long, default_value_t = 16, help_heading = "Data")]
    pub batch: usize,

    /// Threads that decode and augment pictures
    #[arg(long, default_value_t = 2, value_name = "N", help_heading = "Data")]
    pub data_threads: usize,

    /// Epochs to train; one is a random crop of every picture
    #[arg(long, default_value_t = 30, help_heading = "Training")]
    pub epochs: u64,

    /// Train on this many crops, however many epochs that is
    #[arg(long, value_name = "N", conflicts_with = "epochs", help_heading = "Training")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<u64>,

    /// Stop after this many steps, if that is before the end
    #[arg(long, value_name = "N", help_heading = "Training")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,

    /// Save and stop after this many minutes
    #[arg(long, value_name = "MINUTES", help_heading = "Training")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,

    /// Learning rate of the inverter and of the discriminator
    #[arg(long, default_value_t = 5e-4, value_name = "RATE", help_heading = "Training")]
    pub learning_rate: f64,

    /// What trains the kernels of an inverter or an autoencoder; biases and discriminators always have Adam
    #[arg(long, value_enum, default_value_t = OptimizerChoice::Adam, value_name = "METHOD", help_heading = "Training")]
    #[serde(default)]
    pub optimizer: OptimizerChoice,

    /// Share of the run, at its end, over which the learning rate falls to nothing
    #[arg(long, default_value_t = 0.3, value_name = "SHARE", help_heading = "Training")]
    pub decay: f64,

    /// Crops after which the current weights count half in their moving average
    #[arg(long, default_value_t = 5000.0, value_name = "CROPS", help_heading = "Training")]
    pub average_half_life: f64,

    /// Seed of every random number
    #[arg(long, default_value_t = 0, help_heading = "Training")]
    pub seed: u64,

    /// Which terms count; the weights of the others are ignored [default: deepsim; feature+adversarial for vaegan, adversarial for lapgan]
    #[arg(
        long,
        value_enum,
        default_value = "deepsim",
        default_value_ifs = [("task", "vaegan", Some("feature+adversarial")), ("task", "lapgan", Some("adversarial"))],
        hide_default_value = true,
        value_name = "PRESET",
        help_heading = "Loss"
    )]
    #[serde(default)]
    pub loss: LossPreset,

    /// Weight of the image term
    #[arg(long, default_value_t = 1.0, value_name = "WEIGHT", help_heading = "Loss")]
    pub image_weight: f64,

    /// Weight of the feature term
    #[arg(long, default_value_t = 1.0, value_name = "WEIGHT", help_heading = "Loss")]
    pub feature_weight: f64,

    /// Weight of the adversarial term
    #[arg(long, default_value_t = 0.02, value_name = "WEIGHT", help_heading = "Loss")]
    pub adversarial_weight: f64,

    /// Weight, within the image term, of what errors have in common at the same place of each square of 16 pixels: against patterns with the period of the
    /// networks' strides
    #[arg(long, default_value_t = 0.0, value_name = "WEIGHT", help_heading = "Loss")]
    #[serde(default)]
    pub periodic_weight: f64,

    /// Show the adversary of a VAE pictures of codes drawn from the prior, too, as VAE/GAN always does: they are what samples will be. The prior is that of the model
    /// of --init, if it has a fitted one, else the standard normal
    #[arg(long, help_heading = "Loss")]
    #[serde(default)]
    pub draws: bool,

    /// Weight of a nat of a variational code's divergence from the normal distribution
    #[arg(long, default_value_t = 3e-4, value_name = "WEIGHT", help_heading = "Loss")]
    #[serde(default)]
    pub kl_weight: f64,

    /// Hold the divergence at so many nats a picture: its distance from them counts, and not the divergence
    #[arg(long, value_name = "NATS", help_heading = "Loss")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_target: Option<f64>,

    /// Crops over which the weight of the divergence grows from nothing
    #[arg(long, default_value_t = 5000, value_name = "CROPS", help_heading = "Loss")]
    #[serde(default)]
    pub kl_warm_up: u64,

    /// What the discriminator of an inverter decides about
    #[arg(long, value_enum, default_value_t = DiscriminatorChoice::Whole, value_name = "KIND", help_heading = "Loss")]
    #[serde(default)]
    pub discriminator: DiscriminatorChoice,

    /// Network whose features the feature term compares
    #[arg(long, value_enum, default_value_t = ComparatorChoice::Squeezenet, value_name = "NETWORK", help_heading = "Loss")]
    pub comparator: ComparatorChoice,

    /// Where in that network: layers of SqueezeNet, stage1 to stage7 of EfficientNet, stage1 to stage4 of the Exemplar-CNN [default: fire5,fire9 or stage3,stage5 or stage2,stage4]
    #[arg(long, value_delimiter = ',', value_name = "PLACES", help_heading = "Loss")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compare: Vec<Place>,

    /// Of `--task lapgan`.
    #[command(flatten)]
    #[serde(flatten)]
    pub pyramid: PyramidOptions,

    /// Of `--task style`.
    #[command(flatten)]
    #[serde(flatten)]
    pub styles: StyleOptions,

    /// Where to compute: auto (CUDA, else a hardware GPU of wgpu, else flex), cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE", help_heading = "Device")]
    pub device: Backend,

    /// Steps between two checkpoints
    #[arg(long, default_value_t = 500, value_name = "STEPS", help_heading = "Output")]
    pub checkpoint_every: u64,

    /// Steps between two sheets of sample pictures
    #[arg(long, default_value_t = 500, value_name = "STEPS", help_heading = "Output")]
    pub sample_every: u64,
}

const fn full_width() -> f64 {
    1.0
}

const fn usual_latent() -> usize {
    128
}

/// Returns an option's default for the tasks that train autoencoders or a LAPGAN, unless it is given.
const fn generation(value: &'static str) -> [(&'static str, &'static str, Option<&'static str>); 4] {
    [("task", "autoencoder", Some(value)), ("task", "vae", Some(value)), ("task", "vaegan", Some(value)), ("task", "lapgan", Some(value))]
}

impl Config {
    /// Returns the places that the comparator compares.
    pub fn places(&self) -> Vec<Place> {
        if self.compare.is_empty() { self.network().usual_places().to_vec() } else { self.compare.clone() }
    }

    /// Returns the loss's weights, zero for terms that do not count.
    pub const fn weights(&self) -> Weights {
        let (image, feature, adversarial) = (self.image_weight, self.feature_weight, self.adversarial_weight);
        self.loss.of(Weights { image, feature, adversarial })
    }

    /// Returns what the inverter looks like.
    pub const fn shape(&self) -> InverterShape {
        InverterShape { layer: self.layer, width: self.width, through: self.through }
    }

    /// Returns the comparator's network.
    pub fn network(&self) -> Network {
        if self.task == TaskChoice::Vaegan { Network::Discriminator } else { self.comparator.into() }
    }

    /// Returns whether the adversary also sees pictures of codes drawn from the prior: in VAE/GAN it always does (Larsen et al. 2015,
    /// algorithm 1).
    pub fn shows_draws(&self) -> bool {
        self.draws || self.task == TaskChoice::Vaegan
    }

    /// Returns the divergence term of a variational code, if there is one.
    pub fn divergence(&self) -> Option<Divergence> {
        let variational = matches!(self.task, TaskChoice::Vae | TaskChoice::Vaegan);
        variational.then_some(Divergence { weight: self.kl_weight, target: self.kl_target, warm_up: self.kl_warm_up })
    }

    /// Returns the code of the autoencoder that the task trains.
    pub const fn code(&self) -> Code {
        if matches!(self.task, TaskChoice::Autoencoder) { Code::Grid } else { Code::Latent(self.latent) }
    }

    /// Returns the number of steps of the whole run, for a data set of `pictures` pictures.
    pub fn steps(&self, pictures: usize) -> u64 {
        self.pictures.unwrap_or(self.epochs * pictures as u64).div_ceil(self.batch as u64)
    }

    /// Returns the share of the moving average of the weights that a step keeps.
    pub fn average_decay(&self) -> f64 {
        0.5f64.powf(self.batch as f64 / self.average_half_life)
    }

    /// Reads a run's `config.toml`.
    ///
    /// # Errors
    /// If it is missing or damaged.
    pub fn load(run: &Path) -> Result<Self> {
        let path = run.join("config.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} is not a run directory: cannot read {}", run.display(), path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Returns the configuration as the text of `config.toml`.
    ///
    /// # Errors
    /// Only if a value cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).context("cannot write the configuration as TOML")
    }
}
