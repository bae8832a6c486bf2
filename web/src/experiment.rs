//! What the laboratory's experiments call beside inverting edited features: rounds of re-encoding, single channels, refinement.

use deepsim::picture::{self, Picture};
use wasm_bindgen::prelude::*;

use crate::answer::{Channels, Dreamt, Stage};
use crate::{Session, device_failed, empty};

#[wasm_bindgen]
impl Session {
    /// Makes the next round of re-encoding a slot's picture; the first one is its inversion.
    ///
    /// # Errors
    /// If there is no such inverter or slot, or the device fails.
    pub async fn reencode(&mut self, name: &str, slot: &str) -> Result<Stage, JsError> {
        let here = self.slot(slot)?;
        let round = match (here.rounds.get(name), here.inversions.get(name)) {
            (Some(last), _) => self.lab()?.reencode(name, last).await?,
            (None, Some(first)) => first.clone(),
            (None, None) => self.lab()?.reencode(name, self.analysis(slot)?).await?,
        };
        let errors = self.lab()?.errors(name, self.analysis(slot)?, &round).await?;
        let rgba = round.picture().to_rgba();
        self.slot_mut(slot)?.rounds.insert(name.to_owned(), round);
        Ok(Stage { rgba, feature_error: errors.feature })
    }

    /// Returns the strongest channels of the features that an inverter takes.
    ///
    /// # Errors
    /// If there is no such inverter or slot, or the device fails.
    pub async fn channels(&mut self, name: &str, slot: &str, count: usize) -> Result<Channels, JsError> {
        let features = self.features(name, slot).await?;
        let strongest = features.strongest(count);
        let maps = strongest.iter().flat_map(|&(channel, _)| {
            let values = features.channel(channel);
            let most = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            // Between 0 and 255.
            values.iter().map(move |value| (value / most * 255.0).clamp(0.0, 255.0) as u8)
        });
        let maps = maps.collect();
        // Channels are few, and shares are shown in percent.
        let (channels, shares) = strongest.iter().map(|&(channel, share)| (channel as u32, share as f32)).unzip();
        Ok(Channels { grid: features.grid(), channels, shares, maps })
    }

    /// Begins to dream of a class: at a slot's features that an inverter takes, or at random ones, by a seed of zero or more.
    ///
    /// # Errors
    /// If there is no such inverter or slot.
    #[wasm_bindgen(js_name = beginToDream)]
    pub fn begin_to_dream(&mut self, name: &str, slot: &str, class: usize, noise: i32) -> Result<(), JsError> {
        self.dream = Some(self.lab()?.dream(name, self.analysis(slot)?, class, u64::try_from(noise).ok())?);
        Ok(())
    }

    /// Takes some steps of the dream. Returns its picture and the class's probability before the last of them, 0 to 1.
    ///
    /// # Errors
    /// If none has begun, or the device fails.
    #[wasm_bindgen(js_name = dream)]
    pub async fn dream_on(&mut self, steps: usize, rate: f64) -> Result<Dreamt, JsError> {
        let dream = self.dream.as_mut().ok_or_else(|| JsError::new("no dream has begun"))?;
        let mut probability = None;
        for _ in 0..steps {
            probability = Some(dream.step(rate)); // [1]
        }
        let probability = probability.ok_or_else(|| JsError::new("no steps"))?.into_data_async().await.map_err(device_failed)?;
        let pictures = dream.picture().into_data_async().await.map_err(device_failed)?; // [1, 3, side, side]
        let picture = picture::from_data(&pictures)?.pop().ok_or_else(empty)?;
        Ok(Dreamt { rgba: picture.to_rgba(), probability: probability.iter::<f32>().next().unwrap_or(f32::NAN) })
    }

    /// Begins to refine an inversion (RGBA bytes): its pixels go down the gradient of its feature error.
    ///
    /// # Errors
    /// If there is no such inverter or slot, or the bytes are no picture of the slot's side.
    #[wasm_bindgen(js_name = beginToRefine)]
    pub fn begin_to_refine(&mut self, name: &str, slot: &str, rgba: &[u8], side: usize) -> Result<(), JsError> {
        let start = Picture::from_rgba(side, side, rgba)?;
        self.refinement = Some(self.lab()?.refine(name, self.analysis(slot)?, &start)?);
        Ok(())
    }

    /// Takes some steps of the refinement. The returned error is that before the last of them.
    ///
    /// # Errors
    /// If none has begun, or the device fails.
    #[wasm_bindgen(js_name = refine)]
    pub async fn refine(&mut self, steps: usize, rate: f64) -> Result<Stage, JsError> {
        let refinement = self.refinement.as_mut().ok_or_else(|| JsError::new("no refinement has begun"))?;
        let mut error = None;
        for _ in 0..steps {
            error = Some(refinement.step(rate)); // [1]
        }
        let error = error.ok_or_else(|| JsError::new("no steps"))?.into_data_async().await.map_err(device_failed)?;
        let pictures = refinement.pictures().into_data_async().await.map_err(device_failed)?; // [1, 3, side, side]
        let picture = picture::from_data(&pictures)?.pop().ok_or_else(empty)?;
        Ok(Stage { rgba: picture.to_rgba(), feature_error: error.iter::<f32>().next().unwrap_or(f32::NAN).sqrt() })
    }
}
