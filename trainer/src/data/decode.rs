//! JPEG, PNG and WebP bytes -> [`Picture`], with EXIF's orientation applied as a browser does.

use std::io::Cursor;
use std::path::Path;

use deepsim::Picture;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::DataError;

/// Decodes a picture file's bytes.
///
/// # Errors
/// One line on what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let (width, height, rgba) = decode_rgba(bytes)?;
    Picture::from_rgba(width, height, &rgba).map_err(|error| error.to_string())
}

/// Decodes a picture file's bytes to width, height and RGBA bytes with straight alpha.
fn decode_rgba(bytes: &[u8]) -> Result<(usize, usize, Vec<u8>), String> {
    let one_line = |error: &dyn std::fmt::Display| error.to_string().lines().collect::<Vec<_>>().join(" ");
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| one_line(&e))?;
    match reader.format() {
        None => return Err("not a JPEG, PNG or WebP picture".into()),
        // The decoder paints what is missing grey and says nothing.
        Some(ImageFormat::Jpeg) if !jpeg_has_end(bytes) => return Err("a JPEG that was cut short".into()),
        Some(_) => {}
    }
    let mut decoder = reader.into_decoder().map_err(|e| one_line(&e))?;
    let orientation = decoder.orientation().map_err(|e| one_line(&e))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| one_line(&e))?;
    image.apply_orientation(orientation);
    let rgba = image.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Ok((width, height, rgba.into_raw()))
}

/// A picture and its transparency.
#[derive(Debug)]
pub struct Transparent {
    /// The colours, not laid over anything.
    pub colours: Picture,
    /// The opacity of each pixel as a grey picture; nothing for a picture that is opaque everywhere.
    pub opacity: Option<Picture>,
}

/// Reads and decodes a picture file with its transparency.
///
/// # Errors
/// With the path and what is wrong.
pub fn open_transparent(path: &Path) -> Result<Transparent, DataError> {
    let bad = |reason: String| DataError::Picture { name: path.display().to_string(), reason };
    let bytes = std::fs::read(path).map_err(|reason| DataError::Read { path: path.to_owned(), reason })?;
    let (width, height, rgba) = decode_rgba(&bytes).map_err(bad)?;
    let picture = |values: Vec<u8>| Picture::from_rgb(width, height, values).map_err(|error| bad(error.to_string()));
    let is_opaque = rgba.chunks_exact(4).all(|pixel| pixel[3] == 255);
    let opacity = rgba.chunks_exact(4).flat_map(|pixel| [pixel[3]; 3]).collect();
    Ok(Transparent {
        colours: picture(rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())?,
        opacity: if is_opaque { None } else { Some(picture(opacity)?) },
    })
}

/// Reads and decodes a picture file.
///
/// # Errors
/// With the path and what is wrong.
pub fn open_picture(path: &Path) -> Result<Picture, DataError> {
    let bytes = std::fs::read(path).map_err(|reason| DataError::Read { path: path.to_owned(), reason })?;
    decode(&bytes).map_err(|reason| DataError::Picture { name: path.display().to_string(), reason })
}

/// Returns whether the picture's own data ends with the end marker, FF D9. Thumbnails have one too, so the segments before the data are
/// passed over; in the data itself FF is never followed by D9.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let mut place = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(place..place + 4) {
        place += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xda {
            return bytes.get(place..).is_some_and(|data| data.windows(2).any(|pair| pair == [0xff, 0xd9]));
        }
    }
    false
}
