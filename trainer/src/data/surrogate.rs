//! Surrogate classes (Dosovitskiy et al. 2014, section 3): each picture is a class of its own, and its examples are the same piece of it,
//! moved, scaled, turned and recoloured at random.

use std::sync::Arc;

use deepsim::Picture;
use deepsim::picture::PictureError;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::loader::Source;
use super::{DataError, Dataset};

/// Classes at most: the original finds that more than a few thousand do harm.
const MOST: usize = 4000;
/// Side of the piece, as a share of the picture's short side, before it is scaled.
const PIECE: f64 = 0.45;
/// Factor of its side.
const SCALE: std::ops::Range<f64> = 0.7..1.4;
/// How far it moves, as a share of the piece's side.
const MOVE: f64 = 0.2;
/// How far it turns, in radians: 20 degrees either way.
const TURN: f64 = 0.35;
/// Range of the contrast, the factor of a value's distance from middle grey.
const CONTRAST: std::ops::Range<f64> = 0.6..1.4;
/// Range of what is added to each colour's values of 0..255.
const COLOUR: std::ops::Range<f64> = -35.0..35.0;

/// Altered pieces of pictures, one piece of each.
#[derive(Debug, Clone)]
pub struct Surrogates {
    /// The pictures.
    pub dataset: Arc<Dataset>,
    /// Side of the examples, pixels.
    pub side: usize,
}

impl Source for Surrogates {
    fn name(&self) -> &str {
        self.dataset.name()
    }

    fn len(&self) -> usize {
        self.dataset.len().min(MOST)
    }

    fn example(&self, index: usize, random: &mut ChaCha8Rng) -> Result<Picture, DataError> {
        let picture = self.dataset.picture(index)?;
        let bad = |error: PictureError| DataError::Picture { name: format!("picture {index}"), reason: error.to_string() };
        altered_piece(&picture, self.side, random).map_err(bad)
    }
}

/// Returns the middle of the picture, altered.
fn altered_piece(picture: &Picture, side: usize, random: &mut ChaCha8Rng) -> Result<Picture, PictureError> {
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    let piece = width.min(height) * PIECE;
    let mut moved = || random.random_range(-MOVE..MOVE) * piece;
    let (x, y) = (width / 2.0 + moved(), height / 2.0 + moved());
    let (sine, cosine) = random.random_range(-TURN..TURN).sin_cos();
    let step = piece * random.random_range(SCALE) / side as f64;
    let mirrored = if random.random_bool(0.5) { -1.0 } else { 1.0 };
    let contrast = random.random_range(CONTRAST);
    let colour = [(); 3].map(|()| random.random_range(COLOUR));
    let middle = (side as f64 - 1.0) / 2.0;
    let mut rgb = Vec::with_capacity(side * side * 3);
    for at in 0..side * side {
        let (across, down) = (((at % side) as f64 - middle) * step * mirrored, ((at / side) as f64 - middle) * step);
        let found = between_pixels(picture, x + across * cosine - down * sine, y + across * sine + down * cosine);
        for (value, added) in found.into_iter().zip(colour) {
            // Clipped to 0..=255 first, so the cast only drops the fraction.
            rgb.push(((value - 127.5) * contrast + 127.5 + added).round().clamp(0.0, 255.0) as u8);
        }
    }
    Picture::from_rgb(side, side, rgb)
}

/// Interpolates bilinearly between pixels; the border continues beyond the picture.
fn between_pixels(picture: &Picture, x: f64, y: f64) -> [f64; 3] {
    let inside = |at: f64, size: usize| (at - 0.5).clamp(0.0, size as f64 - 1.0);
    let (x, y) = (inside(x, picture.width()), inside(y, picture.height()));
    // Inside the picture, so the casts only drop fractions.
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(picture.width() - 1), (top + 1).min(picture.height() - 1));
    let (across, down) = (x - left as f64, y - top as f64);
    let pixel = |x: usize, y: usize, channel: usize| f64::from(picture.rgb()[(y * picture.width() + x) * 3 + channel]);
    [0, 1, 2].map(|channel| {
        let upper = pixel(left, top, channel) * (1.0 - across) + pixel(right, top, channel) * across;
        let lower = pixel(left, bottom, channel) * (1.0 - across) + pixel(right, bottom, channel) * across;
        upper * (1.0 - down) + lower * down
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepsim::random::generator_at;

    #[test]
    fn interpolation_lies_between_pixels() {
        let picture = Picture::from_rgb(2, 1, vec![0, 10, 20, 100, 30, 20]).unwrap();
        assert_eq!(between_pixels(&picture, 0.5, 0.5), [0.0, 10.0, 20.0]);
        assert_eq!(between_pixels(&picture, 1.0, 0.5), [50.0, 20.0, 20.0]);
        assert_eq!(between_pixels(&picture, 99.0, -5.0), [100.0, 30.0, 20.0]);
    }

    #[test]
    fn examples_of_a_class_differ_and_come_from_its_piece() {
        // Green in the middle, where the piece is; red so far outside that no move reaches it.
        let colour = |at: usize| if (10..90).contains(&(at % 100)) && (10..90).contains(&(at / 100)) { [0, 200, 0] } else { [200, 0, 0] };
        let picture = Picture::from_rgb(100, 100, (0..100 * 100).flat_map(colour).collect()).unwrap();
        let make = |seed| altered_piece(&picture, 24, &mut generator_at(seed, 0, 0)).unwrap();
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
        for seed in 0..20 {
            let green = make(seed).rgb().chunks(3).all(|rgb| rgb[1] > rgb[0]);
            assert!(green, "seed {seed}");
        }
    }
}
