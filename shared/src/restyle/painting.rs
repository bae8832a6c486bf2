//! A large picture, painted strip by strip: the memory of a whole layer at the picture's own size is never needed, and the result equals that of one
//! pass.
//!
//! Instance normalisation sees the whole picture. So a layer goes over all strips and measures its output before the next layer begins. What a layer
//! puts out at the picture's own size is computed a second time instead of being kept.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::kernels::border::{Padding, crop, pad};
use crate::kernels::normalise::EPSILON;
use crate::nets::stylist::{Step, StyleFactors, Stylist};

/// Pixels of the picture in a strip, at least.
const STRIP: usize = 128 * 1024;
/// Rows of a strip are a multiple of this: whole rows at a quarter of the size, and enough for a mirror image.
const ROWS: usize = 16;

/// A picture that is being painted.
#[derive(Debug)]
pub struct Painting {
    stylist: Stylist,
    factors: Vec<StyleFactors>,
    /// Rows of a strip, at the picture's own size.
    rows: usize,
    height: usize,
    /// The next layer and its next strip.
    layer: usize,
    strip: usize,
    source: Source,
    /// What the residual block began with.
    skipped: Vec<Tensor<4>>,
    made: Vec<Tensor<4>>,
    measured: Vec<Moments>,
}

/// What a step of a painting brought.
#[derive(Debug)]
pub struct Progress {
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
    /// Painted rows and the number of the first one: `[1, 3, rows, width]` in [-1, 1].
    pub painted: Option<(usize, Tensor<4>)>,
}

/// What a layer reads.
#[derive(Debug)]
enum Source {
    /// Values that are ready: `[1, channels, rows, width]` a strip.
    Ready(Vec<Tensor<4>>),
    /// A layer's output, to be normalised.
    Kept(Vec<Tensor<4>>, Norm),
    /// The output of a layer that was measured and not kept.
    Recomputed(Box<Source>, usize, Norm),
}

/// A normalisation as a factor and a summand, `[1, channels, 1, 1]`.
#[derive(Debug, Clone)]
struct Norm {
    factor: Tensor<4>,
    summand: Tensor<4>,
    activated: bool,
}

impl Norm {
    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let y = x * self.factor.clone() + self.summand.clone(); // [1, channels, rows, width]
        if self.activated { burn::tensor::activation::relu(y) } else { y }
    }
}

/// Mean and variance of a strip's channels, `[1, channels, 1, 1]`, and its rows.
#[derive(Debug)]
struct Moments {
    rows: usize,
    mean: Tensor<4>,
    variance: Tensor<4>,
}

impl Moments {
    fn of(x: &Tensor<4>) -> Self {
        let mean = x.clone().mean_dims(&[2, 3]); // [1, channels, 1, 1]
        let variance = (x.clone() - mean.clone()).square().mean_dims(&[2, 3]); // [1, channels, 1, 1]
        Self { rows: x.dims()[2], mean, variance }
    }

    /// Returns mean and variance of all strips together (Chan et al. 1979), or nothing if there is no strip.
    fn joined(strips: &[Self]) -> Option<(Tensor<4>, Tensor<4>)> {
        let rows: usize = strips.iter().map(|strip| strip.rows).sum();
        let weighted = |value: &dyn Fn(&Self) -> Tensor<4>| {
            let parts = strips.iter().map(|strip| value(strip).mul_scalar(strip.rows as f64 / rows as f64));
            parts.reduce(|sum, part| sum + part)
        };
        let mean = weighted(&|strip| strip.mean.clone())?;
        let variance = weighted(&|strip| strip.variance.clone() + (strip.mean.clone() - mean.clone()).square())?;
        Some((mean, variance))
    }
}

impl Painting {
    /// Begins to paint a picture `[1, 3, height, width]`, sides multiples of 4 and at least 16, in the style `[1, style_len]`.
    pub fn new(stylist: &Stylist, picture: &Tensor<4>, style: &Tensor<2>) -> Self {
        let [_, _, height, width] = picture.dims();
        let rows = STRIP.div_ceil(width).next_multiple_of(ROWS);
        Self::with_rows(stylist, picture, style, rows.min(height.next_multiple_of(ROWS)))
    }

    fn with_rows(stylist: &Stylist, picture: &Tensor<4>, style: &Tensor<2>, rows: usize) -> Self {
        let height = picture.dims()[2];
        let strips = (0..height).step_by(rows).map(|first| picture.clone().narrow(2, first, rows.min(height - first))).collect();
        Self {
            stylist: stylist.clone(),
            factors: stylist.factors(style),
            rows,
            height,
            layer: 0,
            strip: 0,
            source: Source::Ready(strips),
            skipped: Vec::new(),
            made: Vec::new(),
            measured: Vec::new(),
        }
    }

    /// Computes one layer's output of one strip. Returns what it brought, or nothing at the end.
    pub fn step(&mut self) -> Option<Progress> {
        let layers = self.stylist.steps().len();
        if self.layer == layers {
            return None;
        }
        let strips = self.height.div_ceil(self.rows);
        let level = self.level(self.layer);
        let first = self.strip * self.rows / level;
        let range = first..(first + self.rows / level).min(self.height / level);
        let y = self.output(self.layer, &self.source, range); // [1, channels, rows, width / level]
        let last = self.layer + 1 == layers;
        let painted = last.then(|| (first, y.clone().tanh()));
        if !last {
            self.measured.push(Moments::of(&y));
            if level > 1 {
                self.made.push(y);
            }
        }
        self.strip += 1;
        if self.strip == strips {
            self.end_layer();
        }
        Some(Progress { done: self.layer * strips + self.strip, of: layers * strips, painted })
    }

    /// Returns the divisor of the picture's side that is the side of a layer's output.
    fn level(&self, layer: usize) -> usize {
        let steps = self.stylist.steps();
        steps[..=layer].iter().fold(1, |level, (_, step)| match step {
            Step::Window { stride, .. } => level * stride,
            Step::Doubled => level / 2,
        })
    }

    /// Takes the layer's output as the next one's source.
    fn end_layer(&mut self) {
        let layer = self.layer;
        self.layer += 1;
        self.strip = 0;
        let made = std::mem::take(&mut self.made);
        let Some((mean, variance)) = Moments::joined(&std::mem::take(&mut self.measured)) else {
            return;
        };
        let place = self.stylist.place(layer);
        let StyleFactors { scale, shift } = self.factors[layer].clone();
        let factor = scale / variance.add_scalar(EPSILON).sqrt(); // [1, channels, 1, 1]
        let norm = Norm { summand: shift - mean * factor.clone(), factor, activated: !place.ends_block };
        let before = std::mem::replace(&mut self.source, Source::Ready(Vec::new()));
        self.source = if self.level(layer) == 1 {
            Source::Recomputed(Box::new(before), layer, norm)
        } else if place.ends_block {
            let skipped = std::mem::take(&mut self.skipped);
            Source::Ready(made.into_iter().zip(skipped).map(|(made, skipped)| skipped + norm.apply(made)).collect())
        } else if place.before_block {
            Source::Ready(made.into_iter().map(|made| norm.apply(made)).collect())
        } else {
            Source::Kept(made, norm)
        };
        if let (Source::Ready(strips), true) = (&self.source, self.stylist.place(self.layer).begins_block) {
            self.skipped.clone_from(strips);
        }
    }

    /// Returns rows of a layer's output, not normalised: `[1, channels, rows, width]`.
    fn output(&self, layer: usize, source: &Source, range: Range<usize>) -> Tensor<4> {
        let steps = self.stylist.steps();
        let (conv, step) = steps[layer];
        let before = self.height / if layer == 0 { 1 } else { self.level(layer - 1) };
        match step {
            Step::Window { kernel, stride } => {
                let by = kernel / 2;
                // Rows of the source, counted with the border above it.
                let (start, end) = (range.start * stride, (range.end - 1) * stride + kernel);
                let seen = start.saturating_sub(by)..(end - by).min(before);
                let wide = pad(self.read(source, layer, seen.clone()), by, Padding::Mirror); // [1, channels, seen + 2 by, width + 2 by]
                conv.forward(wide.narrow(2, start - seen.start, end - start))
            }
            Step::Doubled => {
                let seen = (range.start / 2).saturating_sub(1)..(range.end.div_ceil(2) + 1).min(before);
                let larger = conv.forward(pad(self.read(source, layer, seen.clone()), 1, Padding::Edge)); // [1, outputs, 2 seen + 4, 2 width + 4]
                crop(larger, 2).narrow(2, range.start - 2 * seen.start, range.len())
            }
        }
    }

    /// Returns rows of what a layer reads: `[1, channels, rows, width]`.
    fn read(&self, source: &Source, layer: usize, range: Range<usize>) -> Tensor<4> {
        let level = if layer == 0 { 1 } else { self.level(layer - 1) };
        let rows = |strips: &[Tensor<4>]| joined(strips, self.rows / level, range.clone());
        match source {
            Source::Ready(strips) => rows(strips),
            Source::Kept(strips, norm) => norm.apply(rows(strips)),
            Source::Recomputed(before, layer, norm) => norm.apply(self.output(*layer, before, range)),
        }
    }
}

/// Returns rows out of strips of so many rows each.
fn joined(strips: &[Tensor<4>], rows: usize, range: Range<usize>) -> Tensor<4> {
    let touched = range.start / rows..range.end.div_ceil(rows);
    let parts = touched.map(|strip| {
        let first = strip * rows;
        let (start, end) = (range.start.max(first), range.end.min(first + rows));
        strips[strip].clone().narrow(2, start - first, end - start)
    });
    Tensor::cat(parts.collect(), 2)
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::nets::stylist::StylistShape;

    #[test]
    fn strips_equal_one_pass() {
        let device = Device::flex();
        device.seed(3);
        let shape = StylistShape { channels: 8, styles: 1 };
        let stylist = Stylist::new(shape, &device).no_grad();
        let style = Tensor::random([1, shape.style_len()], Distribution::Uniform(-0.5, 0.5), &device);
        for (height, width, rows) in [(32usize, 32, 32), (68, 40, 16), (96, 20, 32), (52, 48, 48)] {
            let picture = Tensor::random([1, 3, height, width], Distribution::Uniform(-1.0, 1.0), &device);
            let whole = stylist.forward(picture.clone(), &style);
            let mut painting = Painting::with_rows(&stylist, &picture, &style, rows);
            let mut strips = Vec::new();
            let mut steps = 0;
            while let Some(progress) = painting.step() {
                steps += 1;
                assert_eq!((progress.done, progress.of), (steps, 16 * height.div_ceil(rows)));
                strips.extend(progress.painted.map(|(first, strip)| {
                    assert_eq!(first, strips.iter().map(|strip: &Tensor<4>| strip.dims()[2]).sum::<usize>());
                    strip
                }));
            }
            let difference = (Tensor::cat(strips, 2) - whole).abs().max().into_scalar::<f32>();
            assert!(difference < 1e-4, "{height} x {width} by {rows}: {difference}");
        }
    }
}
