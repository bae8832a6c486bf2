//! Style transfer by optimisation (Gatys et al. 2016), the baseline of style networks.

use anyhow::Result;
use burn::tensor::Device;
use deepsim::Picture;
use deepsim::loss::style::StyleLoss;
use deepsim::picture;
use deepsim::restyle::StyleOptimisation;

use super::picture::grams;

/// Adam's rate for pixels.
const RATE: f64 = 0.02;

/// Paints a picture by optimisation. Returns it and the loss before each step, and after the last.
///
/// # Errors
/// If the device fails.
pub fn optimise(loss: &StyleLoss, style: &Picture, content: &Picture, steps: usize, device: &Device) -> Result<(Picture, Vec<f64>)> {
    let content_tensor = picture::to_tensor(std::slice::from_ref(content), device)?; // [1, 3, height, width]
    let mut optimisation = StyleOptimisation::new(loss, grams(loss, style, device)?, content_tensor);
    let mut curve: Vec<f64> = (0..steps).map(|_| f64::from(optimisation.step(RATE).into_scalar::<f32>())).collect();
    let made = picture::from_data(&optimisation.picture().into_data())?.remove(0);
    curve.push(value(loss, style, &made, content, device)?);
    Ok((made, curve))
}

/// Returns the whole loss of a picture.
///
/// # Errors
/// If the device fails.
pub fn value(loss: &StyleLoss, style: &Picture, made: &Picture, content: &Picture, device: &Device) -> Result<f64> {
    let tensor = |picture: &Picture| picture::to_tensor(std::slice::from_ref(picture), device);
    let terms = loss.terms(tensor(made)?, tensor(content)?, &grams(loss, style, device)?);
    Ok(f64::from(loss.total(&terms).into_scalar::<f32>()))
}
