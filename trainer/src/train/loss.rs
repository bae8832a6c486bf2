//! The loss that a configuration asks for.

use anyhow::Result;
use burn::tensor::Device;
use deepsim::comparator::ScaledPlace;
use deepsim::loss::DeepSimLoss;

use crate::config::Config;
use crate::models;

/// Creates the loss of a run that compares at these places of the fixed network that it names.
///
/// # Errors
/// If the network's model file cannot be found or used.
pub fn loss_of(config: &Config, places: &[ScaledPlace], device: &Device) -> Result<DeepSimLoss> {
    let comparator = models::comparator(config.network(), places, device)?;
    Ok(DeepSimLoss::new(comparator, config.weights()).with_periodic(config.periodic_weight))
}
