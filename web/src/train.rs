//! What the page's view Train calls: pictures, runs and their steps. A run is named by the page; several may stand side by side, on the same pictures.

mod selftest;

use std::collections::BTreeMap;
use std::sync::Arc;

use deepsim::loss::Weights;
use deepsim::model_file::ModelFile;
use deepsim::picture::Picture;
use deepsim::training::run::{Measured, PictureSet, Run, RunOptions, Stepped};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::Session;

/// Runs by name, and the pictures of those that begin next.
#[derive(Default)]
pub(crate) struct Trainings {
    pictures: Option<Arc<PictureSet>>,
    runs: BTreeMap<String, Run>,
}

/// What a step found, as the page reads it.
#[derive(Serialize)]
struct Report {
    step: u64,
    image: f32,
    feature: f32,
    adversarial: f32,
    real: f32,
    inverted: f32,
    /// Who trained.
    discriminator: bool,
    inverter: bool,
    /// Who trains at the next step.
    next: [bool; 2],
}

impl From<Stepped> for Report {
    fn from(Stepped { step, losses, gate }: Stepped) -> Self {
        Self {
            step,
            image: losses.image,
            feature: losses.feature,
            adversarial: losses.adversarial,
            real: losses.real,
            inverted: losses.inverted,
            discriminator: losses.discriminator_trained,
            inverter: losses.generator_trained,
            next: [gate.discriminator, gate.generator],
        }
    }
}

/// Held-out pictures, inverted.
#[wasm_bindgen(getter_with_clone)]
pub struct Progress {
    /// RGBA bytes, one picture after the other.
    pub rgba: Vec<u8>,
    /// Relative error of the pixels.
    #[wasm_bindgen(js_name = pictureError)]
    pub picture_error: f32,
    /// Relative error of the inverted layer's features.
    #[wasm_bindgen(js_name = featureError)]
    pub feature_error: f32,
}

#[wasm_bindgen]
impl Session {
    /// Begins a set of pictures for the runs to come; `name` stands on the models' cards.
    #[wasm_bindgen(js_name = beginPictures)]
    pub fn begin_pictures(&mut self, name: &str) {
        self.trainings.pictures = Some(Arc::new(PictureSet { name: name.to_owned(), training: Vec::new(), held_out: Vec::new() }));
    }

    /// Adds a picture (RGBA bytes) to the set: to learn from, or to be held out.
    ///
    /// # Errors
    /// If there is no set, a run uses it already, or the bytes are no picture.
    #[wasm_bindgen(js_name = addPicture)]
    pub fn add_picture(&mut self, rgba: &[u8], width: usize, height: usize, held_out: bool) -> Result<(), JsError> {
        let picture = Picture::from_rgba(width, height, rgba)?;
        let set = self.trainings.pictures.as_mut().and_then(Arc::get_mut).ok_or_else(|| JsError::new("no set of pictures has begun"))?;
        let place = if held_out { &mut set.held_out } else { &mut set.training };
        place.push(picture);
        Ok(())
    }

    /// Begins a run on the set of pictures. `options` is JSON; `model` the file of an inverter to start from, if it is not empty.
    ///
    /// # Errors
    /// If SqueezeNet is not loaded, the options or the model cannot be used, or the device fails.
    #[wasm_bindgen(js_name = beginRun)]
    pub async fn begin_run(&mut self, name: &str, options: &str, model: &[u8]) -> Result<(), JsError> {
        let options: RunOptions = serde_json::from_str(options)?;
        let model = if model.is_empty() { None } else { Some(ModelFile::from_bytes(model)?) };
        let run = Run::begin(options, self.lab()?.squeezenet(), self.pictures()?, model.as_ref(), &self.device).await?;
        self.trainings.runs.insert(name.to_owned(), run);
        Ok(())
    }

    /// Goes on with a saved run, on the set of pictures.
    ///
    /// # Errors
    /// If SqueezeNet is not loaded, or the bytes are no saved run.
    #[wasm_bindgen(js_name = restoreRun)]
    pub fn restore_run(&mut self, name: &str, saved: &[u8]) -> Result<(), JsError> {
        let run = Run::restore(saved, self.lab()?.squeezenet(), self.pictures()?, &self.device)?;
        self.trainings.runs.insert(name.to_owned(), run);
        Ok(())
    }

    /// Takes one step of a run, with these weights of the terms and this learning rate. Returns what it found, as JSON.
    ///
    /// # Errors
    /// If there is no such run, or the device fails.
    #[wasm_bindgen(js_name = trainStep)]
    pub async fn train_step(&mut self, name: &str, image: f64, feature: f64, adversarial: f64, rate: f64) -> Result<String, JsError> {
        let run = self.trainings.runs.get_mut(name).ok_or_else(no_run)?;
        run.set_weights(Weights { image, feature, adversarial });
        Ok(serde_json::to_string(&Report::from(run.step(rate).await?))?)
    }

    /// Inverts the held-out pictures with a run's averaged weights.
    ///
    /// # Errors
    /// If there is no such run, or the device fails.
    #[wasm_bindgen(js_name = measureRun)]
    pub async fn measure_run(&self, name: &str) -> Result<Progress, JsError> {
        let Measured { inversions, errors, .. } = self.run(name)?.measure().await?;
        Ok(Progress { rgba: joined(&inversions), picture_error: errors.picture, feature_error: errors.feature })
    }

    /// Returns the held-out pictures at the size of a run's crops, and the errors of the mean training picture.
    ///
    /// # Errors
    /// If there is no such run, or the device fails.
    #[wasm_bindgen(js_name = heldOut)]
    pub async fn held_out(&self, name: &str) -> Result<Progress, JsError> {
        let run = self.run(name)?;
        let errors = run.mean_picture_errors().await?;
        Ok(Progress { rgba: joined(&run.held_out()?), picture_error: errors.picture, feature_error: errors.feature })
    }

    /// Returns the bytes of a model file of a run's averaged weights.
    ///
    /// # Errors
    /// If there is no such run, or the device fails.
    #[wasm_bindgen(js_name = exportRun)]
    pub async fn export_run(&self, name: &str) -> Result<Vec<u8>, JsError> {
        Ok(self.run(name)?.export().await?.to_bytes()?)
    }

    /// Returns all that a run needs to go on, but for its pictures.
    ///
    /// # Errors
    /// If there is no such run, or the device fails.
    #[wasm_bindgen(js_name = saveRun)]
    pub async fn save_run(&self, name: &str) -> Result<Vec<u8>, JsError> {
        Ok(self.run(name)?.save().await?)
    }

    /// Takes a few steps on this device and on the processor, and returns the largest difference of their losses.
    ///
    /// # Errors
    /// If the file is damaged, or the two differ by more than they may.
    #[wasm_bindgen(js_name = trainingSelfTest)]
    pub async fn training_self_test(&self, squeezenet: &[u8]) -> Result<f32, JsError> {
        selftest::training_self_test(&ModelFile::from_bytes(squeezenet)?, &self.device).await
    }

    fn pictures(&self) -> Result<Arc<PictureSet>, JsError> {
        self.trainings.pictures.clone().ok_or_else(|| JsError::new("no set of pictures has begun"))
    }

    fn run(&self, name: &str) -> Result<&Run, JsError> {
        self.trainings.runs.get(name).ok_or_else(no_run)
    }
}

/// Returns the layer that an inverter's model file inverts and its width, as JSON: what a run that starts from it needs to know.
///
/// # Errors
/// If the file is damaged, of another version or of the wrong kind.
#[wasm_bindgen(js_name = aboutInverter)]
pub fn about_inverter(model: &[u8]) -> Result<String, JsError> {
    let file = ModelFile::from_bytes(model)?;
    Ok(serde_json::to_string(&deepsim::inversion::inverter_of(file.card())?.shape)?)
}

fn joined(pictures: &[Picture]) -> Vec<u8> {
    pictures.iter().flat_map(Picture::to_rgba).collect()
}

fn no_run() -> JsError {
    JsError::new("no such run")
}
