//! Tensors into planes (see [`super::geometry`]).

use super::geometry::Side;

/// Copies channels `[channels, height, width]` into planes, zeros around them.
#[inline(always)]
pub(super) fn split(side: &Side, tensor: &[f32], planes: &mut [f32]) {
    let columns = columns(side);
    for (pixels, planes) in tensor.chunks_exact(side.pixels()).zip(planes.chunks_exact_mut(side.channel())) {
        write_channel(side, &columns, pixels, planes);
    }
}

/// Turns the gradient of an activated output into that before the activation, in planes: where the output is not positive it
/// counts `slope`. Adds each channel's sum to `sums`, the gradient of the bias.
#[inline(always)]
pub(super) fn split_gradient(side: &Side, output: &[f32], gradient: &[f32], slope: f32, planes: &mut [f32], sums: &mut [f32]) {
    let columns = columns(side);
    let pixels = side.pixels();
    let mut inner = vec![0.0; pixels];
    let channels = output.chunks_exact(pixels).zip(gradient.chunks_exact(pixels));
    for (((output, gradient), planes), sum) in channels.zip(planes.chunks_exact_mut(side.channel())).zip(sums) {
        for ((inner, output), gradient) in inner.iter_mut().zip(output).zip(gradient) {
            *inner = if *output > 0.0 { *gradient } else { slope * *gradient };
        }
        write_channel(side, &columns, &inner, planes);
        let mut total = [0.0; 16];
        let lanes = inner.chunks_exact(16);
        *sum += lanes.remainder().iter().sum::<f32>();
        for lane in lanes {
            for (total, value) in total.iter_mut().zip(lane) {
                *total += value;
            }
        }
        *sum += total.iter().sum::<f32>();
    }
}

/// The pixels of a row that one plane takes: every `step`th from `first` on, `count` of them, from `start` on in the row's first plane.
struct Columns {
    first: usize,
    count: usize,
    start: usize,
}

/// Returns the columns of each phase. They are the same for all rows, of which small pictures have many.
fn columns(side: &Side) -> Vec<Columns> {
    let of_phase = |phase: usize| {
        let (first, count, column) = side.axis(phase, side.width);
        Columns { first, count, start: phase * side.plane + column + side.margin }
    };
    (0..side.step).map(of_phase).collect()
}

/// Puts the pixels of one channel where they belong in its planes, zeros around them.
#[inline(always)]
fn write_channel(side: &Side, columns: &[Columns], pixels: &[f32], planes: &mut [f32]) {
    planes.fill(0.0);
    let step = side.step;
    let (mut phase, mut at) = (side.shift % step, side.shift / step + side.margin);
    for row in pixels.chunks_exact(side.width) {
        let planes = &mut planes[phase * step * side.plane + at * side.pitch..];
        for &Columns { first, count, start } in columns {
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
        phase += 1;
        if phase == step {
            (phase, at) = (0, at + 1);
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
