//! Convolution, pooling, normalisation, borders, sums, pixel shuffle and updates of weights on every backend, with their own code for the processor. Networks made of them are in
//! [`nets`](crate::nets).

pub mod add;
pub mod border;
pub mod conv;
mod flex;
pub mod normalise;
mod parallel;
pub mod pool;
pub mod shuffle;
pub(crate) mod update;

pub use parallel::in_pool;
#[cfg(not(target_arch = "wasm32"))]
pub use parallel::join_pool;

/// Makes the kernels use fused multiplication and addition, which every browser that accepts this module has.
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub fn enable_relaxed_simd() {
    pulp::wasm::enable_relaxed_simd();
}
