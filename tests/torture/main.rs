//! Hostile input by the thousand, and processes killed at random moments. `cargo xtask torture --minutes N` gives it time; as part of the tests it is short.
//!
//! Every case has a number, from which its random choices follow: what fails once fails again with `DEEPSIM_TORTURE_FIRST` set to that number.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod data_files;
mod kills;
mod model_files;
mod mutation;
mod pictures;

use std::alloc::System;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use deepsim_tests::keep;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits until no other test runs. Every test begins with it: what one allocates to prepare itself would count for another.
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long each kind of case is tried as part of the tests.
const SHORT: Duration = Duration::from_secs(3);

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Returns how long each kind of case is tried.
fn time() -> Duration {
    number("DEEPSIM_TORTURE_SECONDS").map_or(SHORT, Duration::from_secs)
}

/// Tries cases until the time is over. Each gets random numbers of its own and returns the bytes that it tried and the result; of `most(bytes)` bytes it may
/// allocate, all in all.
fn campaign<'a>(what: &str, most: impl Fn(&[u8]) -> usize, mut case: impl FnMut(&mut ChaCha8Rng) -> Attempt<'a>) -> Result<()> {
    let first = number("DEEPSIM_TORTURE_FIRST");
    let begun = Instant::now();
    let (mut tried, mut accepted) = (0u64, 0u64);
    while begun.elapsed() < time() && (first.is_none() || tried == 0) {
        let case_number = first.unwrap_or(tried);
        let mut random = ChaCha8Rng::seed_from_u64(case_number);
        let Attempt { bytes, run } = case(&mut random);
        let region = Region::new(ALLOCATOR);
        let outcome = catch_unwind(AssertUnwindSafe(run));
        let allocated = region.change().bytes_allocated;
        if outcome.is_err() || allocated > most(&bytes) {
            keep(&format!("torture-{what}-{case_number}"), &bytes)?;
        }
        ensure!(outcome.is_ok(), "{what}: case {case_number} panicked");
        ensure!(allocated <= most(&bytes), "{what}: case {case_number} of {} bytes allocated {allocated}", bytes.len());
        accepted += u64::from(outcome.is_ok_and(|accepted| accepted));
        tried += 1;
    }
    println!("{what}: {tried} cases, {accepted} of them accepted, in {:.0} s: no panic, memory bounded", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Something to try.
struct Attempt<'a> {
    bytes: Vec<u8>,
    /// Returns whether the bytes were accepted.
    run: Box<dyn FnOnce() -> bool + 'a>,
}
