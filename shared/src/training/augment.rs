//! Training crops: another place, size, mirror image, colour, sharpness and neighbour each epoch.
//!
//! What is inverted is its own target, so a changed picture is as good a lesson as the photograph; a few hundred photographs need that.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Picture;
use crate::picture::{Crop, PictureError};

/// Side of a crop, as a share of the picture's short side.
const SCALE: std::ops::Range<f64> = 0.4..1.0;
/// Range of the brightness added to every value of 0..255.
const BRIGHTNESS: std::ops::Range<f32> = -30.0..30.0;
/// Range of the contrast, the factor of the distance from middle grey.
const CONTRAST: std::ops::Range<f32> = 0.75..1.25;
/// Range of the saturation, the factor of a pixel's distance from its own grey.
const SATURATION: std::ops::Range<f32> = 0.7..1.4;
/// Range of the factor of each colour: the light of another hour.
const TINT: std::ops::Range<f32> = 0.85..1.15;
/// How often the colours change places.
const REORDER: f64 = 0.05;
/// How often a crop is blurred, and to what share of its side it is made smaller for that.
const BLUR: (f64, std::ops::Range<f64>) = (0.1, 0.3..0.8);
/// How often a second picture covers part of a crop, and the share of the side that it covers.
const COLLAGE: (f64, std::ops::Range<f64>) = (0.15, 0.3..0.7);

/// Returns a random square of the picture at `side` x `side` pixels, altered; the random numbers decide how. `other_picture` gives a picture to
/// lay over part of it; without one the crop stays whole.
///
/// # Errors
/// If the picture cannot be cropped.
pub fn augment(
    picture: &Picture,
    other_picture: impl FnOnce(&mut ChaCha8Rng) -> Option<Picture>,
    side: usize,
    random: &mut ChaCha8Rng,
) -> Result<Picture, PictureError> {
    let crop = alter(picture, side, random)?;
    let (often, covers) = COLLAGE;
    if !random.random_bool(often) {
        return Ok(crop);
    }
    match other_picture(random) {
        Some(other_picture) => Ok(collage(crop, &alter(&other_picture, side, random)?, random, covers)),
        None => Ok(crop),
    }
}

/// Returns a random square of the picture at `side` x `side` pixels, mirrored now and then and otherwise as it is: for networks that are to
/// make pictures like those of the data set, and no others.
///
/// # Errors
/// If the picture cannot be cropped.
pub fn square(picture: &Picture, side: usize, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    let cropped = picture.crop_resize(place(picture, random), side)?;
    Ok(if random.random_bool(0.5) { cropped.flipped() } else { cropped })
}

/// Returns the position of a random square.
fn place(picture: &Picture, random: &mut ChaCha8Rng) -> Crop {
    let short = picture.width().min(picture.height()) as f64;
    let square = (short * random.random_range(SCALE)).max(1.0);
    let mut place = |size: usize| random.random_range(0.0..=1.0) * (size as f64 - square);
    Crop { left: place(picture.width()), top: place(picture.height()), width: square, height: square }
}

/// Returns a random square of the picture at `side` x `side` pixels, in other colours.
fn alter(picture: &Picture, side: usize, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    let crop = place(picture, random);
    let (often, shares) = BLUR;
    let cropped = if random.random_bool(often) {
        let small = (side as f64 * random.random_range(shares)).max(1.0) as usize;
        picture.crop_resize(crop, small)?.centre_crop(side)?
    } else {
        picture.crop_resize(crop, side)?
    };
    let cropped = if random.random_bool(0.5) { cropped.flipped() } else { cropped };
    let (brightness, contrast) = (random.random_range(BRIGHTNESS), random.random_range(CONTRAST));
    let saturation = random.random_range(SATURATION);
    let tint = [(); 3].map(|()| random.random_range(TINT));
    let recoloured = cropped.map_colours(|pixel| {
        let grey = pixel.iter().sum::<f32>() / 3.0;
        [0, 1, 2].map(|channel| {
            let value = (grey + (pixel[channel] - grey) * saturation) * tint[channel];
            (value - 127.5) * contrast + 127.5 + brightness
        })
    });
    if !random.random_bool(REORDER) {
        return Ok(recoloured);
    }
    let mut order = [0, 1, 2];
    order.shuffle(random);
    Ok(recoloured.map_pixels(|pixel| order.map(|channel| pixel[channel])))
}

/// Returns the first picture with a random rectangle of the second in the same place.
fn collage(under: Picture, over: &Picture, random: &mut ChaCha8Rng, covers: std::ops::Range<f64>) -> Picture {
    let side = under.width();
    let mut range = || {
        let length = (side as f64 * random.random_range(covers.clone())) as usize;
        let start = random.random_range(0..=side - length);
        start..start + length
    };
    let (columns, rows) = (range(), range());
    under.with_rectangle_of(over, columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator_at;

    #[test]
    fn the_same_numbers_give_the_same_crop() {
        let picture = Picture::from_rgb(40, 30, (0..40 * 30 * 3).map(|v| (v % 251) as u8).collect()).unwrap();
        let crop = |draw| augment(&picture, |_| None, 16, &mut generator_at(1, draw, 2)).unwrap();
        assert_eq!(crop(0), crop(0));
        assert_ne!(crop(0), crop(1));
        assert_eq!((crop(0).width(), crop(0).height()), (16, 16));
    }

    #[test]
    fn a_collage_shows_both_pictures() {
        let plain = |value: u8| Picture::from_rgb(20, 20, vec![value; 20 * 20 * 3]).unwrap();
        let made = collage(plain(10), &plain(200), &mut generator_at(1, 2, 3), 0.3..0.7);
        let covered = made.rgb().iter().filter(|&&value| value == 200).count() / 3;
        assert!(made.rgb().iter().all(|value| [10, 200].contains(value)));
        assert!((36..=196).contains(&covered), "{covered} of 400 pixels");
    }
}
