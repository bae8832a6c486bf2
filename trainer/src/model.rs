//! Model files on disk: reading, writing, and the networks that the project ships.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::Device;
use deepsim::model_file::{Kind, ModelFile};
use deepsim::nets::squeezenet::SqueezeNet;

use crate::checkpoint::write_atomically;
use crate::locate::locate;

/// SqueezeNet's model file in the repository.
pub const SQUEEZENET: &str = "models/squeezenet.safetensors";

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
/// If it cannot be written.
pub fn write(path: &Path, file: &ModelFile) -> Result<()> {
    write_atomically(path, &file.to_bytes()?)
}

/// SqueezeNet with the project's weights, constant, on a plain device.
///
/// # Errors
/// If its model file cannot be found or used.
pub fn squeezenet(device: &Device) -> Result<SqueezeNet> {
    let file = read(&locate(SQUEEZENET)?)?;
    file.expect_kind(Kind::Squeezenet)?;
    Ok(file.apply(SqueezeNet::new(device))?)
}
