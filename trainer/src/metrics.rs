//! Measures of inversions, always on pictures held out of training.

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};
use serde::Serialize;

/// Pictures inverted at a time while measuring.
const CHUNK: usize = 8;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    /// Pictures measured.
    pub pictures: usize,
    /// Their side, pixels.
    pub side: usize,
    /// Mean peak signal-to-noise ratio of the inversions as 8-bit pictures, dB.
    pub psnr: f64,
    /// The paper's normalised error of pixels: mean Euclidean error / mean distance between two held-out pictures.
    pub picture_error: f64,
    /// The same in the feature space of each layer.
    pub feature_errors: Vec<(Layer, f64)>,
}

/// Feature layers whose error is measured.
const LAYERS: [Layer; 3] = [Layer::Pool1, Layer::Fire5, Layer::Fire9];

/// Measures an inverter on pictures of one size.
///
/// # Errors
/// If there is no picture or they differ in size.
pub fn measure(
    inverter: &Inverter,
    encoder: &SqueezeNet,
    layer: Layer,
    scale: f32,
    pictures: &[Picture],
    device: &Device,
) -> Result<Measures> {
    // One row of numbers a picture, for pixels and for each feature layer.
    let mut real: Vec<Vec<Vec<f32>>> = vec![Vec::new(); 1 + LAYERS.len()];
    let mut inverted = real.clone();
    let mut psnrs = Vec::new();
    for chunk in pictures.chunks(CHUNK) {
        let tensor = picture::to_tensor(chunk, device)?; // [batch, 3, side, side]
        let features = encoder.features(tensor, layer).div_scalar(scale); // [batch, channels, grid, grid]
        let output = picture::from_data(&inverter.forward(features).into_data().convert::<f32>())?;
        psnrs.extend(chunk.iter().zip(&output).map(|(a, b)| psnr(a, b)));
        collect(&mut real, encoder, chunk, device)?;
        collect(&mut inverted, encoder, &output, device)?;
    }
    let mut errors = real.iter().zip(&inverted).map(|(real, inverted)| normalised_error(real, inverted));
    let picture_error = errors.next().unwrap_or(f64::NAN);
    Ok(Measures {
        pictures: pictures.len(),
        side: pictures.first().map_or(0, Picture::width),
        psnr: mean(psnrs),
        picture_error,
        feature_errors: LAYERS.into_iter().zip(errors).collect(),
    })
}

fn collect(rows: &mut [Vec<Vec<f32>>], encoder: &SqueezeNet, pictures: &[Picture], device: &Device) -> Result<()> {
    let tensor = picture::to_tensor(pictures, device)?; // [batch, 3, side, side]
    let features = encoder.features_of(tensor.clone(), &LAYERS);
    for (rows, tensor) in rows.iter_mut().zip(std::iter::once(tensor).chain(features)) {
        let each = tensor.dims()[1..].iter().product::<usize>();
        let values: Vec<f32> = Tensor::into_data(tensor).iter().collect();
        rows.extend(values.chunks_exact(each).map(<[f32]>::to_vec));
    }
    Ok(())
}

/// Peak signal-to-noise ratio of two 8-bit pictures of one size, dB; infinite for equal ones.
pub fn psnr(a: &Picture, b: &Picture) -> f64 {
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let error = mean(a.rgb().iter().zip(b.rgb()).map(square));
    10.0 * (255.0f64.powi(2) / error).log10()
}

/// The paper's normalised error: the mean distance between an item and its inversion / the mean distance between two items.
fn normalised_error(real: &[Vec<f32>], inverted: &[Vec<f32>]) -> f64 {
    let error = mean(real.iter().zip(inverted).map(|(a, b)| distance(a, b)));
    let pairs = (0..real.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    error / mean(pairs.map(|(i, j)| distance(&real[i], &real[j])))
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_a_known_error() {
        let picture = |value| Picture::from_rgb(2, 1, vec![value; 6]).unwrap();
        // An error of 25.5 would be 20 dB; 25 is a little less.
        assert!((psnr(&picture(100), &picture(125)) - 20.172).abs() < 1e-3);
        assert_eq!(psnr(&picture(9), &picture(9)), f64::INFINITY);
    }

    #[test]
    fn normalised_error_is_relative_to_the_distance_between_items() {
        let real = [vec![0.0, 0.0], vec![3.0, 4.0]];
        let inverted = [vec![0.0, 1.0], vec![3.0, 4.0]];
        assert!((normalised_error(&real, &inverted) - 0.5 / 5.0).abs() < 1e-12);
    }
}
