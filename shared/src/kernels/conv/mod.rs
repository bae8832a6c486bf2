//! Convolution with bias and activation in one, with its own gradients on the CPU.
//!
//! Nearly all the time of training and inversion goes into convolutions. On burn's CPU backend (flex) they run here: planes
//! with a common pitch in place of im2col (`geometry`), register tiles for whatever vectors the processor has, bias and
//! activation while the sums are still in cache, and gradients that need only the output's sign. On every other backend they
//! are burn's own operations.

mod arch;
mod band;
mod correlate;
mod extension;
mod filter;
mod geometry;
mod gradients;
mod outer_products;
mod phases;
mod planes;
mod run;
mod tile;
mod way;
mod weight_filter;
mod weight_gradient;
mod winograd;

pub use extension::convolve;
pub use geometry::Geometry;
