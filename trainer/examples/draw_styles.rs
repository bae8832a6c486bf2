//! Draws the styles that the project makes itself: a mosaic of one photograph and a pencil drawing of another.
//!
//!     cargo run --release --example draw_styles -- web/examples/flowers.jpg web/examples/portrait.jpg data/styles

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
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let (flat, drawn, folder) = (next("name a photo for the mosaic")?, next("name a photo for the pencil")?, next("name a folder")?);
    std::fs::create_dir_all(&folder)?;
    let open = |path: PathBuf| image::open(path).map(|photo| photo.resize_to_fill(SIDE, SIDE, FilterType::CatmullRom).into_rgb8());
    for (name, drawing) in [("mosaic", mosaic(&open(flat)?)), ("pencil", pencil(&open(drawn)?))] {
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

/// Short pencil strokes on paper: along the edges of things, elsewhere in a direction that turns slowly, the more the darker the photograph is.
fn pencil(photo: &RgbImage) -> RgbImage {
    const STROKES: usize = 26_000;
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let last = SIDE as f32 - 2.0;
    let grey = |x: f32, y: f32| {
        let Rgb([red, green, blue]) = *photo.get_pixel(x.clamp(1.0, last) as u32, y.clamp(1.0, last) as u32);
        0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
    };
    let mut light: Vec<f32> = (0..SIDE * SIDE).map(|_| 1.0 - random.random_range(0.0..0.04)).collect();
    for _ in 0..STROKES {
        let (x, y) = (random.random_range(1.0..last), random.random_range(1.0..last));
        let slope = (grey(x + 2.0, y) - grey(x - 2.0, y), grey(x, y + 2.0) - grey(x, y - 2.0));
        let edge = (slope.0.hypot(slope.1) / 90.0).min(1.0);
        let dark = 1.0 - grey(x, y) / 255.0;
        if random.random_range(0.0..1.0) > (dark * dark).max(edge) {
            continue;
        }
        let turning = 0.8 + 0.7 * (x / 90.0).sin() * (y / 70.0).cos();
        let along = if edge > 0.35 { slope.0.atan2(-slope.1) } else { turning } + random.random_range(-0.15..0.15);
        let (length, strength) = (random.random_range(6.0..22.0) * (1.0 - 0.5 * edge), random.random_range(0.12..0.45) + 0.3 * edge);
        let bend = random.random_range(-0.02..0.02);
        let (mut left, mut top, mut angle) = (x, y, along);
        for step in 0..length as u32 {
            angle += bend;
            (left, top) = (left + angle.cos(), top + angle.sin());
            if !(0.0..last).contains(&left) || !(0.0..last).contains(&top) {
                break;
            }
            // Lifted at its end.
            let pressure = strength * (1.0 - 0.7 * step as f32 / length);
            for (right, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let share = |at: f32, next: u32| if next == 1 { at.fract() } else { 1.0 - at.fract() };
                let at = (top as u32 + down) * SIDE + left as u32 + right;
                light[at as usize] *= 1.0 - pressure * share(left, right) * share(top, down);
            }
        }
    }
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let value = (30.0 + 218.0 * light[(y * SIDE + x) as usize]) as u8;
        Rgb([value, value, value.saturating_sub(6)])
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
