//! What the page's second view calls: codes drawn, encoded, joined and moved, and their pictures.
//!
//! Codes are plain numbers that the page keeps; networks and device stay here.

use deepsim::generation::{Generation, moved, walk};
use deepsim::model_file::ModelFile;
use deepsim::picture;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Session, device_failed, empty, not_loaded};

/// What the page has to know of an autoencoder.
#[derive(Serialize)]
struct About {
    /// Side of its pictures.
    side: usize,
    /// Numbers in a code.
    size: usize,
}

#[wasm_bindgen]
impl Session {
    /// Verifies an autoencoder's model file and puts its weights on the device, under a name.
    ///
    /// # Errors
    /// If the file is damaged, of another version or of the wrong kind.
    #[wasm_bindgen(js_name = loadGenerator)]
    pub fn load_generator(&mut self, name: &str, model: &[u8]) -> Result<(), JsError> {
        let generation = Generation::new(&ModelFile::from_bytes(model)?, &self.device)?;
        self.generators.insert(name.to_owned(), generation);
        Ok(())
    }

    /// Returns the description of an autoencoder, as JSON.
    ///
    /// # Errors
    /// If there is none of that name.
    #[wasm_bindgen(js_name = aboutGenerator)]
    pub fn about_generator(&self, name: &str) -> Result<String, JsError> {
        let generation = self.generator(name)?;
        let about = About { side: generation.card().side, size: generation.len() };
        Ok(serde_json::to_string(&about)?)
    }

    /// Decodes codes and returns the RGBA bytes of their pictures, one after the other.
    ///
    /// # Errors
    /// If there is no such autoencoder, or the device fails.
    pub async fn generate(&self, name: &str, codes: &[f32]) -> Result<Vec<u8>, JsError> {
        let generation = self.generator(name)?;
        let pictures = generation.decode(generation.to_tensor(codes, &self.device)); // [codes, 3, side, side]
        let data = pictures.into_data_async().await.map_err(device_failed)?;
        Ok(picture::from_data(&data)?.iter().flat_map(picture::Picture::to_rgba).collect())
    }

    /// Encodes a slot's picture, which must have been cut at the side of the autoencoder.
    ///
    /// # Errors
    /// If there is no such autoencoder or picture, or the device fails.
    pub async fn encode(&self, name: &str, slot: &str) -> Result<Vec<f32>, JsError> {
        let square = &self.slots.get(slot).ok_or_else(empty)?.square;
        let pictures = picture::to_tensor(std::slice::from_ref(square), &self.device)?; // [1, 3, side, side]
        let code = self.generator(name)?.encode(pictures); // [1, channels, side, side]
        let data = code.into_data_async().await.map_err(device_failed)?;
        Ok(data.iter::<f32>().collect())
    }

    /// Returns a code moved by so many deviations along the first principal directions.
    ///
    /// # Errors
    /// If there is no such autoencoder.
    #[wasm_bindgen(js_name = moveCode)]
    pub fn move_code(&self, name: &str, code: &[f32], amounts: &[f32]) -> Result<Vec<f32>, JsError> {
        Ok(self.generator(name)?.codes().map_or_else(|| code.to_vec(), |codes| moved(code, codes, amounts)))
    }

    /// Returns a code drawn from an autoencoder's prior: the `again`-th draw for a place of a sheet. It is the same on every machine.
    ///
    /// # Errors
    /// If there is no such autoencoder, or its codes cannot be drawn.
    #[wasm_bindgen(js_name = drawCode)]
    pub fn draw_code(&self, name: &str, seed: u32, place: u32, again: u32) -> Result<Vec<f32>, JsError> {
        Ok(self.generator(name)?.draw(u64::from(seed), u64::from(place), u64::from(again))?)
    }

    pub(crate) fn generator(&self, name: &str) -> Result<&Generation, JsError> {
        self.generators.get(name).ok_or_else(not_loaded)
    }
}

/// Interpolates between two codes.
#[wasm_bindgen(js_name = walkCode)]
pub fn walk_code(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    walk(from, to, share)
}
