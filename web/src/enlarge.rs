//! What the page's view Enlarge calls: upscalers, and their tiles.

use deepsim::enlarge::{Enlarger, Tile};
use deepsim::model_file::ModelFile;
use deepsim::picture::{self, Picture};
use wasm_bindgen::prelude::*;

use crate::{Session, device_failed, empty, not_loaded};

#[wasm_bindgen]
impl Session {
    /// Verifies an upscaler's model file and puts its weights on the device, under a name.
    ///
    /// # Errors
    /// If the file is damaged, of another version or of the wrong kind.
    #[wasm_bindgen(js_name = loadUpscaler)]
    pub fn load_upscaler(&mut self, name: &str, model: &[u8]) -> Result<(), JsError> {
        self.enlargers.insert(name.to_owned(), Enlarger::new(&ModelFile::from_bytes(model)?, &self.device)?);
        Ok(())
    }

    /// Returns the tiles of a picture of this size as JSON: for each the `columns` and `rows` that it enlarges, and the `seen_columns` and
    /// `seen_rows` that it needs, each with `start` and `end`.
    ///
    /// # Errors
    /// If there is no such upscaler.
    pub fn tiles(&self, name: &str, width: usize, height: usize) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.enlarger(name)?.tiles(width, height))?)
    }

    /// Enlarges a tile four times: from the RGBA bytes of what it sees to its own RGBA bytes. `plain`: bicubically, to compare with.
    ///
    /// # Errors
    /// If there is no such upscaler, the bytes are not what the tile sees, or the device fails.
    #[wasm_bindgen(js_name = enlargeTile)]
    pub async fn enlarge_tile(&self, name: &str, rgba: &[u8], tile: &str, plain: bool) -> Result<Vec<u8>, JsError> {
        let tile: Tile = serde_json::from_str(tile)?;
        let seen = Picture::from_rgba(tile.seen_columns.len(), tile.seen_rows.len(), rgba)?;
        let enlarger = self.enlarger(name)?;
        let large = if plain { enlarger.bicubic_tile(&seen, &tile)? } else { enlarger.seen_tile(&seen, &tile)? }; // [1, 3, 4 rows, 4 columns]
        let data = large.into_data_async().await.map_err(device_failed)?;
        Ok(picture::from_data(&data)?.pop().ok_or_else(empty)?.to_rgba())
    }

    fn enlarger(&self, name: &str) -> Result<&Enlarger, JsError> {
        self.enlargers.get(name).ok_or_else(not_loaded)
    }
}
