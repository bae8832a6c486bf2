//! Training crops: another place, size, mirror image, brightness, contrast and colour order each epoch.

use deepsim::Picture;
use deepsim::picture::{Crop, PictureError};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Side of a crop, as a share of the picture's short side.
const SCALE: std::ops::Range<f64> = 0.5..1.0;
/// What is added to every value of 0..255.
const BRIGHTNESS: std::ops::Range<f32> = -30.0..30.0;
/// What the distance from middle grey is multiplied by.
const CONTRAST: std::ops::Range<f32> = 0.75..1.25;
/// How often the colours change places.
const REORDER: f64 = 0.2;

/// A random square of the picture at `side` x `side` pixels, altered; the random numbers decide how.
///
/// # Errors
/// If the picture cannot be cropped.
pub fn augment(picture: &Picture, side: usize, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    let short = picture.width().min(picture.height()) as f64;
    let square = (short * random.random_range(SCALE)).max(1.0);
    let mut place = |size: usize| random.random_range(0.0..=1.0) * (size as f64 - square);
    let crop = Crop { left: place(picture.width()), top: place(picture.height()), width: square, height: square };
    let cropped = picture.crop_resize(crop, side)?;
    let cropped = if random.random_bool(0.5) { cropped.flipped() } else { cropped };
    let (brightness, contrast) = (random.random_range(BRIGHTNESS), random.random_range(CONTRAST));
    let mut order = [0, 1, 2];
    if random.random_bool(REORDER) {
        order.shuffle(random);
    }
    // Clipped to 0..=255 first, so the cast only drops the fraction.
    let alter = |value: u8| ((f32::from(value) - 127.5) * contrast + 127.5 + brightness).round().clamp(0.0, 255.0) as u8;
    Ok(cropped.map_pixels(|pixel| order.map(|channel| alter(pixel[channel]))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random;

    #[test]
    fn the_same_numbers_give_the_same_crop() {
        let picture = Picture::from_rgb(40, 30, (0..40 * 30 * 3).map(|v| (v % 251) as u8).collect()).unwrap();
        let crop = |draw| augment(&picture, 16, &mut random(1, draw, 2)).unwrap();
        assert_eq!(crop(0), crop(0));
        assert_ne!(crop(0), crop(1));
        assert_eq!((crop(0).width(), crop(0).height()), (16, 16));
    }
}
