//! `trainer import`: model files from other tools' weights.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::model_file::{Card, Kind, ModelFile, Precision};
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::nets::squeezenet::SqueezeNet;

use crate::models;

/// A network whose weights come from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// SqueezeNet 1.1, the network that is inverted
    Squeezenet,
    /// EfficientNet-Lite0, the judge
    Efficientnet,
}

/// Options of `trainer import`.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// The network that the weights are of
    #[arg(value_enum)]
    pub network: Network,

    /// A safetensors file with f32 or f16 weights under the names of this project's fields
    pub input: PathBuf,

    /// Model file to write
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Keep only the weights that this layer of SqueezeNet needs: what the page downloads first
    #[arg(long, value_name = "LAYER")]
    pub through: Option<Layer>,

    /// Where the weights come from, and their licence
    #[arg(long, value_name = "TEXT")]
    pub source: String,
}

/// Writes a model file with another tool's weights, as f16.
///
/// # Errors
/// If the weights do not fit the network.
pub fn import(options: &ImportOptions, device: &Device) -> Result<()> {
    let path = options.input.display();
    let bytes = std::fs::read(&options.input).with_context(|| format!("cannot read {path}"))?;
    let kind = match options.network {
        Network::Squeezenet => Kind::Squeezenet,
        Network::Efficientnet => Kind::Efficientnet,
    };
    let card = Card { source: Some(options.source.clone()), ..Card::new(kind) };
    let file = ModelFile::import(&bytes, card, Precision::F16).with_context(|| path.to_string())?;
    match options.network {
        Network::Squeezenet => file.apply(SqueezeNet::new(device)).map(drop),
        Network::Efficientnet => file.apply(EfficientNet::new(device)).map(drop),
    }
    .with_context(|| path.to_string())?;
    let file = match (options.network, options.through) {
        (Network::Squeezenet, Some(layer)) => file.with_tensors(|tensor| SqueezeNet::needs(layer, tensor)),
        (Network::Efficientnet, Some(_)) => bail!("--through is for squeezenet"),
        (_, None) => file,
    };
    models::write(&options.output, &file)?;
    println!("{}", options.output.display());
    Ok(())
}
