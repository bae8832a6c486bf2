//! Which pictures a run trains on and which it measures on: the built-in photographs unless it is told otherwise.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use deepsim::Picture;

use super::Dataset;
use crate::config::Config;
use crate::locate::locate;

/// The built-in photographs.
const TRAIN_DATA: &str = "data/photos-train.tar";
/// Photographs that no training picture was cut from.
const HELD_OUT_DATA: &str = "data/photos-val.tar";
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
