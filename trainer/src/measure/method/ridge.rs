//! A linear decoder fitted by ridge regression: what the features say of the pixels without any depth.
//!
//! For a layer with a grid it is a convolution, as the inverters are: each square of stride x stride pixels is a linear function of the
//! four grid positions that lie around it, the same function everywhere. For the scores it is one matrix to all pixels.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use deepsim::Layer;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};
use deepsim::random::generator_at;
use deepsim::training::augment::augment;
use nalgebra::{Cholesky, DMatrix};

use super::Method;
use crate::data::Dataset;

/// What is added to the diagonal of the features' second moments, as a share of their mean.
const RIDGE: f64 = 1e-2;
/// Training crops that it is fitted to.
const CROPS: usize = 1024;
/// Crops at a time.
const CHUNK: usize = 16;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0x41d6;

/// Features -> pixels, linear.
#[derive(Debug)]
pub struct Ridge {
    encoder: SqueezeNet,
    layer: Layer,
    /// `[inputs, outputs]`, the last input being 1.
    weights: Tensor<2>,
    device: Device,
}

impl Ridge {
    /// Fits the decoder of a layer to random crops of the training pictures, `side` pixels a side.
    ///
    /// # Errors
    /// If no picture can be read, or the features do not determine a decoder.
    pub fn fit(encoder: SqueezeNet, layer: Layer, dataset: &Dataset, side: usize, device: &Device) -> Result<Self> {
        let mut moments: Option<(DMatrix<f64>, DMatrix<f64>)> = None;
        for chunk in 0..CROPS / CHUNK {
            let crops = (chunk * CHUNK..(chunk + 1) * CHUNK)
                .map(|at| Ok(augment(&dataset.picture(at)?, |_| None, side, &mut generator_at(0, PURPOSE, at as u64))?))
                .collect::<Result<Vec<_>>>()?;
            let pictures = picture::to_tensor(&crops, device)?; // [batch, 3, side, side]
            let inputs = inputs(encoder.features(pictures.clone(), layer), layer); // [rows, inputs]
            let outputs = outputs(pictures, layer); // [rows, outputs]
            let matrix = |tensor: Tensor<2>| {
                let [rows, columns] = tensor.dims();
                DMatrix::from_row_iterator(rows, columns, tensor.into_data().iter::<f64>())
            };
            let squares = matrix(inputs.clone().transpose().matmul(inputs.clone())); // [inputs, inputs]
            let products = matrix(inputs.transpose().matmul(outputs)); // [inputs, outputs]
            moments = Some(match moments {
                None => (squares, products),
                Some((a, b)) => (a + squares, b + products),
            });
        }
        let (mut squares, products) = moments.context("no crops to fit to")?;
        let ridge = RIDGE * squares.trace() / squares.nrows() as f64;
        for at in 0..squares.nrows() {
            squares[(at, at)] += ridge;
        }
        let solved = Cholesky::new(squares).context("the features do not determine a decoder")?.solve(&products);
        let shape = [solved.nrows(), solved.ncols()];
        // Pixels need no more digits than f32 has.
        let values: Vec<f32> = solved.transpose().iter().map(|value| *value as f32).collect();
        Ok(Self { encoder, layer, weights: Tensor::from_data(TensorData::new(values, shape), device), device: device.clone() })
    }
}

impl Method for Ridge {
    fn invert(&self, pictures: &[Picture]) -> Result<Vec<Picture>> {
        let side = pictures.first().context("no pictures")?.width();
        let pictures = picture::to_tensor(pictures, &self.device)?; // [batch, 3, side, side]
        let [batch, ..] = pictures.dims();
        let decoded = inputs(self.encoder.features(pictures, self.layer), self.layer).matmul(self.weights.clone()); // [rows, outputs]
        let square = self.layer.stride().unwrap_or(side);
        let across = side / square;
        let pictures = decoded
            .reshape([batch, across, across, 3, square, square])
            .permute([0, 3, 1, 4, 2, 5]) // [batch, 3, across, square, across, square]
            .reshape([batch, 3, side, side]); // [batch, 3, side, side]
        Ok(picture::from_data(&pictures.into_data())?)
    }
}

/// Returns one row for each square of pixels: the features around it, zero beyond the border, and a one. `[batch, channels, grid, grid]` ->
/// `[batch x (grid + 1)^2, 4 channels + 1]`; for scores `[batch, channels + 1]`.
fn inputs(features: Tensor<4>, layer: Layer) -> Tensor<2> {
    let [batch, channels, grid, _] = features.dims();
    let device = features.device();
    let rows = if layer.stride().is_none() {
        features.reshape([batch, channels]) // [batch, channels]
    } else {
        let padded = features.pad((1, 1, 1, 1), burn::tensor::ops::PadMode::Constant(0.0)); // [batch, channels, grid + 2, grid + 2]
        let places = grid + 1;
        let around = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(top, left)| padded.clone().narrow(2, top, places).narrow(3, left, places));
        Tensor::cat(around.into(), 1).permute([0, 2, 3, 1]).reshape([batch * places * places, 4 * channels]) // [rows, 4 channels]
    };
    let [count, _] = rows.dims();
    Tensor::cat(vec![rows, Tensor::ones([count, 1], &device)], 1) // [rows, inputs]
}

/// Returns one row for each square of pixels: `[batch, 3, side, side]` -> `[batch x (side / stride)^2, 3 x stride^2]`.
fn outputs(pictures: Tensor<4>, layer: Layer) -> Tensor<2> {
    let [batch, _, side, _] = pictures.dims();
    let square = layer.stride().unwrap_or(side);
    let across = side / square;
    pictures
        .reshape([batch, 3, across, square, across, square])
        .permute([0, 2, 4, 1, 3, 5]) // [batch, across, across, 3, square, square]
        .reshape([batch * across * across, 3 * square * square]) // [rows, outputs]
}
