//! Copies of the built page, to be changed by a test.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Result;
use serde_json::Value;

use crate::dist;

/// Copies the page that `cargo xtask web` built into a folder of its own, to be changed.
///
/// # Errors
/// If it was not built.
pub fn site(folder: &Path) -> Result<PathBuf> {
    let site = folder.join("some-path");
    copy(&dist()?, &site)?;
    Ok(site)
}

/// Returns a copy with only these inverters, where a test needs no others: a software adapter needs seconds for each.
///
/// # Errors
/// If the page was not built.
pub fn site_of(folder: &Path, inverters: &[&str]) -> Result<PathBuf> {
    let site = site(folder)?;
    let mut listed: Vec<Value> = serde_json::from_slice(&fs::read(site.join("models.json"))?)?;
    listed.retain(|entry| entry["layer"] == "" || entry["name"].as_str().is_some_and(|name| inverters.contains(&name)));
    fs::write(site.join("models.json"), serde_json::to_vec(&listed)?)?;
    xtask::site::stamp(&site)?;
    Ok(site)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &place)? } else { fs::copy(entry.path(), place).map(drop)? }
    }
    Ok(())
}
