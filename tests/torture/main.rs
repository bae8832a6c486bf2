//! Hostile input by the thousand, and processes killed at random moments. `cargo xtask torture --minutes N` gives it time; as part of the tests it is short.
//!
//! Every case has a number, from which its random choices follow: what fails once fails again with `DEEPSIM_TORTURE_FIRST` set to that number,
//! and with `DEEPSIM_TORTURE_SECONDS` the campaign goes on from there.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod data_files;
mod kills;
#[cfg(target_os = "linux")]
mod long_run;
mod model_files;
mod mutation;
mod numbers;
mod pictures;
mod runs;
#[cfg(target_os = "linux")]
mod storage;

use std::alloc::System;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
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

/// Tries cases until the time is over. `make` makes the bytes of one from random numbers of its own; `accepts` tries them and returns whether they were
/// accepted, and may allocate `most(length)` bytes, all in all.
fn campaign(
    what: &str,
    most: impl Fn(usize) -> usize,
    mut make: impl FnMut(&mut ChaCha8Rng) -> Vec<u8>,
    mut accepts: impl FnMut(&[u8]) -> bool,
) -> Result<()> {
    let first = number("DEEPSIM_TORTURE_FIRST");
    // One case is repeated, unless there is time for those that follow it.
    let only = first.is_some() && number("DEEPSIM_TORTURE_SECONDS").is_none();
    let begun = Instant::now();
    let (mut tried, mut accepted) = (0u64, 0u64);
    while begun.elapsed() < time() && !(only && tried > 0) {
        let case = first.unwrap_or(0) + tried;
        let bytes = make(&mut ChaCha8Rng::seed_from_u64(case));
        let region = Region::new(ALLOCATOR);
        let outcome = catch_unwind(AssertUnwindSafe(|| accepts(&bytes)));
        let allocated = region.change().bytes_allocated;
        let Ok(was_accepted) = outcome else {
            keep(&format!("torture-{what}-{case}"), &bytes)?;
            bail!("{what}: case {case} panicked");
        };
        if allocated > most(bytes.len()) {
            keep(&format!("torture-{what}-{case}"), &bytes)?;
            bail!("{what}: case {case} of {} bytes allocated {allocated}", bytes.len());
        }
        accepted += u64::from(was_accepted);
        tried += 1;
    }
    println!("{what}: {tried} cases, {accepted} of them accepted, in {:.0} s: no panic, memory bounded", begun.elapsed().as_secs_f64());
    Ok(())
}
