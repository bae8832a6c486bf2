//! Whether a browser's GPU takes the training steps that the processor takes.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::model_file::ModelFile;
use deepsim::nets::inverter::InverterShape;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::Picture;
use deepsim::training::run::{PictureSet, Run, RunOptions};
use wasm_bindgen::JsError;

/// The largest relative difference of a loss that is let pass.
const TOLERANCE: f32 = 0.01;
/// Side of the pictures.
const SIDE: usize = 64;
/// Steps that are compared.
const STEPS: usize = 5;
/// The learning rate of those steps.
const RATE: f64 = 5e-4;

/// Takes a few small training steps on the device and on the processor, all three terms counting, and returns the largest relative difference of their
/// losses.
///
/// # Errors
/// If the file is not what it should be, or the two differ by more than they may.
pub async fn training_self_test(squeezenet: &ModelFile, device: &Device) -> Result<f32, JsError> {
    let picture =
        |shift: usize| Picture::from_rgb(SIDE, SIDE, (0..SIDE * SIDE * 3).map(|at| ((at * 7 + at / 96 * shift) % 256) as u8).collect());
    let pictures = (0..4).map(picture).collect::<Result<Vec<_>, _>>()?;
    let pictures = Arc::new(PictureSet { name: "pattern".into(), training: pictures.clone(), held_out: pictures });
    let options = RunOptions { shape: InverterShape { width: 0.25, ..Layer::Pool1.into() }, size: 48, batch: 2, seed: 1 };
    let losses = async |device: &Device| -> Result<Vec<f32>, JsError> {
        let network = squeezenet.apply(SqueezeNet::new(device))?.no_grad();
        let mut run = Run::begin(options, &network, Arc::clone(&pictures), None, device).await?;
        let mut all = Vec::new();
        for _ in 0..STEPS {
            all.extend(run.step(RATE).await?.losses.terms().into_iter().map(|(_, value)| value));
        }
        Ok(all)
    };
    let (found, wanted) = (losses(device).await?, losses(&Device::flex()).await?);
    let relative = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs() / b.abs().max(TOLERANCE));
    // What is no number is infinitely different.
    let difference = relative.fold(0.0, |most, each| if each.is_nan() { f32::INFINITY } else { f32::max(most, each) });
    if difference <= TOLERANCE {
        return Ok(difference);
    }
    Err(JsError::new(&format!("the self-test of training is off by {difference}, more than {TOLERANCE}")))
}
