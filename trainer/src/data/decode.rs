//! JPEG, PNG and WebP bytes -> [`Picture`], with EXIF's orientation applied as a browser does.

use std::io::Cursor;
use std::path::Path;

use deepsim::Picture;
use image::{DynamicImage, ImageDecoder, ImageReader};

use super::DataError;

/// Decodes a picture file's bytes.
///
/// # Errors
/// One line on what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let one_line = |error: &dyn std::fmt::Display| error.to_string().lines().collect::<Vec<_>>().join(" ");
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| one_line(&e))?;
    if reader.format().is_none() {
        return Err("not a JPEG, PNG or WebP picture".into());
    }
    let mut decoder = reader.into_decoder().map_err(|e| one_line(&e))?;
    let orientation = decoder.orientation().map_err(|e| one_line(&e))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| one_line(&e))?;
    image.apply_orientation(orientation);
    let rgba = image.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Picture::from_rgba(width, height, rgba.as_raw()).map_err(|e| one_line(&e))
}

/// Reads and decodes a picture file.
///
/// # Errors
/// With the path and what is wrong.
pub fn open_picture(path: &Path) -> Result<Picture, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    decode(&bytes).map_err(|reason| DataError::Picture { name: path.display().to_string(), reason })
}
