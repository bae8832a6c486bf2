//! What the page's view Restyle calls: style networks, and large pictures that are painted strip by strip.

use deepsim::model_file::ModelFile;
use deepsim::picture::{self, Picture};
use deepsim::restyle::Restyler;
use deepsim::restyle::painting::Painting;
use wasm_bindgen::prelude::*;

use crate::{Session, device_failed, empty, not_loaded};

/// A large picture that is being painted, and its width without what was added to it.
pub(crate) struct Begun {
    painting: Painting,
    width: usize,
    height: usize,
}

/// What a step of a large painting brought.
#[wasm_bindgen(getter_with_clone)]
pub struct Painted {
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
    /// The first of the rows that are ready.
    pub first: usize,
    /// Their RGBA bytes; none before the last layer.
    pub rgba: Vec<u8>,
}

#[wasm_bindgen]
impl Session {
    /// Verifies a style network's model file and puts its weights on the device, under a name. Returns the names of its styles as JSON.
    ///
    /// # Errors
    /// If the file is damaged, of another version or of the wrong kind.
    #[wasm_bindgen(js_name = loadStylist)]
    pub fn load_stylist(&mut self, name: &str, model: &[u8]) -> Result<String, JsError> {
        let restyler = Restyler::new(&ModelFile::from_bytes(model)?, &self.device)?;
        let names = serde_json::to_string(restyler.names())?;
        self.restylers.insert(name.to_owned(), restyler);
        Ok(names)
    }

    /// Paints a picture in a mixture of styles, a weight for each, in one pass: from RGBA bytes to RGBA bytes.
    ///
    /// # Errors
    /// If there is no such network, the bytes are no picture of at least 16 pixels a side, or the device fails.
    pub async fn restyle(&self, name: &str, rgba: &[u8], width: usize, height: usize, weights: &[f32]) -> Result<Vec<u8>, JsError> {
        let painted = self.restyler(name)?.restyle_tensor(&Picture::from_rgba(width, height, rgba)?, weights)?; // [1, 3, height, width]
        let data = painted.into_data_async().await.map_err(device_failed)?;
        Ok(picture::from_data(&data)?.pop().ok_or_else(empty)?.to_rgba())
    }

    /// Begins to paint a large picture strip by strip, in place of one that was begun before.
    ///
    /// # Errors
    /// If there is no such network, or the bytes are no picture of at least 16 pixels a side.
    #[wasm_bindgen(js_name = beginPainting)]
    pub fn begin_painting(&mut self, name: &str, rgba: &[u8], width: usize, height: usize, weights: &[f32]) -> Result<(), JsError> {
        self.begun = None;
        let painting = self.restyler(name)?.painting(&Picture::from_rgba(width, height, rgba)?, weights)?;
        self.begun = Some(Begun { painting, width, height });
        Ok(())
    }

    /// Does the next step of the large painting. Returns nothing when it is done, or there is none.
    ///
    /// # Errors
    /// If the device fails.
    #[wasm_bindgen(js_name = paintStep)]
    pub async fn paint_step(&mut self) -> Result<Option<Painted>, JsError> {
        let Some(Begun { painting, width, height }) = &mut self.begun else {
            return Ok(None);
        };
        let Some(progress) = painting.step() else {
            self.begun = None;
            return Ok(None);
        };
        let mut painted = Painted { done: progress.done, of: progress.of, first: 0, rgba: Vec::new() };
        if let Some((first, strip)) = progress.painted {
            let rows = strip.dims()[2].min(*height - first);
            let strip = strip.narrow(2, 0, rows).narrow(3, 0, *width); // [1, 3, rows, width]
            let data = strip.into_data_async().await.map_err(device_failed)?;
            painted.first = first;
            painted.rgba = picture::from_data(&data)?.pop().ok_or_else(empty)?.to_rgba();
        }
        Ok(Some(painted))
    }

    /// Forgets the large painting.
    #[wasm_bindgen(js_name = endPainting)]
    pub fn end_painting(&mut self) {
        self.begun = None;
    }

    fn restyler(&self, name: &str) -> Result<&Restyler, JsError> {
        self.restylers.get(name).ok_or_else(not_loaded)
    }
}
