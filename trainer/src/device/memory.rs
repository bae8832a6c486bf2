//! The allocator's one setting.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// `mi_option_purge_delay`, which the bindings do not name: milliseconds until freed memory goes back to the system, never for -1.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory for the next step. A step frees hundreds of megabytes and asks for them again; pages that went back to the system in
/// between would be cleared when they come again, which takes 4 % of the time of a step at 128 pixels.
///
/// It is for programs whose global allocator is mimalloc, at their start.
#[expect(unsafe_code, reason = "mimalloc has a C interface")]
pub fn keep_freed_pages() {
    // SAFETY: any value may be set at any time; memory that was freed before is treated by the old one.
    unsafe { mi_option_set(PURGE_DELAY, -1) }
}
