//! The subcommands, one file each: options and what they do with them. What a command and training share lies in `system`, `measure` and `models`.

pub mod bench;
mod classify;
mod convert;
pub mod devices;
mod each_picture;
mod enlarge;
mod eval;
mod experiment;
mod export;
mod import;
mod interpolate;
mod invert;
mod prior;
mod reconstruct;
mod report;
mod sample;
mod shard;
mod stylize;

use anyhow::Result;
use burn::tensor::Device;
use clap::Subcommand;

use crate::device::Backend;
use crate::system::options::{EvalOptions, ExportOptions};

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Invert pictures with a model file: one PNG a picture
    Invert(invert::InvertOptions),
    /// Enlarge pictures four times: one PNG a picture
    Enlarge(enlarge::EnlargeOptions),
    /// Paint pictures in a style or a mixture of styles: one PNG a picture
    Stylize(stylize::StylizeOptions),
    /// Measure models and baselines on held-out pictures
    Eval(Box<EvalOptions>),
    /// Draw pictures with a variational autoencoder or a LAPGAN
    Sample(sample::SampleOptions),
    /// Walk from the code or the noise of one picture to that of another
    Interpolate(interpolate::InterpolateOptions),
    /// Encode and decode pictures with an autoencoder: one PNG a picture
    Reconstruct(reconstruct::ReconstructOptions),
    /// Read classes off the codes of autoencoders with a linear classifier
    Classify(classify::ClassifyOptions),
    /// Show what features carry: edit them, or invert again and again
    Experiment(experiment::ExperimentOptions),
    /// Write one HTML file about runs: curves, samples, measures, configurations
    Report(report::ReportOptions),
    /// Write a run's averaged network as a model file, with its card
    Export(ExportOptions),
    /// Write another tool's weights of SqueezeNet or EfficientNet-Lite0 as a model file
    Import(import::ImportOptions),
    /// Write a model file with its weights in another precision
    Convert(convert::ConvertOptions),
    /// Fit the distribution that a variational autoencoder draws codes from to those of the training pictures
    Prior(prior::PriorOptions),
    /// Write folders of photographs as tars of small JPEG files, for training
    Shard(shard::ShardOptions),
    /// List the devices that can compute
    Devices,
    /// Time training steps on a device, or compare its steps with the processor's
    Bench(bench::BenchOptions),
}

/// A command on the device that it computes on.
type Action<'a> = Box<dyn FnOnce(&Device) -> Result<()> + 'a>;

impl Command {
    /// Returns the backend that the command asks for, and what it does there.
    pub fn action(&self) -> (Backend, Action<'_>) {
        match self {
            Self::Invert(options) => (options.device, Box::new(|device| invert::invert(options, device))),
            Self::Enlarge(options) => (options.device, Box::new(|device| enlarge::enlarge(options, device))),
            Self::Stylize(options) => (options.device, Box::new(|device| stylize::stylize(options, device))),
            Self::Eval(options) => (options.device, Box::new(|device| eval::eval(options, device))),
            Self::Sample(options) => (options.device, Box::new(|device| sample::sample(options, device))),
            Self::Interpolate(options) => (options.device, Box::new(|device| interpolate::interpolate(options, device))),
            Self::Reconstruct(options) => (options.device, Box::new(|device| reconstruct::reconstruct(options, device))),
            Self::Classify(options) => (options.device, Box::new(|device| classify::classify(options, device))),
            Self::Experiment(options) => (options.device, Box::new(|device| experiment::experiment(options, device))),
            Self::Report(options) => (options.device, Box::new(|device| report::report(options, device))),
            Self::Bench(options) => (options.device, Box::new(|device| bench::bench(options, device))),
            Self::Export(options) => (Backend::Flex, Box::new(|device| export::export(options, device))),
            Self::Import(options) => (Backend::Flex, Box::new(|device| import::import(options, device))),
            Self::Convert(options) => (Backend::Flex, Box::new(|_| convert::convert(options))),
            Self::Prior(options) => (options.device, Box::new(|device| prior::prior(options, device))),
            Self::Shard(options) => (Backend::Flex, Box::new(|_| shard::shard(options))),
            Self::Devices => (Backend::Flex, Box::new(|_| devices::list())),
        }
    }
}
