//! The wasm surface of `deepsim`: what the page's worker calls, and nothing else.
//!
//! The worker owns a [`Session`]; a session owns the device, the networks and up to two pictures, which lie in slots with names of the
//! page's choice. Pictures go in and come out as RGBA bytes. What SqueezeNet sees in a picture, and in each inversion of it, is computed
//! once and kept until another picture comes into the slot.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

mod animation;
mod answer;
mod enlarge;
mod experiment;
mod generate;
mod lapgan;
mod restyle;
mod selftest;
mod slot;
#[cfg(any(feature = "training", not(target_arch = "wasm32")))]
mod train;

use std::collections::BTreeMap;

use burn::tensor::Device;
use deepsim::Layer;
use deepsim::dream::Dream;
use deepsim::enlarge::Enlarger;
use deepsim::generation::Generation;
use deepsim::inversion::Inversion;
use deepsim::lab::{Analysis, Lab, LabError};
use deepsim::lapgan::PyramidGenerator;
use deepsim::layer::is_valid_side;
use deepsim::model_file::ModelFile;
use deepsim::nets::activations::activations;
use deepsim::optimise::Optimisation;
use deepsim::picture::{self, Crop, Picture};
use deepsim::restyle::Restyler;
use deepsim::surgery::{self, Features};
use wasm_bindgen::prelude::*;

use answer::Judged;
use restyle::Begun;
use slot::{Mix, Operation, Slot};
#[cfg(any(feature = "training", not(target_arch = "wasm32")))]
use train::Trainings;

/// Classes that are named for a picture.
const CLASSES: usize = 5;

/// Makes a panic's message and place readable in the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    deepsim::enable_relaxed_simd();
}

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
pub use wasm_bindgen_rayon::init_thread_pool;

/// A device, the networks on it, and the pictures that are inverted.
#[wasm_bindgen]
pub struct Session {
    device: Device,
    lab: Option<Lab>,
    /// Shows a first inversion while the rest of SqueezeNet is downloaded.
    first: Option<Inversion>,
    slots: BTreeMap<String, Slot>,
    generators: BTreeMap<String, Generation>,
    pyramids: BTreeMap<String, PyramidGenerator>,
    enlargers: BTreeMap<String, Enlarger>,
    restylers: BTreeMap<String, Restyler>,
    #[cfg(any(feature = "training", not(target_arch = "wasm32")))]
    trainings: Trainings,
    begun: Option<Begun>,
    refinement: Option<Optimisation>,
    dream: Option<Dream>,
}

#[wasm_bindgen]
impl Session {
    /// Opens WebGPU's device, or the processor.
    ///
    /// # Errors
    /// If the browser gives no WebGPU device.
    pub async fn open(webgpu: bool) -> Result<Session, JsError> {
        let device = if webgpu { webgpu_device().await? } else { Device::flex() };
        Ok(Self {
            device,
            lab: None,
            first: None,
            slots: BTreeMap::new(),
            generators: BTreeMap::new(),
            pyramids: BTreeMap::new(),
            enlargers: BTreeMap::new(),
            restylers: BTreeMap::new(),
            #[cfg(any(feature = "training", not(target_arch = "wasm32")))]
            trainings: Trainings::default(),
            begun: None,
            refinement: None,
            dream: None,
        })
    }

    /// Verifies SqueezeNet's model file and puts its weights on the device.
    ///
    /// # Errors
    /// If the file is damaged, of another version or of the wrong kind.
    pub fn load(&mut self, squeezenet: &[u8]) -> Result<(), JsError> {
        self.lab = Some(Lab::new(&ModelFile::from_bytes(squeezenet)?, &self.device)?);
        Ok(())
    }

    /// Verifies the first layers of SqueezeNet and an inverter of theirs and puts them on the device: enough for a first inversion.
    ///
    /// # Errors
    /// If a file is damaged, of another version or of the wrong kind, or does not hold the layers.
    #[wasm_bindgen(js_name = loadFirst)]
    pub fn load_first(&mut self, squeezenet: &[u8], inverter: &[u8]) -> Result<(), JsError> {
        let (squeezenet, inverter) = (ModelFile::from_bytes(squeezenet)?, ModelFile::from_bytes(inverter)?);
        self.first = Some(Inversion::of_first_layers(&squeezenet, &inverter, &self.device)?);
        Ok(())
    }

    /// Inverts a slot's picture with what `loadFirst` loaded and returns RGBA bytes.
    ///
    /// # Errors
    /// If nothing was loaded, the slot is empty, its side is not a multiple of 16, or the device fails.
    #[wasm_bindgen(js_name = invertFirst)]
    pub async fn invert_first(&self, slot: &str) -> Result<Vec<u8>, JsError> {
        let first = self.first.as_ref().ok_or_else(not_loaded)?;
        let square = &self.slot(slot)?.square;
        if !is_valid_side(square.width()) {
            return Err(LabError::Side(square.width()).into());
        }
        let pictures = picture::to_tensor(std::slice::from_ref(square), &self.device)?; // [1, 3, side, side]
        let data = first.invert(pictures).into_data_async().await.map_err(LabError::from)?; // [1, 3, side, side]
        Ok(picture::from_data(&data)?.first().ok_or_else(empty)?.to_rgba())
    }

    /// Returns the square that a slot holds, as RGBA bytes.
    ///
    /// # Errors
    /// If the slot is empty.
    pub fn square(&self, slot: &str) -> Result<Vec<u8>, JsError> {
        Ok(self.slot(slot)?.square.to_rgba())
    }

    /// Verifies an inverter's model file and puts its weights on the device, under a name.
    ///
    /// # Errors
    /// The same, or if SqueezeNet is not loaded.
    #[wasm_bindgen(js_name = loadInverter)]
    pub fn load_inverter(&mut self, name: &str, inverter: &[u8]) -> Result<(), JsError> {
        let lab = self.lab.as_mut().ok_or_else(not_loaded)?;
        Ok(lab.add(name, &ModelFile::from_bytes(inverter)?)?)
    }

    /// Returns the layer that an inverter inverts.
    ///
    /// # Errors
    /// If there is none of that name.
    #[wasm_bindgen(js_name = layerOf)]
    pub fn layer_of(&self, name: &str) -> Result<String, JsError> {
        Ok(self.lab()?.layer_of(name).ok_or_else(not_loaded)?.name().to_owned())
    }

    /// Inverts a small known picture on this device and on the processor, and returns the largest difference.
    ///
    /// # Errors
    /// If a file is damaged, or the two differ by more than they may.
    #[wasm_bindgen(js_name = selfTest)]
    pub async fn self_test(&self, squeezenet: &[u8], inverter: &[u8]) -> Result<f32, JsError> {
        let (squeezenet, inverter) = (ModelFile::from_bytes(squeezenet)?, ModelFile::from_bytes(inverter)?);
        selftest::self_test(&squeezenet, &inverter, &self.device).await
    }

    /// Puts a square of an RGBA picture, its corner and size in pixels and fractions of them, into a slot, at `side` x `side` pixels, in place
    /// of what was there.
    ///
    /// # Errors
    /// If the bytes are no picture, or the square leaves it.
    #[wasm_bindgen(js_name = putPicture)]
    #[expect(clippy::too_many_arguments, reason = "JavaScript passes plain numbers")]
    pub fn put_picture(
        &mut self,
        slot: &str,
        rgba: &[u8],
        width: usize,
        height: usize,
        left: f64,
        top: f64,
        size: f64,
        side: usize,
    ) -> Result<(), JsError> {
        let square = Picture::from_rgba(width, height, rgba)?.crop_resize(Crop { left, top, width: size, height: size }, side)?;
        self.slots.insert(slot.to_owned(), Slot::new(square));
        Ok(())
    }

    /// Computes the features of a slot's picture in one pass of SqueezeNet. Returns the picture's RGBA bytes, as it was cropped and
    /// resized.
    ///
    /// # Errors
    /// If the slot is empty, its side is not a multiple of 16, or the device fails.
    pub async fn analyse(&mut self, slot: &str) -> Result<Vec<u8>, JsError> {
        let lab = self.lab.as_ref().ok_or_else(not_loaded)?;
        let slot = self.slots.get_mut(slot).ok_or_else(empty)?;
        if slot.analysis.is_none() {
            slot.analysis = Some(lab.analyse(slot.square.clone())?);
        }
        Ok(slot.square.to_rgba())
    }

    /// Returns the classes that SqueezeNet predicts for a slot's picture.
    ///
    /// # Errors
    /// If its features are not computed yet, or the device fails.
    pub async fn classes(&self, slot: &str) -> Result<Judged, JsError> {
        let nothing = deepsim::lab::Errors { picture: 0.0, feature: 0.0 };
        Ok(Judged::new(nothing, &self.lab()?.classes(self.analysis(slot)?, CLASSES).await?))
    }

    /// Returns the side of an inverter's inversion of a slot's picture, in pixels.
    ///
    /// # Errors
    /// If there is no such inverter or slot.
    #[wasm_bindgen(js_name = sideOf)]
    pub fn side_of(&self, name: &str, slot: &str) -> Result<usize, JsError> {
        Ok(self.lab()?.side_of(name, self.slot(slot)?.square.width())?)
    }

    /// Inverts a slot's features after an operation on them (JSON) and returns RGBA bytes.
    ///
    /// # Errors
    /// If there is no such inverter or slot, the operation cannot be read, or the device fails.
    pub async fn invert(&mut self, name: &str, slot: &str, operation: &str) -> Result<Vec<u8>, JsError> {
        let operation = Operation::read(operation)?;
        if operation.does_nothing() {
            if let Some(inversion) = self.slot(slot)?.inversions.get(name) {
                return Ok(inversion.picture().to_rgba());
            }
            return Ok(self.lab()?.invert(name, self.analysis(slot)?, None).await?.to_rgba());
        }
        let mut features = self.features(name, slot).await?;
        if let Some(Mix { slot: other, share }) = &operation.mix {
            features = surgery::mix(&features, &self.features(name, other).await?, *share);
        }
        let edited = operation.edits.into_iter().fold(features, |features, edit| edit.apply(features));
        Ok(self.lab()?.invert(name, self.analysis(slot)?, Some(&edited)).await?.to_rgba())
    }

    /// Inverts a square picture (RGBA bytes) of which nothing is kept, such as a webcam's frame, and returns RGBA bytes.
    ///
    /// # Errors
    /// If there is no such inverter, the bytes are no picture, or the device fails.
    #[wasm_bindgen(js_name = invertPicture)]
    pub async fn invert_picture(&self, name: &str, rgba: &[u8], side: usize) -> Result<Vec<u8>, JsError> {
        Ok(self.lab()?.invert_picture(name, &Picture::from_rgba(side, side, rgba)?).await?.to_rgba())
    }

    /// Compares an inversion (RGBA bytes) with the slot's picture. `plain`: the features were not changed; what SqueezeNet computes of it
    /// is kept.
    ///
    /// # Errors
    /// If there is no such inverter or slot, the bytes are no picture, or the device fails.
    pub async fn judge(&mut self, name: &str, slot: &str, rgba: &[u8], side: usize, plain: bool) -> Result<Judged, JsError> {
        let inversion = match self.slot(slot)?.inversions.get(name) {
            Some(inversion) if plain => inversion.clone(),
            _ => self.lab()?.analyse(Picture::from_rgba(side, side, rgba)?)?,
        };
        let errors = self.lab()?.errors(name, self.analysis(slot)?, &inversion).await?;
        let judged = Judged::new(errors, &self.lab()?.classes(&inversion, CLASSES).await?);
        if plain {
            self.slot_mut(slot)?.inversions.insert(name.to_owned(), inversion);
        }
        Ok(judged)
    }

    /// Runs the network of any model file on the pattern of the golden activations, of this side, and returns a `Map` from names to
    /// `Float32Array`s: for checking this browser against other machines.
    ///
    /// # Errors
    /// If the file is not a network that takes pictures, or the device fails.
    pub async fn activations(&self, model: &[u8], side: usize) -> Result<js_sys::Map, JsError> {
        let file = ModelFile::from_bytes(model)?;
        let map = js_sys::Map::new();
        for (name, tensor) in activations(&file, selftest::pattern(side, &self.device), &self.device)? {
            let data = tensor.into_data_async().await.map_err(device_failed)?;
            let values = data.iter::<f32>().collect::<Vec<_>>();
            map.set(&name.into(), &js_sys::Float32Array::from(&values[..]).into());
        }
        Ok(map)
    }

    /// Returns the features that an inverter takes of a slot's picture, read from the device once.
    async fn features(&mut self, name: &str, slot: &str) -> Result<Features, JsError> {
        if let Some(features) = self.slot(slot)?.features.get(name) {
            return Ok(features.clone());
        }
        let features = self.lab()?.features(name, self.analysis(slot)?).await?;
        self.slot_mut(slot)?.features.insert(name.to_owned(), features.clone());
        Ok(features)
    }

    fn lab(&self) -> Result<&Lab, JsError> {
        self.lab.as_ref().ok_or_else(not_loaded)
    }

    fn slot(&self, slot: &str) -> Result<&Slot, JsError> {
        self.slots.get(slot).ok_or_else(empty)
    }

    fn slot_mut(&mut self, slot: &str) -> Result<&mut Slot, JsError> {
        self.slots.get_mut(slot).ok_or_else(empty)
    }

    fn analysis(&self, slot: &str) -> Result<&Analysis, JsError> {
        self.slot(slot)?.analysis.as_ref().ok_or_else(empty)
    }
}

/// Encodes an animated PNG of opaque RGBA frames, one after the other, each shown for so many milliseconds.
///
/// # Errors
/// If there is no whole frame.
#[wasm_bindgen(js_name = animation)]
pub fn animated_png(frames: &[u8], side: usize, milliseconds: u16) -> Result<Vec<u8>, JsError> {
    Ok(animation::animation(frames, side, milliseconds)?)
}

/// Returns the layers that can be inverted: name, channels and grid for pictures of this side, as JSON.
///
/// # Errors
/// None that can be thought of.
#[wasm_bindgen]
pub fn layers(side: usize) -> Result<String, JsError> {
    let shape = |layer: Layer| (layer.name(), layer.channels(), layer.grid(side));
    Ok(serde_json::to_string(&Layer::ALL.map(shape))?)
}

fn not_loaded() -> JsError {
    JsError::new("no weights are loaded")
}

fn empty() -> JsError {
    JsError::new("there is no picture in this slot, or nobody has looked at it")
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn device_failed(error: burn::tensor::ExecutionError) -> JsError {
    JsError::new(&error.to_string())
}

#[cfg(all(target_arch = "wasm32", feature = "webgpu"))]
async fn webgpu_device() -> Result<Device, JsError> {
    let device = Device::wgpu_options().init_async().await.map_err(|error| JsError::new(&error.to_string()))?;
    web_sys::console::info_1(&format!("deepsim computes on {device:?}").into());
    Ok(device)
}

/// Fails: only the module for WebGPU has a device of the browser's.
#[cfg(not(all(target_arch = "wasm32", feature = "webgpu")))]
async fn webgpu_device() -> Result<Device, JsError> {
    Err(JsError::new("this build computes on the processor alone"))
}
