//! Pairs of a crop and the same crop at a quarter of its side, some of them degraded as photographs on the web are, for super-resolution.

use std::io::Cursor;
use std::sync::Arc;

use deepsim::Picture;
use deepsim::nets::upscaler::FACTOR;
use deepsim::picture::{Crop, PictureError};
use jpeg_encoder::{ColorType, Encoder};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::loader::Source;
use super::{DataError, Dataset};

/// How often a crop is a larger part of the picture, made smaller; else it has the picture's own pixels.
const REDUCED: f64 = 0.3;
/// The qualities of JPEG that degrade a small picture.
const QUALITY: std::ops::RangeInclusive<u8> = 40..=95;
/// The largest noise, in levels of 0..255.
const NOISE: f32 = 6.0;
/// To what share of its side a small picture is reduced at most to blur it.
const BLUR: f64 = 0.6;

/// A data set's pictures, with the small picture of each.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The pictures.
    pub dataset: Arc<Dataset>,
    /// Side of the large crops, a multiple of four.
    pub side: usize,
    /// The share of the small pictures that are degraded, 0 to 1.
    pub degraded: f64,
}

impl Source for Pairs {
    fn name(&self) -> &str {
        self.dataset.name()
    }

    fn len(&self) -> usize {
        self.dataset.len()
    }

    fn example(&self, index: usize, random: &mut ChaCha8Rng) -> Result<Picture, DataError> {
        let picture = self.dataset.picture(index)?;
        crop(&picture, self.side, random).map_err(|error| bad(index, &error))
    }

    fn input(&self, example: &Picture, random: &mut ChaCha8Rng) -> Result<Option<Picture>, DataError> {
        let small = reduced(example, self.side / FACTOR)
            .and_then(|small| if random.random_bool(self.degraded) { degrade(&small, random) } else { Ok(small) });
        small.map(Some).map_err(|error| bad(0, &error))
    }
}

fn bad(index: usize, error: &PictureError) -> DataError {
    DataError::Picture { name: format!("picture {index}"), reason: error.to_string() }
}

/// Returns a random square of the picture, its own pixels or a larger square made smaller, mirrored now and then: enlarged pixels would teach
/// blur. Pictures that are smaller than the square are enlarged all the same.
fn crop(picture: &Picture, side: usize, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    let short = picture.width().min(picture.height());
    let size = if short > side && random.random_bool(REDUCED) { random.random_range(side..=short) } else { side.min(short) };
    let (left, top) = (random.random_range(0..=picture.width() - size), random.random_range(0..=picture.height() - size));
    let cropped = if size == side {
        picture.part(left..left + size, top..top + size)?
    } else {
        picture.crop_resize(Crop { left: left as f64, top: top as f64, width: size as f64, height: size as f64 }, side)?
    };
    Ok(if random.random_bool(0.5) { cropped.flipped() } else { cropped })
}

/// Returns a square picture reduced to `side` pixels by the antialiased bicubic filter of the test sets (Keys 1981, a = -1/2).
fn reduced(picture: &Picture, side: usize) -> Result<Picture, PictureError> {
    picture.resized(side, side)
}

/// Returns a small picture with JPEG's artefacts, noise or blur: one of them, each as often as the others.
fn degrade(small: &Picture, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    match random.random_range(0..3) {
        0 => Ok(compressed(small, random.random_range(QUALITY)).unwrap_or_else(|| small.clone())),
        1 => {
            let most = random.random_range(0.0..NOISE);
            // Clipped to 0..=255 first, so the cast only drops the fraction.
            Ok(small.clone().map_pixels(|pixel| {
                pixel.map(|value| (f32::from(value) + random.random_range(-most..=most)).round().clamp(0.0, 255.0) as u8)
            }))
        }
        _ => {
            let side = small.width();
            let blurred = (side as f64 * random.random_range(BLUR..1.0)).max(1.0) as usize;
            reduced(&reduced(small, blurred)?, side)
        }
    }
}

/// Returns a picture after JPEG of a quality; nothing if the codec fails, as it does for no picture of this size.
fn compressed(picture: &Picture, quality: u8) -> Option<Picture> {
    let (width, height) = (u16::try_from(picture.width()).ok()?, u16::try_from(picture.height()).ok()?);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, quality).encode(picture.rgb(), width, height, ColorType::Rgb).ok()?;
    let decoded = image::ImageReader::with_format(Cursor::new(jpeg), image::ImageFormat::Jpeg).decode().ok()?.into_rgb8();
    Picture::from_rgb(picture.width(), picture.height(), decoded.into_raw()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepsim::random::generator_at;

    fn picture(side: usize) -> Picture {
        Picture::from_rgb(side, side, (0..side * side * 3).map(|at| (at * at % 241) as u8).collect()).unwrap()
    }

    #[test]
    fn crops_have_the_pictures_own_pixels_most_of_the_time() {
        let whole = picture(96);
        let own = |draw| {
            let crop = crop(&whole, 64, &mut generator_at(1, 2, draw)).unwrap();
            let crops = [crop.clone(), crop.flipped()];
            (0..=32).any(|left| (0..=32).any(|top| crops.contains(&whole.part(left..left + 64, top..top + 64).unwrap())))
        };
        let times = (0..20).filter(|&draw| own(draw)).count();
        assert!((10..20).contains(&times), "{times} of 20");
    }

    #[test]
    fn every_degradation_keeps_the_size_and_changes_the_pixels() {
        let small = picture(32);
        let changed = (0..12).filter(|&draw| {
            let degraded = degrade(&small, &mut generator_at(3, 4, draw)).unwrap();
            assert_eq!((degraded.width(), degraded.height()), (32, 32));
            degraded != small
        });
        assert!(changed.count() >= 11);
    }
}
