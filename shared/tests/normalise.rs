//! The project's own normalisation and borders against burn's operations, which share no code with them.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Distribution, Tensor};
use deepsim::burn;
use deepsim::kernels::border::{Padding, crop, pad};
use deepsim::kernels::normalise::normalise;

/// Relative to the largest value.
const TOLERANCE: f32 = 1e-5;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
}

/// Returns the same values with a gradient of their own.
fn leaf<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    Tensor::from_data(tensor.to_data(), &Device::flex().autodiff()).require_grad()
}

/// Multiplies the output by other numbers, so that each pixel's gradient is another.
fn weighted(y: &Tensor<4>) -> Tensor<1> {
    let [a, b, c, d] = y.dims();
    let weights: Vec<f32> = (0..a * b * c * d).map(|at| (at as f32 * 0.37).sin()).collect();
    let weights = Tensor::<1>::from_floats(weights.as_slice(), &Device::flex()).reshape([a, b, c, d]);
    (y.clone() * weights).sum()
}

fn assert_close<const D: usize>(found: Tensor<D>, wanted: Tensor<D>, what: &str) {
    assert_eq!(found.dims(), wanted.dims(), "{what}");
    let largest = wanted.clone().abs().max().into_scalar::<f32>().max(1e-3);
    let error = (found - wanted).abs().max().into_scalar::<f32>() / largest;
    assert!(error < TOLERANCE, "{what}: {error}");
}

#[test]
fn normalisation_and_its_gradients_are_burns() {
    for (batch, channels, height, width, rows) in [(1, 3, 4, 4, 1), (3, 5, 9, 7, 1), (3, 5, 9, 7, 3), (2, 4, 70, 66, 2)] {
        for slope in [0.0, 0.2, 1.0] {
            let values = [random([batch, channels, height, width]).mul_scalar(3.0).add_scalar(0.5)];
            let pixels = (height * width) as f64;
            let styles = [random([rows, channels]).add_scalar(1.5), random([rows, channels])];
            let found = {
                let (x, scale, shift) = (leaf(&values[0]), leaf(&styles[0]), leaf(&styles[1]));
                let y = normalise(x.clone(), scale.clone(), shift.clone(), slope);
                let gradients = weighted(&y).backward();
                (y.inner(), x.grad(&gradients).unwrap(), scale.grad(&gradients).unwrap(), shift.grad(&gradients).unwrap())
            };
            let wanted = {
                let (x, scale, shift) = (leaf(&values[0]), leaf(&styles[0]), leaf(&styles[1]));
                let mean = x.clone().sum_dim(2).sum_dim(3).div_scalar(pixels); // [batch, channels, 1, 1]
                let variance = (x.clone() - mean.clone()).square().sum_dim(2).sum_dim(3).div_scalar(pixels); // [batch, channels, 1, 1]
                let z = (x.clone() - mean) / variance.add_scalar(1e-3).sqrt() * scale.clone().reshape([rows, channels, 1, 1])
                    + shift.clone().reshape([rows, channels, 1, 1]);
                let y = burn::tensor::activation::leaky_relu(z, f64::from(slope));
                let gradients = weighted(&y).backward();
                (y.inner(), x.grad(&gradients).unwrap(), scale.grad(&gradients).unwrap(), shift.grad(&gradients).unwrap())
            };
            let what = |name: &str| format!("{name} of {batch} x {channels} x {height} x {width}, {rows} rows, slope {slope}");
            assert_close(found.0, wanted.0, &what("output"));
            assert_close(found.1, wanted.1, &what("dx"));
            assert_close(found.2, wanted.2, &what("dscale"));
            assert_close(found.3, wanted.3, &what("dshift"));
        }
    }
}

#[test]
fn borders_and_their_gradients_are_burns() {
    for (height, width, by) in [(5, 6, 1), (8, 11, 4), (33, 20, 4)] {
        let values = random([2, 3, height, width]);
        let run = |continued: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let x = leaf(&values);
            let y = continued(x.clone());
            let gradients = weighted(&y).backward();
            (y.inner(), x.grad(&gradients).unwrap())
        };
        let both = |own: &dyn Fn(Tensor<4>) -> Tensor<4>, other: &dyn Fn(Tensor<4>) -> Tensor<4>, what: &str| {
            let (found, wanted) = (run(own), run(other));
            assert_close(found.0, wanted.0, &format!("{what}, {height} x {width} by {by}"));
            assert_close(found.1, wanted.1, &format!("gradient of {what}, {height} x {width} by {by}"));
        };
        both(&|x| pad(x, by, Padding::Mirror), &|x| x.pad((by, by, by, by), PadMode::Reflect), "mirror");
        both(&|x| pad(x, by, Padding::Edge), &|x| x.pad((by, by, by, by), PadMode::Edge), "edge");
        both(&|x| crop(x, 1), &|x| x.narrow(2, 1, height - 2).narrow(3, 1, width - 2), "crop");
    }
}
