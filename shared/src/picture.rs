//! RGB pictures: bytes, the one crop and resize that trainer and page share, and tensors in [-1, 1].

mod resize;

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

/// Pixels that [`Picture::map_colours`] changes at a time.
const BLOCK: usize = 32;

/// An RGB picture, 8 bits a channel, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Why bytes are not a picture, or a crop not possible.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The number of bytes does not fit the size.
    #[error("a picture of {width}x{height} needs {expected} bytes, there are {found}")]
    Bytes {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes that such a picture has.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// A side of zero pixels, or a crop that leaves the picture.
    #[error("cannot crop or resize the picture: {0}")]
    Resize(String),
    /// A tensor that does not hold f32 pictures of three channels.
    #[error("not a tensor of RGB pictures: {0}")]
    Tensor(String),
}

/// A rectangle of a picture, in pixels and fractions of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// From the left edge.
    pub left: f64,
    /// From the top edge.
    pub top: f64,
    /// Width of the rectangle.
    pub width: f64,
    /// Height of the rectangle.
    pub height: f64,
}

impl Picture {
    /// Creates a picture from RGB bytes, row by row.
    ///
    /// # Errors
    /// If there are not width x height x 3 bytes, or none.
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, PictureError> {
        check_bytes(width, height, 3, rgb.len())?;
        Ok(Self { width, height, rgb })
    }

    /// Creates a picture from RGBA bytes (straight alpha) over white.
    ///
    /// # Errors
    /// If there are not width x height x 4 bytes, or none.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self, PictureError> {
        check_bytes(width, height, 4, rgba.len())?;
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            // At most 255, so the cast keeps the value.
            ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        let rgb = rgba.chunks_exact(4).flat_map(|p| [over_white(p[0], p[3]), over_white(p[1], p[3]), over_white(p[2], p[3])]).collect();
        Ok(Self { width, height, rgb })
    }

    /// Returns the width in pixels.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in pixels.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Returns the RGB bytes, row by row.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Returns opaque RGBA bytes, row by row, as a canvas takes them.
    pub fn to_rgba(&self) -> Vec<u8> {
        self.rgba_of(0..self.width, 0..self.height)
    }

    /// Returns opaque RGBA bytes of some columns and rows.
    fn rgba_of(&self, columns: Range<usize>, rows: Range<usize>) -> Vec<u8> {
        let mut rgba = vec![255; columns.len() * rows.len() * 4];
        for (row, line) in rows.zip(rgba.chunks_exact_mut((columns.len() * 4).max(1))) {
            let from = &self.rgb[(row * self.width + columns.start) * 3..(row * self.width + columns.end) * 3];
            for (to, from) in line.chunks_exact_mut(4).zip(from.chunks_exact(3)) {
                to[..3].copy_from_slice(from);
            }
        }
        rgba
    }

    /// Returns the part of the picture with these columns and rows.
    ///
    /// # Errors
    /// If it is empty or leaves the picture.
    pub fn part(&self, columns: Range<usize>, rows: Range<usize>) -> Result<Self, PictureError> {
        if columns.is_empty() || rows.is_empty() || columns.end > self.width || rows.end > self.height {
            return Err(PictureError::Resize(format!("no part {columns:?} x {rows:?} in a picture of {} x {}", self.width, self.height)));
        }
        let row = |row: usize| &self.rgb[(row * self.width + columns.start) * 3..(row * self.width + columns.end) * 3];
        let rgb = rows.clone().flat_map(|at| row(at).iter().copied()).collect();
        Self::from_rgb(columns.len(), rows.len(), rgb)
    }

    /// Returns the picture mirrored left to right.
    pub fn flipped(&self) -> Self {
        let mut rgb = vec![0; self.rgb.len()];
        let line = self.width * 3;
        for (to, from) in rgb.chunks_exact_mut(line).zip(self.rgb.chunks_exact(line)) {
            for (to, from) in to.chunks_exact_mut(3).zip(from.chunks_exact(3).rev()) {
                to.copy_from_slice(from);
            }
        }
        Self { rgb, ..*self }
    }

    /// Returns the picture with every RGB triple replaced.
    pub fn map_pixels(mut self, mut change: impl FnMut([u8; 3]) -> [u8; 3]) -> Self {
        for pixel in self.rgb.chunks_exact_mut(3) {
            pixel.copy_from_slice(&change([pixel[0], pixel[1], pixel[2]]));
        }
        self
    }

    /// Returns the picture with every pixel replaced: `change` gets values of 0 to 255, and what it returns is clipped to that range and rounded. Several
    /// pixels are changed at a time, so a `change` without branches is faster here than in [`Self::map_pixels`].
    pub fn map_colours(mut self, change: impl Fn([f32; 3]) -> [f32; 3]) -> Self {
        for block in self.rgb.chunks_mut(3 * BLOCK) {
            let mut planes = [[0; BLOCK]; 3];
            for (at, pixel) in block.chunks_exact(3).enumerate() {
                for channel in 0..3 {
                    planes[channel][at] = pixel[channel];
                }
            }
            let [red, green, blue] = &mut planes;
            for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
                [*red, *green, *blue] = change([*red, *green, *blue].map(f32::from)).map(byte);
            }
            for (at, pixel) in block.chunks_exact_mut(3).enumerate() {
                for channel in 0..3 {
                    pixel[channel] = planes[channel][at];
                }
            }
        }
        self
    }

    /// Returns the picture with these columns and rows taken from another one of its size; what lies outside of either is left out.
    pub fn with_rectangle_of(mut self, other: &Self, columns: Range<usize>, rows: Range<usize>) -> Self {
        let line = self.width * 3;
        let (start, end) = (columns.start * 3, (columns.end * 3).min(line).min(other.width * 3));
        for (to, from) in self.rgb.chunks_exact_mut(line).zip(other.rgb.chunks_exact(other.width * 3)).take(rows.end).skip(rows.start) {
            if let (Some(to), Some(from)) = (to.get_mut(start..end), from.get(start..end)) {
                to.copy_from_slice(from);
            }
        }
        self
    }

    /// Appends the channel planes in [-1, 1]: all red values row by row, then green, then blue.
    fn append_planes(&self, values: &mut Vec<f32>) {
        for channel in 0..3 {
            values.extend(self.rgb.chunks_exact(3).map(|pixel| f32::from(pixel[channel]) / 127.5 - 1.0));
        }
    }
}

/// Returns the nearest byte; a NaN becomes 0.
#[inline]
fn byte(value: f32) -> u8 {
    // The unit of this number's last bit is 1, so that a sum with it is rounded, and has the rounded value in its lowest bits. `round` and a cast would be twice
    // as slow.
    const LARGE: f32 = (1 << 23) as f32;
    let value = if value > 0.0 { value } else { 0.0 };
    let value = if value < 255.0 { value } else { 255.0 };
    (value + LARGE).to_bits() as u8
}

fn check_bytes(width: usize, height: usize, channels: usize, found: usize) -> Result<(), PictureError> {
    let expected = width.saturating_mul(height).saturating_mul(channels);
    if expected == 0 || expected != found {
        return Err(PictureError::Bytes { width, height, expected, found });
    }
    Ok(())
}

/// Returns pictures of one size as one block of numbers, `[batch, 3, height, width]` in [-1, 1], ready for a device.
///
/// # Errors
/// If there is no picture or their sizes differ.
pub fn to_data(pictures: &[Picture]) -> Result<TensorData, PictureError> {
    let Some(first) = pictures.first() else {
        return Err(PictureError::Tensor("no picture".into()));
    };
    if pictures.iter().any(|p| (p.width, p.height) != (first.width, first.height)) {
        return Err(PictureError::Tensor("the pictures of a batch differ in size".into()));
    }
    let mut values = Vec::with_capacity(pictures.len() * first.rgb.len());
    for picture in pictures {
        picture.append_planes(&mut values);
    }
    Ok(TensorData::new(values, [pictures.len(), 3, first.height, first.width]))
}

/// Returns pictures of one size as a tensor `[batch, 3, height, width]` in [-1, 1].
///
/// # Errors
/// If there is no picture or their sizes differ.
pub fn to_tensor(pictures: &[Picture], device: &Device) -> Result<Tensor<4>, PictureError> {
    Ok(Tensor::from_data(to_data(pictures)?, device))
}

/// Returns pictures from the numbers of a tensor `[batch, 3, height, width]`; what lies outside [-1, 1] is clipped.
///
/// # Errors
/// If the data is not four-dimensional f32 with three channels.
pub fn from_data(data: &TensorData) -> Result<Vec<Picture>, PictureError> {
    let [_, 3, height, width] = data.shape()[..] else {
        return Err(PictureError::Tensor(format!("its shape is {:?}", data.shape())));
    };
    let values = data.as_slice::<f32>().map_err(|error| PictureError::Tensor(format!("{error:?}")))?;
    let area = height * width;
    if area == 0 {
        return Err(PictureError::Tensor("it has no pixels".into()));
    }
    let picture = |planes: &[f32]| {
        let mut rgb = vec![0; 3 * area];
        let (red, others) = planes.split_at(area);
        let colours = red.iter().zip(others[..area].iter().zip(&others[area..]));
        for (pixel, (red, (green, blue))) in rgb.chunks_exact_mut(3).zip(colours) {
            pixel.copy_from_slice(&[red, green, blue].map(|value| byte((value + 1.0) * 127.5)));
        }
        Picture { width, height, rgb }
    };
    Ok(values.chunks_exact(3 * area).map(picture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(width: usize, height: usize) -> Picture {
        let rgb = (0..width * height).flat_map(|i| [(i % width * 5) as u8, (i / width * 3) as u8, 77]).collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    }

    #[test]
    fn tensors_give_the_bytes_back() {
        let pictures = [gradient(7, 5), gradient(7, 5).flipped()];
        let data = to_data(&pictures).unwrap();
        assert_eq!(data.shape()[..], [2, 3, 5, 7]);
        assert_eq!(from_data(&data).unwrap(), pictures);
    }

    #[test]
    fn values_outside_the_range_are_clipped() {
        let data = TensorData::new(vec![-3.0f32, 3.0, f32::NAN], [1, 3, 1, 1]);
        assert_eq!(from_data(&data).unwrap()[0].rgb(), [0, 255, 0]);
    }

    #[test]
    fn centre_crop_takes_the_middle_square() {
        // Red left third, green middle, blue right: only green is in the middle square.
        let rgb = (0..30 * 10)
            .flat_map(|i| match i % 30 / 10 {
                0 => [255, 0, 0],
                1 => [0, 255, 0],
                _ => [0, 0, 255],
            })
            .collect();
        let cropped = Picture::from_rgb(30, 10, rgb).unwrap().centre_crop(10).unwrap();
        assert!(cropped.rgb().chunks(3).all(|p| p == [0, 255, 0]));
    }

    #[test]
    fn transparent_pixels_are_white() {
        let picture = Picture::from_rgba(2, 1, &[9, 9, 9, 0, 10, 20, 30, 255]).unwrap();
        assert_eq!(picture.rgb(), [255, 255, 255, 10, 20, 30]);
        assert_eq!(picture.to_rgba()[3], 255);
    }

    #[test]
    fn colours_are_changed_as_pixels_are_one_by_one() {
        let change = |pixel: [f32; 3]| [pixel[0] * 1.3 - 40.0, pixel[2] + 0.5, pixel[1] * -0.5 + pixel[0]];
        for width in [1, 31, 32, 77] {
            let picture = gradient(width, 3);
            let expected = picture.clone().map_pixels(|pixel| change(pixel.map(f32::from)).map(|value| value.round_ties_even() as u8));
            assert_eq!(picture.map_colours(change), expected, "{width} pixels wide");
        }
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(Picture::from_rgb(2, 2, vec![0; 11]).is_err());
        assert!(Picture::from_rgb(0, 2, vec![]).is_err());
        assert!(gradient(8, 8).centre_crop(0).is_err());
        let outside = Crop { left: 5.0, top: 0.0, width: 8.0, height: 8.0 };
        assert!(gradient(8, 8).crop_resize(outside, 8).is_err());
        assert!(to_data(&[gradient(7, 5), gradient(5, 7)]).is_err());
        assert!(to_data(&[]).is_err());
    }
}
