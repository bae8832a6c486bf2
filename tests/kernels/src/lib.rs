//! The processor's kernels, compiled from the library's own files but without burn, for miri and the sanitizers.

#[cfg(test)]
mod kernels;
