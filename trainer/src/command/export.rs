//! `trainer export`: model files from runs.

use anyhow::Result;
use burn::tensor::Device;

use crate::models;
use crate::system::options::ExportOptions;
use crate::system::{self, TrainedRun};

/// Writes the averaged network of a run's newest checkpoint with its card; it is measured on the held-out pictures.
///
/// # Errors
/// If the run cannot be read or the file not written.
pub fn export(options: &ExportOptions, device: &Device) -> Result<()> {
    let run = TrainedRun::read(&options.run)?;
    let file = system::of_task(run.config.task)?.export(&run, options, device)?;
    models::write(&options.output, &file)?;
    println!("{}", options.output.display());
    Ok(())
}
