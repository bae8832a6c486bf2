//! A trained LAPGAN on a device: numbers of samples to pictures.

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use deepsim::lapgan::{Noise, PyramidGenerator};
use deepsim::model_file::{ModelFile, Training};
use deepsim::nets::lapgan::Made;
use deepsim::picture::{self, Picture};

/// Pictures that go through a network at a time.
const CHUNK: usize = 64;

/// A LAPGAN on a device.
#[derive(Debug)]
pub struct TrainedLapgan {
    /// The generators.
    pub generator: PyramidGenerator,
    /// How they were trained, as their card says.
    pub training: Option<Training>,
}

impl TrainedLapgan {
    /// Puts a model file on a device.
    ///
    /// # Errors
    /// If it is not a LAPGAN's.
    pub fn of(file: &ModelFile, device: &Device) -> Result<Self> {
        Ok(Self { generator: PyramidGenerator::new(file, device)?, training: file.card().training.clone() })
    }

    /// Returns the number of the class of this name or number.
    ///
    /// # Errors
    /// If there is none, with the names that there are.
    pub fn class(&self, name: &str) -> Result<usize> {
        let classes = self.generator.classes();
        ensure!(!classes.is_empty(), "the model tells no classes apart");
        let named = classes.iter().position(|class| class.name.eq_ignore_ascii_case(name));
        let numbered = || name.parse().ok().filter(|&number: &usize| number < classes.len());
        let names = || classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
        named.or_else(numbered).with_context(|| format!("the model has no class {name}, but {}", names()))
    }

    /// Returns the noise of the first pictures of a seed, all of one class if it is given.
    pub fn noise(&self, seed: u64, count: usize, class: Option<usize>) -> Vec<Noise> {
        (0..count as u64).map(|place| self.generator.draw(seed, place, &[], class)).collect()
    }

    /// Makes pictures of noise.
    ///
    /// # Errors
    /// If the device fails.
    pub fn draw(&self, noise: &[Noise]) -> Result<Vec<Picture>> {
        in_chunks(noise, |noise| self.generator.grow(noise).pop())
    }

    /// Makes pictures of those of a level, counted from 0, `[count, 3, side, side]`.
    ///
    /// # Errors
    /// If the device fails.
    pub fn refine(&self, pictures: &Tensor<4>, level: usize, noise: &[Noise]) -> Result<Vec<Picture>> {
        in_parts(pictures, noise, |part, noise| self.generator.refine(part, level, noise).pop())
    }

    /// Makes the detail of pictures `[count, 3, side, side]` anew, from a level on, counted from 0.
    ///
    /// # Errors
    /// If the device fails.
    pub fn replace_detail(&self, pictures: &Tensor<4>, level: usize, noise: &[Noise]) -> Result<Vec<Picture>> {
        in_parts(pictures, noise, |part, noise| self.generator.replace_detail(part, level, noise).pop())
    }
}

/// Gives each chunk of noise the pictures that belong to it.
fn in_parts(pictures: &Tensor<4>, noise: &[Noise], make: impl Fn(Tensor<4>, &[Noise]) -> Option<Made>) -> Result<Vec<Picture>> {
    let mut done = 0;
    in_chunks(noise, |noise| {
        let part = pictures.clone().narrow(0, done, noise.len()); // [chunk, 3, side, side]
        done += noise.len();
        make(part, noise)
    })
}

fn in_chunks(noise: &[Noise], mut make: impl FnMut(&[Noise]) -> Option<Made>) -> Result<Vec<Picture>> {
    let mut pictures = Vec::with_capacity(noise.len());
    for chunk in noise.chunks(CHUNK) {
        let made = make(chunk).context("a pyramid has levels")?;
        pictures.extend(picture::from_data(&made.pictures.into_data())?);
    }
    Ok(pictures)
}
