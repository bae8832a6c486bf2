//! Whether a browser's GPU computes what the processor computes. A shader that the browser refuses leaves stale memory behind without an
//! error, so a GPU is believed only after this.

use burn::tensor::{Device, Tensor, TensorData};
use deepsim::inversion::Inversion;
use deepsim::model_file::ModelFile;
use wasm_bindgen::JsError;

/// The largest difference, in pictures of range 2, between a device's inversion and flex's that is let pass.
const TOLERANCE: f32 = 0.01;

/// Side of the picture: small, and still with a grid in every layer.
const SIDE: usize = 64;

/// Inverts a small known picture on the device and on the processor, and returns the largest difference.
///
/// # Errors
/// If a file is not what it should be, or the two differ by more than they may.
pub async fn self_test(squeezenet: &ModelFile, inverter: &ModelFile, device: &Device) -> Result<f32, JsError> {
    let inverted = async |device: &Device| -> Result<TensorData, JsError> {
        let inversion = Inversion::new(squeezenet, inverter, device)?;
        // Reading a tensor in a browser has to wait for the GPU without blocking.
        let picture = inversion.invert(pattern(SIDE, device)); // [1, 3, side, side]
        picture.into_data_async().await.map_err(|error| JsError::new(&error.to_string()))
    };
    let difference = largest_difference(&inverted(device).await?, &inverted(&Device::flex()).await?);
    if difference <= TOLERANCE {
        return Ok(difference);
    }
    Err(JsError::new(&format!("the self-test is off by {difference}, more than {TOLERANCE}")))
}

/// Returns the pattern of the golden activations as a picture in [-1, 1], `[1, 3, side, side]`: x[c, i, j] = (31 i + 17 j + 101 c) mod 256.
pub fn pattern(side: usize, device: &Device) -> Tensor<4> {
    let area = side * side;
    // Below 256, so the cast to f32 is exact.
    let value = |n: usize| ((31 * (n % area / side) + 17 * (n % side) + 101 * (n / area)) % 256) as f32 / 127.5 - 1.0;
    Tensor::from_data(TensorData::new((0..3 * area).map(value).collect::<Vec<_>>(), [1, 3, side, side]), device)
}

/// Returns the largest difference; NaN counts as infinitely different.
fn largest_difference(a: &TensorData, b: &TensorData) -> f32 {
    let differences = a.iter::<f32>().zip(b.iter::<f32>()).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, difference| {
        if difference <= most {
            most
        } else if difference.is_nan() {
            f32::INFINITY
        } else {
            difference
        }
    })
}
