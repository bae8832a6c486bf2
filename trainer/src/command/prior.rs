//! `trainer prior`: the distribution that a variational autoencoder's codes are drawn from, fitted anew.

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;

use crate::data::builtin::crops;
use crate::device::Backend;
use crate::measure::reference::data;
use crate::models;
use crate::system::generation::TrainedAutoencoder;
use crate::system::generation::prior::{Mixture, Posteriors};
use crate::system::options::{PrecisionChoice, PriorFit};

/// Pictures whose codes are looked at, at most.
const MOST: usize = 2000;

/// Options of `trainer prior`.
#[derive(Debug, Clone, Args)]
pub struct PriorOptions {
    /// Model file of a variational autoencoder
    pub model: PathBuf,

    /// What is fitted.
    #[command(flatten)]
    pub fit: PriorFit,

    /// Training pictures, whose codes it is fitted to; several if wanted [default: what the model's card names]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub training: Vec<PathBuf>,

    /// Held-out pictures, for which the likelihood is printed; several if wanted [default: the built-in ones]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,

    /// How weights are stored
    #[arg(long, value_enum, default_value_t = PrecisionChoice::Int8)]
    pub precision: PrecisionChoice,

    /// Model file to write; it may be the same
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// Fits the prior and writes the model with it.
///
/// # Errors
/// If the model is not variational, the pictures cannot be used or the file not be written.
pub fn prior(options: &PriorOptions, device: &Device) -> Result<()> {
    let file = models::read(&options.model)?;
    let mut autoencoder = TrainedAutoencoder::read(&options.model, device)?;
    let (training, held_out) = data(&options.training, &options.data, std::slice::from_ref(&file))?;
    let codes = |dataset| {
        let pictures = crops(dataset, MOST, autoencoder.side())?;
        Posteriors::of(&autoencoder, &pictures)?
            .context("a plain autoencoder's codes have no prior: that takes a variational one (`--task vae`)")
    };
    let (training, held_out) = (codes(&training)?, codes(&held_out)?);
    let mut fitted = None;
    if options.fit.components > 0 {
        let [one, mixture] = [1, options.fit.components].map(|components| Mixture::fit(&training, PriorFit { components, ..options.fit }));
        let (one, mixture) = (one?, mixture?);
        println!(
            "log-likelihood of codes, in nats a picture: training {:.2}, held out {:.2}",
            mixture.log_likelihood(&training),
            mixture.log_likelihood(&held_out)
        );
        println!(
            "of one normal distribution: training {:.2}, held out {:.2}",
            one.log_likelihood(&training),
            one.log_likelihood(&held_out)
        );
        fitted = Some(mixture.to_prior()?);
    }
    autoencoder.generation = autoencoder.generation.with_prior(fitted)?;
    models::write(&options.output, &autoencoder.generation.to_file(file.card().clone(), options.precision.precision()))?;
    println!("{}", options.output.display());
    Ok(())
}
