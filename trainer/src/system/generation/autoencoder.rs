//! A trained autoencoder on a device: pictures to codes, and codes to pictures.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use deepsim::generation::Generation;
use deepsim::model_file::Training;
use deepsim::picture::{self, Picture};

use crate::models;

/// Pictures that go through a network at a time.
pub(super) const CHUNK: usize = 32;

/// An autoencoder on a device.
#[derive(Debug)]
pub struct TrainedAutoencoder {
    /// The networks.
    pub generation: Generation,
    /// How they were trained, as their card says.
    pub training: Option<Training>,
    /// Where they run.
    pub device: Device,
}

impl TrainedAutoencoder {
    /// Reads a model file.
    ///
    /// # Errors
    /// If it cannot be read, or is not an autoencoder's.
    pub fn read(path: &Path, device: &Device) -> Result<Self> {
        let file = models::read(path)?;
        let generation = Generation::new(&file, device).with_context(|| path.display().to_string())?;
        Ok(Self { generation, training: file.card().training.clone(), device: device.clone() })
    }

    /// Returns the side of its pictures.
    pub const fn side(&self) -> usize {
        self.generation.card().side
    }

    /// Encodes pictures of its side and returns their codes.
    ///
    /// # Errors
    /// If there is no picture, or one is of another side.
    pub fn encode(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>> {
        let mut codes = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(CHUNK) {
            let encoded = self.generation.encode(picture::to_tensor(chunk, &self.device)?); // [batch, channels, side, side]
            codes.extend(rows(encoded, self.generation.len()));
        }
        Ok(codes)
    }

    /// Decodes codes and returns their pictures.
    ///
    /// # Errors
    /// If the device fails.
    pub fn decode(&self, codes: &[Vec<f32>]) -> Result<Vec<Picture>> {
        let mut pictures = Vec::with_capacity(codes.len());
        for chunk in codes.chunks(CHUNK) {
            let codes = self.generation.to_tensor(&chunk.concat(), &self.device); // [batch, channels, side, side]
            pictures.extend(picture::from_data(&self.generation.decode(codes).into_data())?);
        }
        Ok(pictures)
    }

    /// Returns `count` pictures of codes drawn from its prior.
    ///
    /// # Errors
    /// If the network's codes cannot be drawn.
    pub fn draw(&self, seed: u64, count: usize) -> Result<Vec<Picture>> {
        let codes = (0..count as u64).map(|place| self.generation.draw(seed, place, 0)).collect::<Result<Vec<_>, _>>()?;
        self.decode(&codes)
    }
}

/// Splits a tensor into rows of `each` numbers.
pub(super) fn rows(tensor: Tensor<4>, each: usize) -> Vec<Vec<f32>> {
    let values: Vec<f32> = tensor.into_data().iter().collect();
    values.chunks_exact(each).map(<[f32]>::to_vec).collect()
}
