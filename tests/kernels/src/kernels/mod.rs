//! The files of `deepsim::kernels` that do not need burn.

mod conv;
#[path = "../../../../shared/src/kernels/parallel.rs"]
pub(crate) mod parallel;

/// Enough values that all threads clear them.
const MANY: usize = 70_001;

#[test]
fn zeros_are_zeros_however_many() {
    for length in [0, 1, 1000, MANY] {
        let zeros = parallel::zeros(length);
        assert!(zeros.len() == length && zeros.iter().all(|&value| value == 0.0), "{length}");
    }
}

#[test]
fn results_come_in_the_order_of_the_parts() {
    assert!(parallel::map((0..100).collect(), |part: usize| 3 * part).into_iter().eq((0..100).map(|part| 3 * part)));
    // Miri is a thousand times as slow.
    let mut values = parallel::zeros(if cfg!(miri) { 3_000 } else { MANY });
    parallel::for_each(values.chunks_mut(1000).enumerate().collect(), |(part, values)| values.fill(part as f32));
    assert!(values.iter().enumerate().all(|(at, &value)| value == (at / 1000) as f32));
}
