//! Sheets of sample pictures: held-out ones above their inversions.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result};
use deepsim::Picture;
use image::{ImageFormat, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::atomic_file::write_atomically;

/// Of sheets as JPEG, 1 to 100. They lie in the repository, so they are coded as tightly as can be.
const QUALITY: u8 = 62;

/// Encodes a picture as PNG.
///
/// # Errors
/// Only if the encoder fails.
pub fn to_png(picture: &Picture) -> Result<Vec<u8>> {
    let (width, height) = (u32::try_from(picture.width())?, u32::try_from(picture.height())?);
    let image = RgbImage::from_raw(width, height, picture.rgb().to_vec()).context("a picture with too few bytes")?;
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

/// Encodes a picture as JPEG, for sheets that people look at and nothing measures.
///
/// # Errors
/// If a side is longer than 65 535 pixels.
pub fn to_jpeg(picture: &Picture) -> Result<Vec<u8>> {
    let (width, height) = (u16::try_from(picture.width())?, u16::try_from(picture.height())?);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(true);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(picture.rgb(), width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// Joins rows of pictures of one size into one picture.
///
/// # Errors
/// If there is no picture.
pub fn sheet(rows: &[&[Picture]]) -> Result<Picture> {
    let first = rows.first().and_then(|row| row.first()).context("a sheet needs a picture")?;
    let (width, height) = (first.width(), first.height());
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let mut rgb = vec![255; rows.len() * columns * width * height * 3];
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            for (line, values) in picture.rgb().chunks_exact(width * 3).enumerate() {
                let start = ((y * height + line) * columns + x) * width * 3;
                rgb[start..start + width * 3].copy_from_slice(values);
            }
        }
    }
    Ok(Picture::from_rgb(columns * width, rows.len() * height, rgb)?)
}

/// Returns pictures of one size as one sheet, as square as possible.
///
/// # Errors
/// If there is none.
pub fn square(pictures: &[Picture]) -> Result<Picture> {
    let columns = (1..=pictures.len()).find(|columns| columns * columns >= pictures.len()).context("a grid needs a picture")?;
    sheet(&pictures.chunks(columns).collect::<Vec<_>>())
}

/// Writes a picture as a PNG and prints the path.
///
/// # Errors
/// If the file cannot be written.
pub fn write_png(path: &Path, picture: &Picture) -> Result<()> {
    write_atomically(path, &to_png(picture)?)?;
    println!("{}", path.display());
    Ok(())
}

/// Writes a picture as a PNG, with the opacity of each pixel if there is any, and prints the path.
///
/// # Errors
/// If the two differ in size, or the file cannot be written.
pub fn write_rgba(path: &Path, colours: &Picture, opacity: Option<&Picture>) -> Result<()> {
    let Some(opacity) = opacity else {
        return write_png(path, colours);
    };
    let (width, height) = (u32::try_from(colours.width())?, u32::try_from(colours.height())?);
    let pixels = colours.rgb().chunks_exact(3).zip(opacity.rgb().chunks_exact(3));
    let rgba = pixels.flat_map(|(colour, opacity)| [colour[0], colour[1], colour[2], opacity[0]]).collect();
    let image = RgbaImage::from_raw(width, height, rgba).context("colours and opacity of different sizes")?;
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png)?;
    write_atomically(path, &png.into_inner())?;
    println!("{}", path.display());
    Ok(())
}
