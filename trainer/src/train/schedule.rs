//! The learning rate over a run: constant, then falling.

/// The factor of the learning rate after a slowdown.
const SLOWDOWN: f64 = 0.5;

/// Returns the learning rate of a step (the first is 0) of a run of `total` steps: `rate` until the last `decay` share of the run begins (0
/// to 1), from there in a straight line to nothing. Halved for each of the `slowdowns` that a broken step made necessary.
///
/// The paper halves its rate after 300 k, 500 k, ... of a million iterations. A straight line at the end does not have to know how long
/// a run will be until it is nearly over, so a run can be given more pictures when it is resumed.
pub fn learning_rate(rate: f64, step: u64, total: u64, decay: f64, slowdowns: u32) -> f64 {
    let falling = (total as f64 * decay).max(1.0);
    let left = total.saturating_sub(step) as f64;
    rate * (left / falling).clamp(0.0, 1.0) * SLOWDOWN.powf(f64::from(slowdowns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_constant_then_falls_to_nothing() {
        // (step, share that falls, slowdowns, rate)
        for (step, decay, slowdowns, wanted) in [
            (0, 0.4, 0, 1.0),
            (59, 0.4, 0, 1.0),
            (60, 0.4, 0, 1.0),
            (80, 0.4, 0, 0.5),
            (99, 0.4, 0, 0.025),
            (99, 0.0, 0, 1.0),
            (0, 1.0, 0, 1.0),
            (50, 1.0, 0, 0.5),
            (80, 0.4, 2, 0.125),
        ] {
            let found = learning_rate(1.0, step, 100, decay, slowdowns);
            assert!((found - wanted).abs() < 1e-12, "step {step}, decay {decay}: {found} is not {wanted}");
        }
    }
}
