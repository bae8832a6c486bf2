//! The project's own convolution against burn's, which shares no code with it.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use burn::tensor::{Device, Distribution, Tensor};
use deepsim::burn;
use deepsim::kernels::conv::{Geometry, convolve};

/// Relative to the largest value.
const TOLERANCE: f32 = 1e-5;

const GEOMETRIES: [(&str, Geometry); 11] = [
    ("1x1", Geometry::new(1, 0)),
    ("3x3 padded", Geometry::new(3, 1)),
    ("3x3 unpadded", Geometry::new(3, 0)),
    ("2x2 that widens by one", Geometry::new(2, 1)),
    ("5x5 padded", Geometry::new(5, 2)),
    ("3x3 after doubling", Geometry::doubling()),
    ("3x3 at stride 2, unpadded", Geometry::new(3, 0).with_stride(2)),
    ("3x3 at stride 2, padded", Geometry::new(3, 1).with_stride(2)),
    ("4x4 at stride 2", Geometry::new(4, 1).with_stride(2)),
    ("7x7 at stride 4", Geometry::new(7, 3).with_stride(4)),
    ("1x1 at stride 2", Geometry::new(1, 0).with_stride(2)),
];

/// (height, width): squares, strips, sides that no vector divides, one that fills several.
const SIZES: [(usize, usize); 5] = [(7, 7), (9, 14), (16, 16), (8, 61), (33, 20)];

/// (batch, inputs, outputs): more and fewer pictures than threads, channels that no tile divides.
const CHANNELS: [(usize, usize, usize); 4] = [(1, 3, 8), (3, 5, 3), (1, 16, 13), (5, 4, 20)];

/// Returns the device whose convolution serves as the reference.
#[expect(deprecated, reason = "burn 0.22 still has it, and no other backend runs everywhere")]
fn other() -> Device {
    Device::ndarray()
}

struct Arguments {
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    /// What the output's gradient is.
    seen: Tensor<4>,
}

impl Arguments {
    fn new(geometry: Geometry, (height, width): (usize, usize), (batch, inputs, outputs): (usize, usize, usize)) -> Self {
        let device = Device::flex();
        let random = |shape| Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
        let kernel = geometry.kernel;
        Self {
            x: random([batch, inputs, height, width]),
            weight: random([outputs, inputs, kernel, kernel]),
            bias: random([1, 1, 1, outputs]).flatten(0, 3),
            seen: random([batch, outputs, geometry.output(height), geometry.output(width)]),
        }
    }

    /// Returns the output and the gradients of input, weight and bias, flattened and on flex.
    fn run(&self, geometry: Geometry, slope: f32, device: &Device) -> [Tensor<1>; 4] {
        let tracked = device.clone().autodiff();
        let x = leaf(&self.x, &tracked);
        let weight = leaf(&self.weight, &tracked);
        let bias = leaf(&self.bias, &tracked);
        let y = convolve(x.clone(), weight.clone(), bias.clone(), geometry, slope);
        let seen = Tensor::from_data(self.seen.to_data(), device);
        let gradients = (y.clone() * seen).sum().backward();
        let grad = |tensor: Tensor<4>| tensor.grad(&gradients).unwrap().flatten::<1>(0, 3);
        let found = [y.inner().flatten(0, 3), grad(x), grad(weight), bias.grad(&gradients).unwrap()];
        found.map(|tensor| Tensor::from_data(tensor.into_data(), &Device::flex()))
    }
}

/// Returns the same values on another device, with a gradient of their own.
fn leaf<const D: usize>(tensor: &Tensor<D>, device: &Device) -> Tensor<D> {
    Tensor::from_data(tensor.to_data(), device).require_grad()
}

fn difference(found: Tensor<1>, wanted: Tensor<1>) -> f32 {
    assert_eq!(found.dims(), wanted.dims());
    let largest = wanted.clone().abs().max().into_scalar::<f32>().max(f32::MIN_POSITIVE);
    (found - wanted).abs().max().into_scalar::<f32>() / largest
}

#[test]
fn output_and_gradients_are_burns() {
    Device::flex().seed(1);
    for (name, geometry) in GEOMETRIES {
        for size in SIZES {
            for channels in CHANNELS {
                for slope in [0.0, 0.3, 1.0] {
                    let arguments = Arguments::new(geometry, size, channels);
                    let found = arguments.run(geometry, slope, &Device::flex());
                    let wanted = arguments.run(geometry, slope, &other());
                    for ((what, found), wanted) in ["output", "dx", "dw", "db"].into_iter().zip(found).zip(wanted) {
                        let difference = difference(found, wanted);
                        assert!(difference <= TOLERANCE, "{name}, {size:?}, {channels:?}, slope {slope}: {what} is off by {difference}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_constant_network_hands_gradients_to_its_input() {
    let device = Device::flex();
    let arguments = Arguments::new(Geometry::new(3, 1), (8, 8), (2, 4, 4));
    let x = leaf(&arguments.x, &device.clone().autodiff());
    let y = convolve(x.clone(), arguments.weight.clone(), arguments.bias.clone(), Geometry::new(3, 1), 0.0);
    let gradients = (y * arguments.seen.clone()).sum().backward();
    let [_, wanted, _, _] = arguments.run(Geometry::new(3, 1), 0.0, &device);
    assert!(difference(x.grad(&gradients).unwrap().flatten(0, 3), wanted) < TOLERANCE);
}

#[test]
fn a_view_of_a_larger_picture_is_read_as_what_it_shows() {
    let arguments = Arguments::new(Geometry::new(3, 1), (12, 12), (2, 4, 4));
    let part = arguments.x.clone().slice([0..2, 0..4, 3..10, 2..11]);
    let dense = Tensor::from_data(part.clone().into_data(), &Device::flex());
    let run = |x| convolve(x, arguments.weight.clone(), arguments.bias.clone(), Geometry::new(3, 1), 0.3).flatten::<1>(0, 3);
    assert_eq!(difference(run(part), run(dense)), 0.0);
}
