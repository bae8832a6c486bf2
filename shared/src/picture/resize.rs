//! The one crop and resize that trainer and page share.

use std::ops::Range;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Crop, Picture, PictureError};

/// Pixels by which rounding may take a crop past the edge of its picture.
const EDGE: f64 = 1e-6;
/// Pixels that the filter of [`Picture::crop_resize`] sees to each side of a place, where it does not reduce.
const SUPPORT: f64 = 2.0;

impl Picture {
    /// Returns the largest centred square, resized to `side` x `side` pixels.
    ///
    /// # Errors
    /// If `side` is zero.
    pub fn centre_crop(&self, side: usize) -> Result<Self, PictureError> {
        let square = self.width.min(self.height) as f64;
        let crop =
            Crop { left: (self.width as f64 - square) / 2.0, top: (self.height as f64 - square) / 2.0, width: square, height: square };
        self.crop_resize(crop, side)
    }

    /// Returns the whole picture, resized to `width` x `height` pixels with the filter of [`Self::crop_resize`].
    ///
    /// # Errors
    /// If a side is zero.
    pub fn resized(&self, width: usize, height: usize) -> Result<Self, PictureError> {
        let whole = Crop { left: 0.0, top: 0.0, width: self.width as f64, height: self.height as f64 };
        self.crop_resize_to(whole, width, height)
    }

    /// Returns a rectangle of the picture, resized to `side` x `side` pixels with an antialiased Catmull-Rom filter.
    ///
    /// # Errors
    /// If the rectangle leaves the picture or a side is zero.
    pub fn crop_resize(&self, crop: Crop, side: usize) -> Result<Self, PictureError> {
        self.crop_resize_to(crop, side, side)
    }

    /// Returns a rectangle of the picture, resized to `width` x `height` pixels with the same filter.
    ///
    /// # Errors
    /// If the rectangle leaves the picture or a side is zero.
    pub fn crop_resize_to(&self, crop: Crop, width: usize, height: usize) -> Result<Self, PictureError> {
        let failed = |error: &dyn std::fmt::Display| PictureError::Resize(error.to_string());
        if width == 0 || height == 0 {
            return Err(failed(&"a side of zero pixels"));
        }
        let inside = |start: f64, length: f64, whole: usize| start >= 0.0 && length > 0.0 && start + length <= whole as f64 + EDGE;
        if !inside(crop.left, crop.width, self.width) || !inside(crop.top, crop.height, self.height) {
            return Err(failed(&"a crop that leaves the picture, or is empty"));
        }
        let (columns, rows) = (seen(crop.left, crop.width, width, self.width), seen(crop.top, crop.height, height, self.height));
        // Four values a pixel: the code for other kinds of pixels is left out, a third of a megabyte of the page's wasm.
        let rgba = self.rgba_of(columns.clone(), rows.clone());
        // Pictures come from memory that holds them, so their sides fit u32.
        let source = ImageRef::new(columns.len() as u32, rows.len() as u32, &rgba, PixelType::U8x4).map_err(|e| failed(&e))?;
        let mut target = Image::new(width as u32, height as u32, PixelType::U8x4);
        let (left, top) = (crop.left - columns.start as f64, crop.top - rows.start as f64);
        let options = ResizeOptions::new()
            .crop(left, top, crop.width.min(columns.len() as f64 - left), crop.height.min(rows.len() as f64 - top))
            .use_alpha(false)
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        Resizer::new().resize(&source, &mut target, &options).map_err(|e| failed(&e))?;
        let mut rgb = vec![0; width * height * 3];
        for (to, from) in rgb.chunks_exact_mut(3).zip(target.into_vec().chunks_exact(4)) {
            to.copy_from_slice(&from[..3]);
        }
        Ok(Self { width, height, rgb })
    }
}

/// Returns the columns or rows, of so many, that a crop to `size` pixels sees: its own and what the filter sees beside them.
fn seen(start: f64, length: f64, size: usize, whole: usize) -> Range<usize> {
    let margin = (SUPPORT * (length / size as f64).max(1.0)).ceil() + 1.0;
    // Both at least zero, and clipped to the picture.
    let from = (start - margin).floor().max(0.0) as usize;
    from..((start + length + margin).ceil() as usize).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_sees_what_is_beside_it_and_no_more() {
        let rgb = (0..90 * 70).flat_map(|i| [(i % 90 * 5) as u8, (i / 90 * 3) as u8, 77]).collect();
        let picture = Picture::from_rgb(90, 70, rgb).unwrap();
        for (left, top, width, side) in [(10.3, 5.7, 40.0, 16), (0.0, 0.0, 70.0, 32), (50.2, 30.9, 12.5, 48), (89.0, 69.0, 1.0, 8)] {
            let crop = Crop { left, top, width, height: width };
            let columns = seen(left, width, side, 90);
            let rows = seen(top, width, side, 70);
            let part = picture.part(columns.clone(), rows.clone()).unwrap();
            let moved = Crop { left: left - columns.start as f64, top: top - rows.start as f64, ..crop };
            let whole = {
                // As the whole picture gives it.
                let rgba = picture.to_rgba();
                let source = ImageRef::new(90, 70, &rgba, PixelType::U8x4).unwrap();
                let mut target = Image::new(side as u32, side as u32, PixelType::U8x4);
                let options = ResizeOptions::new().crop(left, top, width, width).use_alpha(false);
                let options = options.resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
                Resizer::new().resize(&source, &mut target, &options).unwrap();
                Picture::from_rgba(side, side, &target.into_vec()).unwrap()
            };
            assert_eq!(picture.crop_resize(crop, side).unwrap(), whole, "{crop:?}");
            assert_eq!(part.crop_resize(moved, side).unwrap(), whole, "{crop:?}");
        }
    }
}
