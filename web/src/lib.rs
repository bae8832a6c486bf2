//! The wasm surface of `deepsim`: what the page's worker calls, and nothing else.
//!
//! The worker owns a [`Session`]; a session owns the device and the weights. Pictures go in and come out as RGBA bytes.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

use burn::tensor::{Device, Tensor, TensorData};
use deepsim::inversion::Inversion;
use deepsim::layer::is_valid_side;
use deepsim::model_file::ModelFile;
use deepsim::nets::activations::activations;
use deepsim::picture::{self, Picture};
use wasm_bindgen::prelude::*;

/// The largest difference, in pictures of range 2, between a device's inversion and flex's that the self-test lets pass.
const SELF_TEST_TOLERANCE: f32 = 0.01;

/// Side of the self-test's picture: small, and still with a grid in every layer.
const SELF_TEST_SIDE: usize = 64;

/// Makes a panic's message and place readable in the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A device and the networks on it.
#[wasm_bindgen]
pub struct Session {
    device: Device,
    networks: Option<Networks>,
}

struct Networks {
    squeezenet: ModelFile,
    inverter: ModelFile,
    inversion: Inversion,
}

/// An inversion, and what was inverted.
#[wasm_bindgen]
pub struct Inverted {
    original: Vec<u8>,
    inversion: Vec<u8>,
}

#[wasm_bindgen]
impl Inverted {
    /// RGBA bytes of the cropped and resized picture.
    #[wasm_bindgen(getter)]
    pub fn original(&self) -> Vec<u8> {
        self.original.clone()
    }

    /// RGBA bytes of its inversion.
    #[wasm_bindgen(getter)]
    pub fn inversion(&self) -> Vec<u8> {
        self.inversion.clone()
    }
}

#[wasm_bindgen]
impl Session {
    /// Opens WebGPU's device, or the processor.
    ///
    /// # Errors
    /// If the browser gives no WebGPU device.
    pub async fn open(webgpu: bool) -> Result<Session, JsError> {
        let device = if webgpu { webgpu_device().await? } else { Device::flex() };
        Ok(Self { device, networks: None })
    }

    /// Verifies two model files' bytes and puts their weights on the device.
    ///
    /// # Errors
    /// If a file is damaged, of another version or of the wrong kind.
    pub fn load(&mut self, squeezenet: &[u8], inverter: &[u8]) -> Result<(), JsError> {
        let (squeezenet, inverter) = (ModelFile::from_bytes(squeezenet)?, ModelFile::from_bytes(inverter)?);
        let inversion = Inversion::new(&squeezenet, &inverter, &self.device)?;
        self.networks = Some(Networks { squeezenet, inverter, inversion });
        Ok(())
    }

    /// Inverts a small known picture on this device and on the processor, and returns the largest difference. A shader that the
    /// browser refuses leaves stale memory behind without an error, so a GPU is believed only after this.
    ///
    /// # Errors
    /// If nothing is loaded, or the two differ by more than they may.
    #[wasm_bindgen(js_name = selfTest)]
    pub async fn self_test(&self) -> Result<f32, JsError> {
        let networks = self.networks()?;
        let reference = Inversion::new(&networks.squeezenet, &networks.inverter, &Device::flex())?;
        let found = read(networks.inversion.invert(pattern(SELF_TEST_SIDE, &self.device))).await?;
        let wanted = read(reference.invert(pattern(SELF_TEST_SIDE, &Device::flex()))).await?;
        let difference = largest_difference(&found, &wanted);
        if difference <= SELF_TEST_TOLERANCE {
            return Ok(difference);
        }
        Err(JsError::new(&format!("the self-test is off by {difference}, more than {SELF_TEST_TOLERANCE}")))
    }

    /// Crops the middle square of an RGBA picture, resizes it to `side` and inverts its features.
    ///
    /// # Errors
    /// If nothing is loaded, the bytes are no picture, `side` is not a multiple of 16, or the device fails.
    pub async fn invert(&self, rgba: &[u8], width: usize, height: usize, side: usize) -> Result<Inverted, JsError> {
        if !is_valid_side(side) {
            return Err(JsError::new("the side must be a multiple of 16 and at least 32"));
        }
        let networks = self.networks()?;
        let cropped = Picture::from_rgba(width, height, rgba)?.centre_crop(side)?;
        let pictures = picture::to_tensor(std::slice::from_ref(&cropped), &self.device)?; // [1, 3, side, side]
        let inverted = read(networks.inversion.invert(pictures)).await?;
        let [inverted] = &picture::from_data(&inverted)?[..] else {
            return Err(JsError::new("one picture went in, another number came out"));
        };
        Ok(Inverted { original: cropped.to_rgba(), inversion: inverted.to_rgba() })
    }

    /// Runs the network of any model file on the pattern x[c, i, j] = (31 i + 17 j + 101 c) mod 256 of a side and returns a
    /// `Map` from names to `Float32Array`s: for checking this browser against other machines.
    ///
    /// # Errors
    /// If the file is not a network that takes pictures, or the device fails.
    pub async fn activations(&self, model: &[u8], side: usize) -> Result<js_sys::Map, JsError> {
        let file = ModelFile::from_bytes(model)?;
        let map = js_sys::Map::new();
        for (name, tensor) in activations(&file, pattern(side, &self.device), &self.device)? {
            let data = tensor.into_data_async().await.map_err(|error| JsError::new(&error.to_string()))?;
            let values = data.iter::<f32>().collect::<Vec<_>>();
            map.set(&name.into(), &js_sys::Float32Array::from(&values[..]).into());
        }
        Ok(map)
    }

    fn networks(&self) -> Result<&Networks, JsError> {
        self.networks.as_ref().ok_or_else(|| JsError::new("no weights are loaded"))
    }
}

#[cfg(target_arch = "wasm32")]
async fn webgpu_device() -> Result<Device, JsError> {
    let device = Device::wgpu_options().init_async().await.map_err(|error| JsError::new(&error.to_string()))?;
    web_sys::console::info_1(&format!("deepsim computes on {device:?}").into());
    Ok(device)
}

/// Only browsers have WebGPU as the page means it.
#[cfg(not(target_arch = "wasm32"))]
async fn webgpu_device() -> Result<Device, JsError> {
    Err(JsError::new("WebGPU is a browser's; this build is not for one"))
}

/// Reading a tensor in a browser has to wait for the GPU without blocking.
async fn read(tensor: Tensor<4>) -> Result<TensorData, JsError> {
    tensor.into_data_async().await.map_err(|error| JsError::new(&error.to_string()))
}

/// The pattern of the golden activations as a picture in [-1, 1], `[1, 3, side, side]`.
fn pattern(side: usize, device: &Device) -> Tensor<4> {
    let area = side * side;
    // Below 256, so the cast to f32 is exact.
    let value = |n: usize| ((31 * (n % area / side) + 17 * (n % side) + 101 * (n / area)) % 256) as f32 / 127.5 - 1.0;
    Tensor::from_data(TensorData::new((0..3 * area).map(value).collect::<Vec<_>>(), [1, 3, side, side]), device)
}

/// NaN counts as infinitely different.
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
