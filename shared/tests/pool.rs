//! The project's own pooling against burn's, which shares no code with it.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Distribution, Tensor};
use deepsim::burn;
use deepsim::kernels::pool::max_pool;

/// Returns what is pooled, on a new graph, and what of its gradient comes back for an output's gradient of `seen`.
fn run(x: &Tensor<4>, seen: &Tensor<4>, pool: impl Fn(Tensor<4>) -> Tensor<4>) -> [Vec<f32>; 2] {
    let x = Tensor::<4>::from_data(x.to_data(), &Device::flex().autodiff()).require_grad();
    let y = pool(x.clone());
    let gradients = (y.clone() * seen.clone()).sum().backward();
    [y.inner(), x.grad(&gradients).unwrap()].map(|tensor| tensor.into_data().iter::<f32>().collect())
}

#[test]
fn output_and_gradient_are_burns() {
    let device = Device::flex();
    device.seed(1);
    for (height, width) in [(3, 3), (4, 7), (15, 15), (31, 62)] {
        let random = |shape, low: f64| Tensor::<4>::random(shape, Distribution::Uniform(low, 1.0), &device);
        // Half of it zeros, as after a ReLU: the first of several maxima gets the gradient.
        let x = burn::tensor::activation::relu(random([3, 5, height, width], -1.0));
        let seen = random([3, 5, (height - 3) / 2 + 1, (width - 3) / 2 + 1], 0.0);
        let burns = |x| max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2]));
        assert_eq!(run(&x, &seen, max_pool), run(&x, &seen, burns), "{height} x {width}");
    }
}

#[test]
fn a_nan_is_not_lost() {
    let mut values = vec![1.0f32; 9];
    for at in 0..9 {
        values[at] = f32::NAN;
        let x = Tensor::<4>::from_data(burn::tensor::TensorData::new(values.clone(), [1, 1, 3, 3]), &Device::flex());
        assert!(max_pool(x).into_scalar::<f32>().is_nan(), "at {at}");
        values[at] = 1.0;
    }
}
