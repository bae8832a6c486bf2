//! Which pictures a run trains on and which it measures on: the built-in photographs unless it is told otherwise.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim::picture::Crop;
use rand::RngExt;

use super::Dataset;
use crate::config::Config;
use crate::locate::locate;
use crate::random::random;

/// The built-in photographs.
const TRAIN_DATA: &str = "data/photos-train.tar";
/// Photographs that no training picture was cut from.
const HELD_OUT_DATA: &str = "data/photos-val.tar";
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0xc409;

/// The training pictures and the held-out ones.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_data(config: &Config) -> Result<(Arc<Dataset>, Dataset)> {
    let open = |path: &Path| Ok::<_, anyhow::Error>(Dataset::open(path)?);
    let (dataset, held_out) = match (&config.data, &config.held_out) {
        (Some(data), Some(held_out)) => (open(data)?, open(held_out)?),
        (Some(data), None) => open(data)?.split_held_out(),
        (None, Some(held_out)) => (open(&locate(TRAIN_DATA)?)?, open(held_out)?),
        (None, None) => (open(&locate(TRAIN_DATA)?)?, open(&locate(HELD_OUT_DATA)?)?),
    };
    Ok((Arc::new(dataset), held_out))
}

/// The built-in training photographs, for what is fitted to them.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_training() -> Result<Dataset> {
    Ok(Dataset::open(&locate(TRAIN_DATA)?)?)
}

/// Held-out pictures to measure on: these, or the built-in ones.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_held_out(path: Option<&Path>) -> Result<Dataset> {
    match path {
        Some(path) => Ok(Dataset::open(path)?),
        None => Ok(Dataset::open(&locate(HELD_OUT_DATA)?)?),
    }
}

/// `crops` squares of each of up to `most` pictures, spread evenly: the middle one, then random ones of 60 to 100 % of the short side, the
/// same every time. Unreadable pictures are passed over.
///
/// # Errors
/// If none can be read.
pub fn held_out_crops(dataset: &Dataset, most: usize, crops: usize, side: usize) -> Result<Vec<Picture>> {
    let count = dataset.len().min(most);
    let mut made = Vec::with_capacity(count * crops);
    for place in 0..count {
        let index = place * dataset.len() / count;
        let Ok(picture) = dataset.picture(index) else { continue };
        made.push(picture.centre_crop(side)?);
        let mut random = random(0, PURPOSE, index as u64);
        for _ in 1..crops {
            let square = picture.width().min(picture.height()) as f64 * random.random_range(0.6..1.0);
            let mut place = |size: usize| random.random_range(0.0..=1.0) * (size as f64 - square);
            let crop = Crop { left: place(picture.width()), top: place(picture.height()), width: square, height: square };
            made.push(picture.crop_resize(crop, side)?);
        }
    }
    ensure!(!made.is_empty(), "no picture of {} can be read", dataset.name());
    Ok(made)
}

/// Centre crops of up to `most` pictures, spread evenly over the data set; unreadable ones are passed over.
///
/// # Errors
/// If none can be read.
pub fn crops(dataset: &Dataset, most: usize, side: usize) -> Result<Vec<Picture>> {
    let count = dataset.len().min(most);
    let mut first_error = None;
    let mut crops = Vec::with_capacity(count);
    for place in 0..count {
        match dataset.picture(place * dataset.len() / count) {
            Ok(picture) => crops.push(picture.centre_crop(side)?),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) if crops.is_empty() => Err(error).with_context(|| format!("no picture of {} can be read", dataset.name())),
        _ => Ok(crops),
    }
}
