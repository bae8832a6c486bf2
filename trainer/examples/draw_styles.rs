//! Draws the styles that the project makes itself: a mosaic and a pencil hatching of a photograph.
//!
//!     cargo run --release --example draw_styles -- web/examples/flowers.jpg data/styles

use std::error::Error;
use std::path::PathBuf;

use image::imageops::FilterType;
use image::{Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longer side of the drawings, pixels.
const SIDE: u32 = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (photo, folder) = (arguments.next().ok_or("name a photo")?, arguments.next().ok_or("name a folder")?);
    std::fs::create_dir_all(&folder)?;
    let photo = image::open(photo)?.resize_to_fill(SIDE, SIDE, FilterType::CatmullRom).into_rgb8();
    for (name, drawing) in [("mosaic", mosaic(&photo)), ("pencil", pencil(&photo))] {
        let path = folder.join(name).with_extension("jpg");
        drawing.save(&path)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Tiles around scattered centres, each of the photograph's colour there, a little lighter or darker, with dark joints.
fn mosaic(photo: &RgbImage) -> RgbImage {
    const CELL: u32 = 20;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let across = SIDE / CELL + 3;
    // One centre in each cell of a grid, so that only the neighbouring cells have to be searched.
    let centres: Vec<(f32, f32, Rgb<u8>)> = (0..across * across)
        .map(|at| {
            let place = |cell: u32, random: &mut ChaCha8Rng| (cell as f32 - 1.0 + random.random_range(0.2..0.8)) * CELL as f32;
            let (x, y) = (place(at % across, &mut random), place(at / across, &mut random));
            let inside = |value: f32| (value.max(0.0) as u32).min(SIDE - 1);
            let light = random.random_range(0.85..1.15);
            (x, y, scaled(saturated(*photo.get_pixel(inside(x), inside(y)), 1.5), light))
        })
        .collect();
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (column, row) = (x / CELL + 1, y / CELL + 1);
        let near = (row - 1..=row + 1).flat_map(|row| (column - 1..=column + 1).map(move |column| (row * across + column) as usize));
        let mut distances: Vec<(f32, Rgb<u8>)> = near
            .map(|at| {
                let (left, top, colour) = centres[at];
                ((x as f32 - left).hypot(y as f32 - top), colour)
            })
            .collect();
        distances.sort_by(|a, b| a.0.total_cmp(&b.0));
        if distances[1].0 - distances[0].0 < 2.5 { Rgb([45, 42, 40]) } else { distances[0].1 }
    })
}

/// Hatching in four directions, one more for each darker level, with paper's grain.
fn pencil(photo: &RgbImage) -> RgbImage {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let grey = |x: u32, y: u32| {
        let Rgb([red, green, blue]) = *photo.get_pixel(x, y);
        0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
    };
    let phases: Vec<f32> = (0..4 * SIDE).map(|_| random.random_range(-0.8..0.8)).collect();
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let dark = 255.0 - grey(x, y);
        let (across, down) = (x as f32, y as f32);
        let mut value: f32 = 246.0 + random.random_range(-7.0..7.0);
        for (number, (line, level)) in
            [(across + down, 60.0), (across - down, 105.0), (0.3 * across + down, 150.0), (across + 0.2 * down, 195.0)]
                .into_iter()
                .enumerate()
        {
            let wobble = phases[number * SIDE as usize + ((x / 6 + y / 9) % SIDE) as usize];
            if dark > level && (line + wobble).rem_euclid(8.0) < 2.4 {
                value -= 78.0 + random.random_range(-22.0..22.0);
            }
        }
        let value = value.clamp(20.0, 255.0) as u8;
        Rgb([value, value, value.saturating_sub(4)])
    })
}

fn scaled(Rgb(colour): Rgb<u8>, by: f32) -> Rgb<u8> {
    Rgb(colour.map(|value| (f32::from(value) * by).min(255.0) as u8))
}

/// Moves a colour away from its own grey.
fn saturated(Rgb(colour): Rgb<u8>, by: f32) -> Rgb<u8> {
    let grey = colour.iter().map(|&value| f32::from(value)).sum::<f32>() / 3.0;
    Rgb(colour.map(|value| (grey + (f32::from(value) - grey) * by).clamp(0.0, 255.0) as u8))
}
