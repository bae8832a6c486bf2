//! A picture -> the picture four times as large, in tiles, so that memory does not grow with the picture.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::kernels::in_pool;
use crate::model_file::{Card, Kind, ModelFile, ModelFileError};
use crate::nets::upscaler::{FACTOR, Upscaler, UpscalerShape, bicubic};
use crate::picture::{self, Picture, PictureError};

/// Side of the part of the small picture that a tile enlarges, pixels.
pub const TILE: usize = 128;

/// An upscaler on a device.
#[derive(Debug)]
pub struct Enlarger {
    upscaler: Upscaler,
    shape: UpscalerShape,
    device: Device,
}

/// A part of a small picture, and the part around it that its enlargement depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// Columns that the tile enlarges.
    pub columns: Range<usize>,
    /// Rows that the tile enlarges.
    pub rows: Range<usize>,
    /// The columns that the network sees.
    pub seen_columns: Range<usize>,
    /// The rows that the network sees.
    pub seen_rows: Range<usize>,
}

impl Tile {
    /// Cuts the tile's own part out of the enlargement of what it sees: `[1, 3, 4 seen rows, 4 seen columns]` -> `[1, 3, 4 rows, 4 columns]`.
    fn inside(&self, large: Tensor<4>) -> Tensor<4> {
        let inside = |part: &Range<usize>, seen: &Range<usize>| FACTOR * (part.start - seen.start)..FACTOR * (part.end - seen.start);
        large.slice([0..1, 0..3, inside(&self.rows, &self.seen_rows), inside(&self.columns, &self.seen_columns)])
    }
}

impl Enlarger {
    /// Puts a model file's weights on a device.
    ///
    /// # Errors
    /// If the file does not hold an upscaler.
    pub fn new(file: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let shape = upscaler_of(file.card())?;
        Ok(Self { upscaler: file.apply(Upscaler::new(shape, device))?.no_grad(), shape, device: device.clone() })
    }

    /// Creates an enlarger of a network on the plain device.
    pub const fn of(upscaler: Upscaler, shape: UpscalerShape, device: Device) -> Self {
        Self { upscaler, shape, device }
    }

    /// Returns the tiles of a picture of `width` x `height` pixels, row by row.
    pub fn tiles(&self, width: usize, height: usize) -> Vec<Tile> {
        let reach = self.shape.reach();
        let parts = |length: usize| (0..length.div_ceil(TILE)).map(move |part| part * TILE..((part + 1) * TILE).min(length));
        let seen = |part: &Range<usize>, length: usize| part.start.saturating_sub(reach)..(part.end + reach).min(length);
        let tile = |rows: &Range<usize>, columns: Range<usize>| Tile {
            seen_columns: seen(&columns, width),
            seen_rows: seen(rows, height),
            columns,
            rows: rows.clone(),
        };
        parts(height).flat_map(|rows| parts(width).map(move |columns| tile(&rows, columns))).collect()
    }

    /// Returns the enlargement of a tile of a picture, `[1, 3, 4 rows, 4 columns]`. It equals that part of the enlarged whole.
    ///
    /// # Errors
    /// If the tile leaves the picture.
    pub fn tile(&self, picture: &Picture, tile: &Tile) -> Result<Tensor<4>, PictureError> {
        self.seen_tile(&picture.part(tile.seen_columns.clone(), tile.seen_rows.clone())?, tile)
    }

    /// Returns the same from the part of the picture that the tile's enlargement depends on.
    ///
    /// # Errors
    /// If the part is not of the size of what the tile sees.
    pub fn seen_tile(&self, seen: &Picture, tile: &Tile) -> Result<Tensor<4>, PictureError> {
        let small = self.seen_tensor(seen, tile)?; // [1, 3, seen rows, seen columns]
        Ok(in_pool(|| tile.inside(self.upscaler.forward(small)))) // [1, 3, 4 rows, 4 columns]
    }

    /// Returns the bicubic enlargement of the same tile, to compare with.
    ///
    /// # Errors
    /// The same.
    pub fn bicubic_tile(&self, seen: &Picture, tile: &Tile) -> Result<Tensor<4>, PictureError> {
        let small = self.seen_tensor(seen, tile)?; // [1, 3, seen rows, seen columns]
        Ok(in_pool(|| tile.inside(bicubic(small)))) // [1, 3, 4 rows, 4 columns]
    }

    fn seen_tensor(&self, seen: &Picture, tile: &Tile) -> Result<Tensor<4>, PictureError> {
        if (seen.width(), seen.height()) != (tile.seen_columns.len(), tile.seen_rows.len()) {
            return Err(PictureError::Resize(format!("{} x {} pixels for a tile that sees others", seen.width(), seen.height())));
        }
        picture::to_tensor(std::slice::from_ref(seen), &self.device) // [1, 3, seen rows, seen columns]
    }

    /// Returns the picture four times as large, tile by tile.
    ///
    /// # Errors
    /// If the device fails.
    pub fn enlarge(&self, picture: &Picture) -> Result<Picture, PictureError> {
        let (width, height) = (picture.width(), picture.height());
        let large_width = FACTOR * width;
        let mut rgb = vec![0; large_width * FACTOR * height * 3];
        for tile in self.tiles(width, height) {
            let made = picture::from_data(&self.tile(picture, &tile)?.into_data())?.remove(0);
            for (row, values) in made.rgb().chunks_exact(made.width() * 3).enumerate() {
                let start = ((FACTOR * tile.rows.start + row) * large_width + FACTOR * tile.columns.start) * 3;
                rgb[start..start + values.len()].copy_from_slice(values);
            }
        }
        Picture::from_rgb(large_width, FACTOR * height, rgb)
    }
}

/// Returns the shape of an upscaler from its card.
///
/// # Errors
/// If the card is not an upscaler's.
pub const fn upscaler_of(card: &Card) -> Result<UpscalerShape, ModelFileError> {
    match card.kind {
        Kind::Upscaler(shape) => Ok(shape),
        other => Err(ModelFileError::Kind { expected: "upscaler", found: other.name() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_equal_the_whole() {
        let device = Device::flex();
        let shape = UpscalerShape { channels: 8, blocks: 1 };
        let upscaler = Upscaler::new(shape, &device);
        let (width, height) = (TILE + 33, 2 * TILE + 5);
        let rgb = (0..width * height * 3).map(|at| (at * 7 % 251) as u8).collect();
        let picture = Picture::from_rgb(width, height, rgb).unwrap();
        let whole = upscaler.forward(picture::to_tensor(std::slice::from_ref(&picture), &device).unwrap());
        let enlarger = Enlarger::of(upscaler, shape, device);
        let tiles = enlarger.tiles(width, height);
        assert_eq!(tiles.len(), 6);
        for tile in &tiles {
            let found = enlarger.tile(&picture, tile).unwrap();
            let large = |part: &Range<usize>| 4 * part.start..4 * part.end;
            let wanted = whole.clone().slice([0..1, 0..3, large(&tile.rows), large(&tile.columns)]);
            let difference = (found - wanted).abs().max().into_scalar::<f32>();
            assert!(difference < 1e-5, "{tile:?}: {difference}");
        }
        let large = enlarger.enlarge(&picture).unwrap();
        assert_eq!((large.width(), large.height()), (4 * width, 4 * height));
        assert_eq!(large, picture::from_data(&whole.into_data()).unwrap()[0]);
    }
}
