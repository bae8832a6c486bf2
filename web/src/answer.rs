//! What the worker gets back: plain numbers and bytes that JavaScript reads once.

use deepsim::lab::Errors;
use wasm_bindgen::prelude::*;

/// How an inversion compares with its picture.
#[wasm_bindgen(getter_with_clone)]
pub struct Judged {
    /// Relative error of the pixels.
    #[wasm_bindgen(js_name = pictureError)]
    pub picture_error: f32,
    /// Relative error of the inverted layer's features.
    #[wasm_bindgen(js_name = featureError)]
    pub feature_error: f32,
    /// What SqueezeNet sees in the inversion, likeliest first.
    pub classes: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
}

impl Judged {
    pub(crate) fn new(Errors { picture, feature }: Errors, classes: &[(usize, f32)]) -> Self {
        // There are 1000 classes.
        let numbers = classes.iter().map(|&(class, _)| class as u32).collect();
        let probabilities = classes.iter().map(|&(_, probability)| probability).collect();
        Self { picture_error: picture, feature_error: feature, classes: numbers, probabilities }
    }
}

/// A picture on its way, such as a round of re-encoding or a step of refinement, and how far off its features are.
#[wasm_bindgen(getter_with_clone)]
pub struct Stage {
    /// RGBA bytes.
    pub rgba: Vec<u8>,
    /// Relative error of the features.
    #[wasm_bindgen(js_name = featureError)]
    pub feature_error: f32,
}

/// The strongest channels of a layer.
#[wasm_bindgen(getter_with_clone)]
pub struct Channels {
    /// Positions along a side of each map.
    pub grid: usize,
    /// Their numbers, strongest first.
    pub channels: Vec<u32>,
    /// Each one's share of the features' energy.
    pub shares: Vec<f32>,
    /// Each one's map, 0 to 255 of its own largest value, grid x grid bytes each.
    pub maps: Vec<u8>,
}

/// The picture of a dream and what SqueezeNet thinks of it.
#[wasm_bindgen(getter_with_clone)]
pub struct Dreamt {
    /// RGBA bytes.
    pub rgba: Vec<u8>,
    /// The class's probability, 0 to 1.
    pub probability: f32,
}
