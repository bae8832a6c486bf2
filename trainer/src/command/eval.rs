//! `trainer eval`: how good models and baselines are on held-out pictures, as a table.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use deepsim::model_file::Kind;

use crate::models;
use crate::system;
use crate::system::options::EvalOptions;

/// Measures models of one system on held-out pictures and prints the table.
///
/// # Errors
/// If the models are of several systems, a model or the pictures cannot be used, or a file not be written.
pub fn eval(options: &EvalOptions, device: &Device) -> Result<()> {
    let files = options.models.iter().map(|path| models::read(path)).collect::<Result<Vec<_>>>()?;
    let are_lapgans = files.iter().any(|file| matches!(file.card().kind, Kind::Lapgan(_)));
    ensure!(options.code.code.is_none() || are_lapgans, "--code is for a LAPGAN");
    system::of_models(&options.models, &files)?.evaluate(options, &files, device)
}
