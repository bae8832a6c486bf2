//! Model files on disk: reading, writing, finding, and the networks that the project ships. Their format is in `deepsim::model_file`.

pub mod locate;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use deepsim::comparator::{Comparator, Network, ScaledPlace};
use deepsim::model_file::{Kind, ModelFile};
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::nets::exemplar::ExemplarCnn;
use deepsim::nets::squeezenet::SqueezeNet;

use crate::atomic_file::write_atomically;
use crate::models::locate::locate;

/// EfficientNet-Lite0's model file in the repository.
const EFFICIENTNET: &str = "models/efficientnet_lite0.safetensors";
/// The Exemplar-CNN's model file in the repository.
const EXEMPLAR: &str = "models/exemplar.safetensors";
/// The seed of the random comparator, the same in every run.
const RANDOM_SEED: u64 = 1;
/// SqueezeNet's model file in the repository.
pub const SQUEEZENET: &str = "models/squeezenet.safetensors";

/// Returns a model's name in tables: its file's without the ending.
pub fn name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads and verifies a model file.
///
/// # Errors
/// With the path, what is wrong and what to do.
pub fn read(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| format!("cannot read the model file {}", path.display()))?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// Writes a model file; a file of that name stays whole until the new one is complete.
///
/// # Errors
/// If a weight is not a finite number, or the file cannot be written.
pub fn write(path: &Path, file: &ModelFile) -> Result<()> {
    if let Some(tensor) = file.not_finite()? {
        bail!("the weights `{tensor}` are not all numbers: no model is written; train on from an earlier checkpoint");
    }
    write_atomically(path, &file.to_bytes()?)
}

/// Creates a comparator with the project's weights, or random ones, constant, on a plain device.
///
/// # Errors
/// If its model file cannot be found or used.
pub fn comparator(network: Network, places: &[ScaledPlace], device: &Device) -> Result<Comparator> {
    Ok(match network {
        Network::Squeezenet => Comparator::at(squeezenet(device)?, places)?,
        Network::Random => Comparator::at(SqueezeNet::random(RANDOM_SEED, device), places)?,
        Network::Efficientnet => Comparator::at(efficientnet(device)?, places)?,
        Network::Exemplar => Comparator::at(exemplar(device)?, places)?,
        Network::Discriminator => bail!("the discriminator is no fixed comparator: only `--task vaegan` compares in it"),
    })
}

/// Reads the project's Exemplar-CNN, constant, on a plain device.
///
/// # Errors
/// If its model file cannot be found or used.
pub fn exemplar(device: &Device) -> Result<ExemplarCnn> {
    let file = read(&locate(EXEMPLAR)?)?;
    file.expect_kind(Kind::Exemplar)?;
    Ok(file.apply(ExemplarCnn::new(device))?)
}

/// Reads EfficientNet-Lite0 with the project's weights, constant, on a plain device.
///
/// # Errors
/// If its model file cannot be found or used.
pub fn efficientnet(device: &Device) -> Result<EfficientNet> {
    let file = read(&locate(EFFICIENTNET)?)?;
    file.expect_kind(Kind::Efficientnet)?;
    Ok(file.apply(EfficientNet::new(device))?)
}

/// Reads SqueezeNet with the project's weights, constant, on a plain device.
///
/// # Errors
/// If its model file cannot be found or used.
pub fn squeezenet(device: &Device) -> Result<SqueezeNet> {
    let file = read(&locate(SQUEEZENET)?)?;
    file.expect_kind(Kind::Squeezenet)?;
    Ok(file.apply(SqueezeNet::new(device))?)
}
