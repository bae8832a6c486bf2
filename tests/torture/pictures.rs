//! Damaged pictures of every format, and pictures that promise more pixels than a machine holds.

use std::fs;
use std::io::Cursor;

use anyhow::Result;
use deepsim_tests::{picture, workspace};
use image::ImageFormat;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use trainer::data::{MOST_BYTES, decode};

use crate::{alone, campaign, mutation};

/// Returns what a picture may allocate: the decoder's pixels, those with transparency, and those without.
fn decoding(_: usize) -> usize {
    4 * MOST_BYTES as usize
}

#[test]
fn damaged_pictures_are_decoded_or_refused() -> Result<()> {
    let _alone = alone();
    let mut originals =
        vec![fs::read(workspace().join("tests/pictures/cat.jpg"))?, fs::read(workspace().join("tests/pictures/two-frames.gif"))?];
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff] {
        let mut bytes = Cursor::new(Vec::new());
        picture(32, 24, 3).write_to(&mut bytes, format)?;
        originals.push(bytes.into_inner());
    }
    let damaged = |random: &mut ChaCha8Rng| {
        // The photograph takes as long as a thousand small ones.
        let which = if random.random_bool(0.01) { 0 } else { random.random_range(1..originals.len()) };
        mutation::bytes(&originals[which], random)
    };
    campaign("picture", decoding, damaged, |bytes| decode(bytes).is_ok())
}

/// Returns a BMP header, which is all that is needed to promise 60000 x 60000 pixels.
fn bomb(side: i32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    bytes.extend(1000u32.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(54u32.to_le_bytes());
    bytes.extend(40u32.to_le_bytes());
    bytes.extend(side.to_le_bytes());
    bytes.extend(side.to_le_bytes());
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes.extend([7; 946]);
    bytes
}

#[test]
fn a_picture_that_promises_too_much_is_refused_before_it_takes_memory() -> Result<()> {
    let _alone = alone();
    campaign("bomb", |_| 8 << 20, |random| bomb(random.random_range(20_000..60_000)), |bytes| decode(bytes).is_ok())
}
