//! The ways to invert features that are measured side by side: a trained inverter, and the baselines that it must beat.

mod mean;
mod optimise;
mod ridge;

use anyhow::{Context, Result};
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::inversion::Inversion;
use deepsim::picture::{self, Picture};

pub use mean::MeanPicture;
pub use optimise::{Descent, Optimised};
pub use ridge::Ridge;

/// Pictures -> features of a layer -> pictures.
pub trait Method {
    /// Inverts the features of pictures of one size.
    ///
    /// # Errors
    /// If the pictures are of a size that the method does not make.
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>>;
}

/// A trained inverter.
#[derive(Debug)]
pub struct Inverted {
    /// The networks.
    pub inversion: Inversion,
    /// Where they run.
    pub device: Device,
    /// Rounds: features of the picture, of its inversion, of the inversion of that.
    pub iterations: usize,
}

impl Method for Inverted {
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>> {
        let rounds = self.inversion.rounds(&picture::to_tensor(pictures, &self.device)?, self.iterations);
        let last = rounds.into_iter().next_back().context("no round of inversion")?; // [batch, 3, side, side]
        Ok(picture::from_data(&last.into_data())?)
    }
}

/// Returns the sides at which inversions of a layer are measured and shown: that of the page, or the only one that the layer has.
pub const fn usual_side(layer: Layer) -> usize {
    match layer.stride() {
        Some(_) => 224,
        None => deepsim::nets::inverter::SCORES_SIDE,
    }
}
