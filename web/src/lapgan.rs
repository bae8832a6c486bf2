//! What the page's second view calls for a LAPGAN: sheets of pictures, and one picture level by level.

use burn::tensor::Tensor;
use deepsim::lapgan::{Noise, PyramidGenerator};
use deepsim::model_file::ModelFile;
use deepsim::nets::lapgan::Made;
use deepsim::picture::{self, Picture};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Session, device_failed, not_loaded};

/// What the page has to know of a LAPGAN.
#[derive(Serialize)]
struct About<'a> {
    /// Sides of its levels, the coarsest first.
    sides: Vec<usize>,
    /// Names of its classes.
    classes: Vec<&'a str>,
}

#[wasm_bindgen]
impl Session {
    /// Verifies a LAPGAN's model file and puts its weights on the device, under a name.
    ///
    /// # Errors
    /// If the file is damaged, of another version or of the wrong kind.
    #[wasm_bindgen(js_name = loadPyramid)]
    pub fn load_pyramid(&mut self, name: &str, model: &[u8]) -> Result<(), JsError> {
        let generator = PyramidGenerator::new(&ModelFile::from_bytes(model)?, &self.device)?;
        self.pyramids.insert(name.to_owned(), generator);
        Ok(())
    }

    /// Returns the description of a LAPGAN, as JSON.
    ///
    /// # Errors
    /// If there is none of that name.
    #[wasm_bindgen(js_name = aboutPyramid)]
    pub fn about_pyramid(&self, name: &str) -> Result<String, JsError> {
        let generator = self.pyramid(name)?;
        let classes = generator.classes().iter().map(|class| class.name.as_str()).collect();
        Ok(serde_json::to_string(&About { sides: generator.sides(), classes })?)
    }

    /// Draws pictures of a seed and returns their RGBA bytes, one after the other. `again` has a number for each level of each picture: how often its
    /// noise was drawn anew. A class below zero is drawn, too.
    ///
    /// # Errors
    /// If there is no such LAPGAN, or the device fails.
    #[wasm_bindgen(js_name = drawPyramids)]
    pub async fn draw_pyramids(&self, name: &str, seed: u32, places: &[u32], again: &[u32], class: i32) -> Result<Vec<u8>, JsError> {
        let generator = self.pyramid(name)?;
        let made = generator.grow(&noise(generator, seed, places, again, class)).pop();
        let pictures = made.ok_or_else(not_loaded)?.pictures; // [places, 3, side, side]
        Ok(read(pictures).await?.iter().flat_map(Picture::to_rgba).collect())
    }

    /// Draws one picture and returns the RGBA bytes of its levels, the coarsest first: the coarsest picture, then for each finer level the enlarged
    /// picture, the residual around grey, and their sum.
    ///
    /// # Errors
    /// If there is no such LAPGAN, or the device fails.
    #[wasm_bindgen(js_name = drawLevels)]
    pub async fn draw_levels(&self, name: &str, seed: u32, place: u32, again: &[u32], class: i32) -> Result<Vec<u8>, JsError> {
        let generator = self.pyramid(name)?;
        parts(generator.grow(&noise(generator, seed, &[place], again, class))).await
    }

    /// Decodes codes of an autoencoder, makes the detail of the pictures anew with the last level of a LAPGAN, and returns their RGBA bytes, one after the
    /// other. `seed`, `places` and `again` are those of the detail's noise, as for [`Session::draw_pyramids`].
    ///
    /// # Errors
    /// If there is no such LAPGAN or autoencoder, one of them is of another side, or the device fails.
    #[wasm_bindgen(js_name = drawDetail)]
    pub async fn draw_detail(
        &self,
        name: &str,
        autoencoder: &str,
        codes: &[f32],
        seed: u32,
        places: &[u32],
        again: &[u32],
    ) -> Result<Vec<u8>, JsError> {
        let made = self.detail(name, autoencoder, codes, seed, places, again)?.pop();
        let pictures = made.ok_or_else(not_loaded)?.pictures; // [codes, 3, side, side]
        Ok(read(pictures).await?.iter().flat_map(Picture::to_rgba).collect())
    }

    /// Decodes one code, makes the detail of the picture anew, and returns the RGBA bytes of the last two levels: the decoded picture, reduced, then the
    /// enlarged picture, the residual around grey, and their sum.
    ///
    /// # Errors
    /// If there is no such LAPGAN or autoencoder, one of them is of another side, or the device fails.
    #[wasm_bindgen(js_name = drawDetailLevels)]
    pub async fn draw_detail_levels(
        &self,
        name: &str,
        autoencoder: &str,
        code: &[f32],
        seed: u32,
        place: u32,
        again: &[u32],
    ) -> Result<Vec<u8>, JsError> {
        parts(self.detail(name, autoencoder, code, seed, &[place], again)?).await
    }

    fn detail(&self, name: &str, autoencoder: &str, codes: &[f32], seed: u32, places: &[u32], again: &[u32]) -> Result<Vec<Made>, JsError> {
        let (generator, generation) = (self.pyramid(name)?, self.generator(autoencoder)?);
        if generator.side() != generation.card().side {
            return Err(JsError::new("the LAPGAN and the autoencoder make pictures of different sides"));
        }
        let coarse = generator.sides().len().checked_sub(2).ok_or_else(|| JsError::new("a LAPGAN of one level makes no detail"))?;
        let decoded = generation.decode(generation.to_tensor(codes, &self.device)); // [codes, 3, side, side]
        Ok(generator.replace_detail(decoded, coarse, &noise(generator, seed, places, again, -1)))
    }

    fn pyramid(&self, name: &str) -> Result<&PyramidGenerator, JsError> {
        self.pyramids.get(name).ok_or_else(not_loaded)
    }
}

fn noise(generator: &PyramidGenerator, seed: u32, places: &[u32], again: &[u32], class: i32) -> Vec<Noise> {
    let levels = generator.sides().len();
    let class = usize::try_from(class).ok().filter(|&class| class < generator.classes().len());
    let draw = |(row, &place): (usize, &u32)| {
        let again = again.get(row * levels..(row + 1) * levels).unwrap_or_default();
        generator.draw(u64::from(seed), u64::from(place), again, class)
    };
    places.iter().enumerate().map(draw).collect()
}

/// Returns the RGBA bytes of what the page shows of levels: the picture of the first, and of each other one the enlarged picture, the residual and their sum.
async fn parts(levels: Vec<Made>) -> Result<Vec<u8>, JsError> {
    let mut bytes = Vec::new();
    for level in levels {
        let mut shown = Vec::new();
        if let Some(under) = level.under {
            // Twice as strong: residuals are small.
            shown.extend([under.clone(), (level.pictures.clone() - under).mul_scalar(2.0)]);
        }
        shown.push(level.pictures);
        let pictures = read(Tensor::cat(shown, 0)).await?; // [1 or 3, 3, side, side]
        bytes.extend(pictures.iter().flat_map(Picture::to_rgba));
    }
    Ok(bytes)
}

async fn read(pictures: Tensor<4>) -> Result<Vec<Picture>, JsError> {
    let data = pictures.into_data_async().await.map_err(device_failed)?;
    Ok(picture::from_data(&data)?)
}
