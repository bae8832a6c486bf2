//! `trainer convert`: model files in another precision.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::models;
use crate::system::options::PrecisionChoice;

/// Options of `trainer convert`.
#[derive(Debug, Clone, Args)]
pub struct ConvertOptions {
    /// Model file
    pub model: PathBuf,

    /// How weights are stored
    #[arg(long, value_enum, default_value_t = PrecisionChoice::Int8)]
    pub precision: PrecisionChoice,

    /// Model file to write; it may be the same
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Writes a model file with its weights in another precision. Its card stays as it is.
///
/// # Errors
/// If the model cannot be read or the file not be written.
pub fn convert(options: &ConvertOptions) -> Result<()> {
    let file = models::read(&options.model)?;
    let converted = file.with_precision(options.precision.precision()).with_context(|| options.model.display().to_string())?;
    models::write(&options.output, &converted)?;
    println!("{}", options.output.display());
    Ok(())
}
