//! The files of `deepsim::kernels::conv` but for its part of burn.
#![expect(dead_code, reason = "what the library has for burn alone is not used here")]

#[path = "../../../../../shared/src/kernels/conv/arch.rs"]
mod arch;
#[path = "../../../../../shared/src/kernels/conv/band.rs"]
mod band;
#[path = "../../../../../shared/src/kernels/conv/correlate.rs"]
mod correlate;
#[path = "../../../../../shared/src/kernels/conv/filter.rs"]
mod filter;
#[path = "../../../../../shared/src/kernels/conv/geometry.rs"]
mod geometry;
#[path = "../../../../../shared/src/kernels/conv/gradients.rs"]
mod gradients;
#[path = "../../../../../shared/src/kernels/conv/outer_products.rs"]
mod outer_products;
#[path = "../../../../../shared/src/kernels/conv/phases.rs"]
mod phases;
#[path = "../../../../../shared/src/kernels/conv/planes.rs"]
mod planes;
#[path = "../../../../../shared/src/kernels/conv/run.rs"]
mod run;
#[path = "../../../../../shared/src/kernels/conv/tile.rs"]
mod tile;
#[path = "../../../../../shared/src/kernels/conv/way.rs"]
mod way;
#[path = "../../../../../shared/src/kernels/conv/weight_filter.rs"]
mod weight_filter;
#[path = "../../../../../shared/src/kernels/conv/weight_gradient.rs"]
mod weight_gradient;
#[path = "../../../../../shared/src/kernels/conv/winograd.rs"]
mod winograd;

use geometry::Geometry;
use gradients::gradients;
use run::{Job, convolve};

/// Batch, input channels, output channels, height and width. Some fill whole vectors and tiles, others do not.
const SIZES: [[usize; 5]; 6] = [[1, 1, 1, 5, 4], [2, 3, 5, 7, 9], [3, 4, 8, 8, 8], [5, 17, 6, 6, 5], [1, 16, 33, 12, 20], [2, 64, 65, 7, 6]];

fn noise(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// Ensures that gradients are the adjoint maps of the convolution, which is linear in its input and in its weights: `<conv(x, w), dy> = <x, dx> = <w, dw>`.
#[test]
fn gradients_are_adjoint_to_the_convolution() {
    let geometries = [
        Geometry::new(1, 0),
        Geometry::new(3, 1),
        Geometry::new(3, 0),
        Geometry::new(3, 0).with_stride(2),
        Geometry::new(4, 1).with_stride(2),
        Geometry::doubling(),
    ];
    for geometry in geometries {
        // Miri is a thousand times as slow.
        for [batch, inputs, outputs, height, width] in SIZES.into_iter().take(if cfg!(miri) { 2 } else { SIZES.len() }) {
            let job = Job { geometry, batch, inputs, outputs, height, width, slope: 1.0 };
            let x = noise(batch * inputs * height * width, 1);
            let weights = noise(outputs * inputs * geometry.kernel * geometry.kernel, 2);
            let y = convolve(&job, &x, &weights, &vec![0.0; outputs]);
            assert_eq!(y.len(), batch * outputs * geometry.output(height) * geometry.output(width));
            let dy = noise(y.len(), 3);
            let found = gradients(&job, &x, &weights, &y, &dy, true, true);
            let (along, size) = (dot(&y, &dy), (dot(&y, &y) * dot(&dy, &dy)).sqrt());
            for (name, other) in [("input", dot(&x, &found.input.unwrap())), ("weights", dot(&weights, &found.weights.unwrap()))] {
                assert!((along - other).abs() < 1e-5 * size, "{job:?}, {name}: {along} and {other}");
            }
        }
    }
}
