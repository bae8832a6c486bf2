//! A run as bytes: a safetensors file of its weights, with the rest in its metadata. Adam's moments are not in it: a run that goes on finds new ones in a
//! few steps.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{PictureSet, Run, RunError, RunOptions, average_decay, check};
use crate::comparator::ScaledPlace;
use crate::loss::Weights;
use crate::model_file::Training;
use crate::nets::squeezenet::SqueezeNet;
use crate::training::average::Average;
use crate::training::gate::Gate;
use crate::training::numbers::{numbers_of, with_numbers};
use crate::training::state::TrainState;

/// The key of the metadata. Another version has another one.
const KEY: &str = "deepsim-run-1";
const NAMES: [&str; 3] = ["generator", "average", "discriminator"];

/// What is not a weight.
#[derive(Serialize, Deserialize)]
struct Remembered {
    options: RunOptions,
    step: u64,
    gate: Gate,
    average_updates: u64,
    feature_scale: f32,
    comparator: Vec<ScaledPlace>,
    weights: Weights,
    started_from: Option<Training>,
}

impl Run {
    /// Returns all that is needed to go on, but for the pictures.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn save(&self) -> Result<Vec<u8>, RunError> {
        let state = self.state()?;
        let remembered = Remembered {
            options: self.options,
            step: self.step,
            gate: state.gate,
            average_updates: state.average.updates(),
            feature_scale: self.setup.scale,
            comparator: self.places.clone(),
            weights: self.setup.loss.weights(),
            started_from: self.started_from.clone(),
        };
        let rows = [
            numbers_of(&state.generator.valid()).await?,
            numbers_of(state.average.module()).await?,
            numbers_of(&state.discriminator.valid()).await?,
        ]
        .map(|row| (row.len(), row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()));
        let broken = |error: &dyn std::fmt::Display| RunError::Saved(error.to_string());
        let views =
            NAMES.into_iter().zip(&rows).map(|(name, (count, bytes))| Ok((name, TensorView::new(Dtype::F32, vec![*count], bytes)?)));
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>().map_err(|error| broken(&error))?;
        let remembered = serde_json::to_string(&remembered).map_err(|error| broken(&error))?;
        safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), remembered)]))).map_err(|error| broken(&error))
    }

    /// Goes on with a saved run and the pictures that it had.
    ///
    /// # Errors
    /// If the bytes are not a saved run, the pictures do not fit, or the device fails.
    pub fn restore(saved: &[u8], squeezenet: &SqueezeNet, pictures: Arc<PictureSet>, device: &Device) -> Result<Self, RunError> {
        let damaged = |error: &dyn std::fmt::Display| RunError::Saved(error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(saved).map_err(|error| damaged(&error))?;
        let remembered = metadata.metadata().as_ref().and_then(|all| all.get(KEY)).ok_or_else(|| damaged(&"another version"))?;
        let remembered: Remembered = serde_json::from_str(remembered).map_err(|error| damaged(&error))?;
        let Remembered { options, step, gate, average_updates, feature_scale, comparator, weights, started_from } = remembered;
        check(&options, &pictures)?;
        let tensors = SafeTensors::deserialize(saved).map_err(|error| damaged(&error))?;
        let mut rows = Vec::new();
        for name in NAMES {
            let view = tensors.tensor(name).map_err(|error| damaged(&error))?;
            rows.push(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<_>>());
        }
        let decay = average_decay(options.batch);
        let fresh = TrainState::new(options.shape, decay, device);
        let other = || RunError::Saved("weights of another shape".into());
        let average = with_numbers(fresh.average.module().clone(), &rows[1]).ok_or_else(other)?;
        let state = TrainState {
            generator: with_numbers(fresh.generator, &rows[0]).ok_or_else(other)?,
            average: Average::new(average, decay, average_updates),
            discriminator: with_numbers(fresh.discriminator, &rows[2]).ok_or_else(other)?,
            gate,
            generator_optimizer: fresh.generator_optimizer,
            discriminator_optimizer: fresh.discriminator_optimizer,
        };
        let mut run = Self::with(options, squeezenet, pictures, (feature_scale, comparator), state, started_from, device)?;
        run.set_weights(weights);
        run.step = step;
        Ok(run)
    }
}
