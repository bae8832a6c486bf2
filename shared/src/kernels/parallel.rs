//! Work over threads. In wasm there is one, unless the build has shared memory (`atomics`) and the page has started a pool of workers.

use std::mem::MaybeUninit;

/// Returns the number of parts that work is worth being split into.
pub(crate) fn threads() -> usize {
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    return rayon::current_num_threads();
    #[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
    return 1;
}

/// Makes this thread one of those that share the work of every operation on the processor. A program that trains or inverts calls it once, first thing, on the
/// thread that does so. Without it each operation is handed over to the pool's threads and waited for: 5 to 7 % of a training step's time, on two cores. Does
/// nothing where there is a pool already.
#[cfg(not(target_arch = "wasm32"))]
pub fn join_pool() {
    // The only error: another part of the program has made the pool, and its threads do the work.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

/// Does work on a thread of the pool, and waits for it: the work's operations then need not be handed over one by one. For what cannot [join the pool](join_pool),
/// such as a page's worker.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    {
        let (mut work, mut result) = (Some(work), None);
        scope(&mut || result = work.take().map(|work| work()));
        result.expect("a scope ends when its work is done")
    }
    #[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
    work()
}

/// Does work on a thread of the pool: rayon's code once, and not once for each kind of work.
#[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
fn scope(work: &mut (dyn FnMut() + Send)) {
    rayon::scope(|_| work());
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
    // By a pointer: rayon's code is there once for each kind of part, and not once for each kind of work.
    let work: &(dyn Fn(T) + Sync + Send) = &work;
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    {
        use rayon::prelude::*;
        parts.into_par_iter().for_each(work);
    }
    #[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
    parts.into_iter().for_each(work);
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
