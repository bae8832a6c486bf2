//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `bytes` to `path` so that a crash leaves the old file or the new one, never half of it.
///
/// # Errors
/// If the disk is full or the folder cannot be written; what was there before stays.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().context("a file needs a name")?.to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = write_and_flush(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is the one to report; a leftover is harmless.
        drop(fs::remove_file(&temporary));
        return Err(error).with_context(|| format!("cannot write {}: free some space or choose another place", path.display()));
    }
    Ok(())
}

/// Writes `bytes` to `path` and waits until they are on the disk.
///
/// # Errors
/// If the file cannot be written; it may then be incomplete.
pub fn write_and_flush(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
