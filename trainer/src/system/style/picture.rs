//! The pictures that styles are learned from, and the loss that compares with them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::loss::style::{Grams, StyleLoss};
use deepsim::picture;
use deepsim::{Layer, Picture};

use crate::config::style::StyleTerms;
use crate::data::{Dataset, is_picture_name, open_picture};
use crate::models;
use crate::train::scale::measure_scales;

/// Returns the picture files that `--style` names: files, and the pictures of folders in the order of their names.
///
/// # Errors
/// If there is none, or a path cannot be read.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let named = || format!("--style {}", path.display());
        if fs::metadata(path).with_context(named)?.is_dir() {
            let mut pictures: Vec<PathBuf> =
                fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().with_context(named)?;
            pictures.retain(|path| is_picture_name(path));
            pictures.sort();
            found.extend(pictures);
        } else {
            found.push(path.clone());
        }
    }
    ensure!(!found.is_empty(), "--style: no pictures there; name paintings, or a folder of them");
    Ok(found)
}

/// Returns a style's name: that of its file without the ending.
pub fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads a style's picture, its longer side `size` pixels.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path, size: usize) -> Result<Picture> {
    let picture = open_picture(path)?;
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    // At least one pixel, so the casts only drop the fraction.
    let side = |length: f64| ((length * size as f64 / width.max(height)).round() as usize).max(1);
    Ok(picture.resized(side(width), side(height))?)
}

/// Creates the loss of style transfer in SqueezeNet's features. `content_scale` is what those of the content are divided by.
///
/// # Errors
/// If the weights of SqueezeNet cannot be found.
pub fn loss(terms: &StyleTerms, content_scale: f32, device: &Device) -> Result<StyleLoss> {
    let places: Vec<String> = terms.style_layers.iter().map(Layer::to_string).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let content = terms.content_layer.to_string();
    Ok(StyleLoss::new(models::squeezenet(device)?, &places, (&content, content_scale), terms.weights())?)
}

/// Measures what the features of the content are divided by: their scale on pictures of this side.
///
/// # Errors
/// If the weights of SqueezeNet cannot be found, or no picture be read.
pub fn content_scale(terms: &StyleTerms, pictures: &Dataset, side: usize, device: &Device) -> Result<f32> {
    let encoder = models::squeezenet(device)?;
    let scales = measure_scales(pictures, |pictures| vec![encoder.features(pictures, terms.content_layer)], side, device)?;
    scales.first().copied().context("no picture to measure the features' scale on")
}

/// Returns the Gram matrices of a style's picture.
///
/// # Errors
/// If the device fails.
pub fn grams(loss: &StyleLoss, style: &Picture, device: &Device) -> Result<Grams> {
    Ok(loss.grams(picture::to_tensor(std::slice::from_ref(style), device)?))
}
