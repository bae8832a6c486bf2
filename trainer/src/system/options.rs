//! The options of `trainer eval` and `trainer export`, which every system reads.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::model_file::Precision;

use crate::config::style::StyleOptions;
use crate::device::Backend;
use crate::measure::method::Descent;
use crate::measure::table::TableFiles;
use crate::system::lapgan::coded::CodeOptions;

/// How the prior is fitted from which a variational autoencoder draws codes.
#[derive(Debug, Clone, Copy, Args)]
pub struct PriorFit {
    /// Normal distributions in the mixture that a variational autoencoder draws codes from, fitted to those of the training pictures; 0 for the standard
    /// normal
    #[arg(long, default_value_t = 128, value_name = "N")]
    pub components: usize,

    /// Share of the posteriors' variance that drawn codes have, from 0 to 1. With 1 they are as noisy as in training; with less they are nearer to the
    /// posteriors' means, from which reconstructions are made
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    pub spread: f64,
}

/// A way to invert without a trained inverter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Baseline {
    /// The training set's mean picture
    Mean,
    /// A linear decoder fitted by ridge regression
    Ridge,
    /// Gradient descent on the pixels (Mahendran & Vedaldi)
    Optimise,
}

/// Options of `trainer eval`.
#[derive(Debug, Clone, Args)]
pub struct EvalOptions {
    /// Model files, of inverters or of autoencoders
    #[arg(required_unless_present = "layers")]
    pub models: Vec<PathBuf>,

    /// Measure these too, for the layers of the models and of --layer
    #[arg(long = "baseline", value_enum, value_delimiter = ',', value_name = "METHODS")]
    pub baselines: Vec<Baseline>,

    /// Layers that baselines invert besides those of the models
    #[arg(long = "layer", value_delimiter = ',', value_name = "LAYERS")]
    pub layers: Vec<Layer>,

    /// Held-out pictures: photos, emoji, a folder, a picture, a tar or an IDX file; several if wanted [default: the built-in ones]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,

    /// Training pictures, which samples of autoencoders are compared with; several if wanted [default: what their cards name]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub training: Vec<PathBuf>,

    /// Pictures that autoencoders draw to be measured
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub samples: usize,

    /// Side of the pictures, a multiple of 16 [default: 224; the scores' are of side 128]
    #[arg(long, value_name = "PIXELS")]
    pub size: Option<usize>,

    /// Crops of each picture: the middle and random ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub crops: usize,

    /// Measure on this many of the pictures at most, spread evenly
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,

    /// Of `--baseline optimise`.
    #[command(flatten)]
    pub descent: Descent,

    /// Of style networks, and of what they are compared with.
    #[command(flatten)]
    pub styles: StyleOptions,

    /// Of LAPGANs: also measure them with codes in place of noise.
    #[command(flatten)]
    pub code: CodeOptions,

    /// Re-encode this many times
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub iterations: usize,

    /// Where the table goes
    #[command(flatten)]
    pub files: TableFiles,

    /// Of upscalers: write the small pictures there, for another program to enlarge
    #[arg(long, value_name = "DIR")]
    pub small: Option<PathBuf>,

    /// Of upscalers: measure these enlargements by another program, too, pictures in the order of those of --small
    #[arg(long, value_delimiter = ',', value_name = "DIRS")]
    pub enlarged: Vec<PathBuf>,

    /// Write a JPEG there: pictures in the first row, then a row for each method; those of the scores are enlarged
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,

    /// Draw there what the divergence of variational autoencoders trades: reconstruction.svg, judge.svg and samples.svg, a curve for each loss
    #[arg(long, value_name = "DIR")]
    pub curves: Option<PathBuf>,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Options of `trainer export`.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// Run directory
    pub run: PathBuf,

    /// Model file to write
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// How weights are stored: a byte each with a scale for each channel, two bytes, or four
    #[arg(long, value_enum, default_value_t = PrecisionChoice::Int8)]
    pub precision: PrecisionChoice,

    /// Measure on this many of the held-out pictures at most [default: all; 500 for autoencoders]
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,

    /// The prior of a variational autoencoder.
    #[command(flatten)]
    pub prior: PriorFit,

    /// Take the mean of the run's weights and those of these models, of the same network
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    pub mean_with: Vec<PathBuf>,
}

impl ExportOptions {
    /// Returns the precision of the weights in the file.
    pub const fn precision(&self) -> Precision {
        self.precision.precision()
    }
}

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionChoice {
    /// A byte each, with a scale for each output channel
    Int8,
    /// Two bytes each
    F16,
    /// Four bytes each: nothing is lost
    F32,
}

impl PrecisionChoice {
    /// Returns the precision of this name.
    pub const fn precision(self) -> Precision {
        match self {
            Self::Int8 => Precision::Int8,
            Self::F16 => Precision::F16,
            Self::F32 => Precision::F32,
        }
    }
}
