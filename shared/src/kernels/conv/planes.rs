//! Tensors into planes (see [`super::geometry`]).

use super::geometry::Side;

/// Copies channels `[channels, height, width]` into planes, zeros around them.
#[inline(always)]
pub(super) fn split(side: &Side, tensor: &[f32], planes: &mut [f32]) {
    for (pixels, planes) in tensor.chunks_exact(side.pixels()).zip(planes.chunks_exact_mut(side.channel())) {
        planes.fill(0.0);
        for (y, row) in pixels.chunks_exact(side.width).enumerate() {
            write_row(side, y, row, planes);
        }
    }
}

/// Turns the gradient of an activated output into that before the activation, in planes: where the output is not positive it
/// counts `slope`. Adds each channel's sum to `sums`, the gradient of the bias.
#[inline(always)]
pub(super) fn split_gradient(side: &Side, output: &[f32], gradient: &[f32], slope: f32, planes: &mut [f32], sums: &mut [f32]) {
    let pixels = side.pixels();
    let mut row = vec![0.0; side.width];
    let channels = output.chunks_exact(pixels).zip(gradient.chunks_exact(pixels));
    for (((output, gradient), planes), sum) in channels.zip(planes.chunks_exact_mut(side.channel())).zip(sums) {
        planes.fill(0.0);
        let mut total = [0.0; 16];
        let rows = output.chunks_exact(side.width).zip(gradient.chunks_exact(side.width));
        for (y, (output, gradient)) in rows.enumerate() {
            for ((row, output), gradient) in row.iter_mut().zip(output).zip(gradient) {
                *row = if *output > 0.0 { *gradient } else { slope * *gradient };
            }
            write_row(side, y, &row, planes);
            let lanes = row.chunks_exact(16);
            *sum += lanes.remainder().iter().sum::<f32>();
            for lane in lanes {
                for (total, value) in total.iter_mut().zip(lane) {
                    *total += value;
                }
            }
        }
        *sum += total.iter().sum::<f32>();
    }
}

/// Puts row `y` of the pixels where it belongs in one channel's planes.
#[inline(always)]
fn write_row(side: &Side, y: usize, row: &[f32], planes: &mut [f32]) {
    let step = side.step;
    let (phase_row, at) = ((y + side.shift) % step, (y + side.shift) / step + side.margin);
    for phase_column in 0..step {
        let (first, count, column) = side.axis(phase_column, side.width);
        let start = (phase_row * step + phase_column) * side.plane + at * side.pitch + column + side.margin;
        let target = &mut planes[start..start + count];
        match step {
            1 => target.copy_from_slice(row),
            // Of a known step the compiler makes vectors.
            2 => every::<2>(&row[first..], target),
            4 => every::<4>(&row[first..], target),
            _ => {
                for (target, pixel) in target.iter_mut().zip(row[first..].iter().step_by(step)) {
                    *target = *pixel;
                }
            }
        }
    }
}

/// Copies the first of each `STEP` pixels.
#[inline(always)]
fn every<const STEP: usize>(row: &[f32], target: &mut [f32]) {
    let groups = row.chunks_exact(STEP);
    if let ([last, ..], Some(target)) = (groups.remainder(), target.get_mut(row.len() / STEP)) {
        *target = *last;
    }
    for (target, group) in target.iter_mut().zip(groups) {
        *target = group[0];
    }
}
