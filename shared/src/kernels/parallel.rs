//! Work over threads. In wasm there is one, unless the build has shared memory (`atomics`) and the page has started a pool of workers.

use std::mem::MaybeUninit;

/// Returns the number of parts that work is worth being split into.
pub(crate) fn threads() -> usize {
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    return rayon::current_num_threads();
    #[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
    return 1;
}

/// Values that are cheaper to clear on one thread.
const CLEARED: usize = 1 << 16;

/// Returns zeros, large ones cleared by all threads: one thread alone would keep the others waiting before each convolution.
pub(crate) fn zeros(length: usize) -> Vec<f32> {
    if length <= CLEARED || threads() == 1 {
        return vec![0.0; length];
    }
    let mut values = Vec::with_capacity(length);
    let parts = values.spare_capacity_mut()[..length].chunks_mut(length.div_ceil(threads())).collect();
    for_each(parts, |part: &mut [MaybeUninit<f32>]| part.fill(MaybeUninit::new(0.0)));
    #[expect(unsafe_code, reason = "the standard library fills a vector on one thread only")]
    // SAFETY: the capacity is at least `length`, and the parts, which are all of these values, have been written.
    unsafe {
        values.set_len(length);
    }
    values
}

/// Calls `work` on every part.
pub(crate) fn for_each<T: Send>(parts: Vec<T>, work: impl Fn(T) + Sync + Send) {
    map(parts, work);
}

/// Applies `work` to every part and returns the results in order.
pub(crate) fn map<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    {
        use rayon::prelude::*;
        parts.into_par_iter().map(work).collect()
    }
    #[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
    parts.into_iter().map(work).collect()
}
