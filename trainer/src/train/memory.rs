//! Whether a step fits into the memory that the machine has free: one that does not would be ended by the system, after it has slowed everything else.

use anyhow::{Result, ensure};
use sysinfo::System;

use crate::config::Config;
use crate::config::choices::TaskChoice;
use crate::device::Backend;

/// Bytes of memory that a step takes for each pixel of its crops, on the processor: pictures, activations and gradients. Measured as the difference of the
/// peaks of two batches, and rounded down: what is refused must not fit.
const BYTES_A_PIXEL: u64 = 600;
/// The same for the style network, which keeps all of its activations at the crop's own side.
const BYTES_A_PIXEL_OF_STYLE: u64 = 1600;

/// Fails if a run's step cannot fit. GPUs have memory of their own, about which nothing is said here.
///
/// # Errors
/// With what the step needs, what the machine has, and the largest batch that fits.
pub fn check(config: &Config) -> Result<()> {
    if !matches!(config.device.resolve()?, Backend::Flex | Backend::Ndarray) {
        return Ok(());
    }
    let each = bytes_of_crop(config);
    let needed = each.saturating_mul(config.batch as u64);
    let Some(free) = free() else { return Ok(()) };
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let fits = free / each;
    let instead = if fits == 0 { "give a smaller --size".to_owned() } else { format!("--batch {fits} may fit") };
    ensure!(
        needed <= free,
        "--batch {} --size {}: a step needs at least {:.1} GB of memory, and {:.1} GB are free; {instead}",
        config.batch,
        config.size,
        gigabytes(needed),
        gigabytes(free)
    );
    Ok(())
}

fn bytes_of_crop(config: &Config) -> u64 {
    let a_pixel = if config.task == TaskChoice::Style { BYTES_A_PIXEL_OF_STYLE } else { BYTES_A_PIXEL };
    let side = config.size as u64;
    side.saturating_mul(side).saturating_mul(a_pixel).max(1)
}

/// Returns the bytes that are free for this process, by the machine and by the limits that it runs under; nothing where the system does not say.
fn free() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory();
    let machine = Some(system.available_memory()).filter(|&bytes| bytes > 0);
    // A container may be given less than the machine has.
    let limited = system.cgroup_limits().map(|limits| limits.free_memory).filter(|&bytes| bytes > 0);
    machine.into_iter().chain(limited).min()
}
