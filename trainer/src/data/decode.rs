//! Picture files' bytes -> [`Picture`], with EXIF's orientation applied as a browser does.

use std::io::Cursor;
use std::path::Path;

use deepsim::Picture;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::DataError;
use super::format::{self, Format};

/// Bytes that a JPEG without an end is continued by: more than its last row of blocks needs.
const CONTINUATION: usize = 1 << 16;

/// The most that a picture's pixels may take as they are decoded, in bytes: 358 megapixels of three bytes. A few bytes of a file can promise a thousand times as
/// much as a machine holds.
pub const MOST_BYTES: u64 = 1 << 30;

/// Decodes a picture file's bytes.
///
/// # Errors
/// One line on what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let image = decode_image(bytes)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let picture = if image.color().has_alpha() {
        Picture::from_rgba(width, height, &image.into_rgba8())
    } else {
        Picture::from_rgb(width, height, image.into_rgb8().into_raw())
    };
    picture.map_err(|error| error.to_string())
}

/// Decodes a picture file's bytes to the kind of pixels that the file has.
fn decode_image(bytes: &[u8]) -> Result<DynamicImage, String> {
    let one_line = |error: &dyn std::fmt::Display| error.to_string().lines().collect::<Vec<_>>().join(" ");
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| one_line(&e))?;
    match (reader.format(), format::of_bytes(bytes)) {
        (_, Some(Format { name, decoded: false, .. })) => {
            return Err(format!("{name} pictures cannot be decoded here: convert it to JPEG or PNG first"));
        }
        (Some(ImageFormat::Jpeg), _) if !jpeg_has_end(bytes) => return without_end(bytes),
        (Some(_), Some(_)) => {}
        _ => return Err(format!("not a {} picture", format::names())),
    }
    decode_whole(bytes)
}

/// Decodes a file that is not cut short.
fn decode_whole(bytes: &[u8]) -> Result<DynamicImage, String> {
    let one_line = |error: &dyn std::fmt::Display| error.to_string().lines().collect::<Vec<_>>().join(" ");
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| one_line(&e))?;
    let mut decoder = reader.into_decoder().map_err(|e| one_line(&e))?;
    if decoder.total_bytes() > MOST_BYTES {
        let (width, height) = decoder.dimensions();
        return Err(format!("a picture of {width} x {height} pixels, which is more than {} MB: make it smaller first", MOST_BYTES >> 20));
    }
    let orientation = decoder.orientation().map_err(|e| one_line(&e))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| one_line(&e))?;
    image.apply_orientation(orientation);
    Ok(image)
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
    let rgba = decode_image(&bytes).map_err(bad)?.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
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

/// Decodes a JPEG that has no end marker, if nothing but that is missing. The decoder paints missing pixels and says nothing; so it is given two
/// different continuations, and of a picture that is whole it makes the same of both.
fn without_end(bytes: &[u8]) -> Result<DynamicImage, String> {
    let cut_short = || "a JPEG that was cut short".to_owned();
    // The scans of a progressive one refine each other: which are missing does not show in the pixels.
    if jpeg_segments(bytes).any(|(marker, _)| marker == 0xc2) {
        return Err(cut_short());
    }
    let bytes = bytes.strip_suffix(&[0xff]).unwrap_or(bytes);
    let continued = |with: u8| decode_whole(&[bytes, &[with; CONTINUATION], &[0xff, 0xd9]].concat());
    match (continued(0x00), continued(0xaa)) {
        (Ok(first), Ok(second)) if first == second => Ok(first),
        _ => Err(cut_short()),
    }
}

/// Returns the markers of a JPEG's segments up to its data, and where each segment ends.
fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut place = 2;
    std::iter::from_fn(move || match bytes.get(place..place + 4) {
        Some(&[0xff, marker, high, low]) => {
            place += 2 + usize::from(u16::from_be_bytes([high, low]));
            Some((marker, place))
        }
        _ => None,
    })
}

/// Returns whether the picture's own data ends with the end marker, FF D9. Thumbnails have one too, so the segments before the data are
/// passed over; in the data itself FF is never followed by D9.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let data = jpeg_segments(bytes).find(|(marker, _)| *marker == 0xda).and_then(|(_, end)| bytes.get(end..));
    data.is_some_and(|data| data.windows(2).any(|pair| pair == [0xff, 0xd9]))
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, RgbImage};

    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 24, |x, y| image::Rgb([(x * 6) as u8, (y * 10) as u8, ((x + y) * 3) as u8]))
    }

    #[test]
    fn every_format_that_is_said_to_be_decoded_is() {
        let exact = picture();
        for (format, image_format, loses) in [
            ("JPEG", ImageFormat::Jpeg, 60),
            ("PNG", ImageFormat::Png, 0),
            ("WebP", ImageFormat::WebP, 0),
            ("GIF", ImageFormat::Gif, 60),
            ("BMP", ImageFormat::Bmp, 0),
            ("TIFF", ImageFormat::Tiff, 0),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            exact.write_to(&mut bytes, image_format).unwrap();
            let bytes = bytes.into_inner();
            assert_eq!(format::of_bytes(&bytes).map(|found| found.name), Some(format));
            let decoded = decode(&bytes).unwrap();
            let off = decoded.rgb().iter().zip(exact.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!((decoded.width(), decoded.height()) == (40, 24) && off <= Some(loses), "{format}: off by {off:?}");
        }
        for (bytes, told) in [(&b"\0\0\0\x20ftypheic\0\0"[..], "HEIC"), (b"\0\0\0\x20ftypavif\0\0", "AVIF")] {
            let error = decode(bytes).unwrap_err();
            assert!(error.contains(told) && error.contains("convert"), "{error}");
        }
    }

    #[test]
    fn a_jpeg_without_its_end_is_taken_if_its_pixels_are_all_there() {
        let mut bytes = Vec::new();
        let picture = picture();
        image::codecs::jpeg::JpegEncoder::new(&mut bytes).write_image(&picture, 40, 24, ExtendedColorType::Rgb8).unwrap();
        let whole = decode(&bytes).unwrap();
        for missing in [1, 2] {
            assert_eq!(decode(&bytes[..bytes.len() - missing]).unwrap(), whole, "without the last {missing}");
        }
        for missing in [12, bytes.len() / 4] {
            assert_eq!(decode(&bytes[..bytes.len() - missing]).unwrap_err(), "a JPEG that was cut short", "without the last {missing}");
        }
    }
}
