//! Work over threads; in wasm there is one.

/// Returns the number of parts that work is worth being split into.
pub(crate) fn threads() -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    return rayon::current_num_threads();
    #[cfg(target_arch = "wasm32")]
    return 1;
}

/// Calls `work` on every part.
pub(crate) fn for_each<T: Send>(parts: Vec<T>, work: impl Fn(T) + Sync + Send) {
    map(parts, work);
}

/// Applies `work` to every part and returns the results in order.
pub(crate) fn map<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        parts.into_par_iter().map(work).collect()
    }
    #[cfg(target_arch = "wasm32")]
    parts.into_iter().map(work).collect()
}
