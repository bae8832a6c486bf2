//! The photographs that the page's view Train learns from unless it is given others: a hundred of the built-in ones and a few of those held out, as one tar.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use tar::{Archive, Builder, Header};

/// The file's name on the site.
pub const NAME: &str = "photographs.tar";
/// The name there of the list of where the photographs come from, with their licences.
pub const SOURCES: &str = "photographs-sources.tsv";

const TRAINING: usize = 100;
const HELD_OUT: usize = 6;
/// The ending of the names of whole photographs; the others are pieces of them.
const WHOLE: &str = "-full.jpg";

/// Writes both files into the site, from the data sets in the folder `data`.
///
/// # Errors
/// If they cannot be read, have too few photographs, or a file cannot be written.
pub fn write(data: &Path, dist: &Path) -> Result<()> {
    let open = |name: &str| File::open(data.join(name)).with_context(|| data.join(name).display().to_string());
    let training = members(GzDecoder::new(open("photos-train.tar.gz")?), |name| name.ends_with(WHOLE))?;
    let held_out = members(open("photos-val.tar")?, |_| true)?;
    let mut made = Builder::new(Vec::new());
    for (folder, pictures, count) in [("training", training, TRAINING), ("held-out", held_out, HELD_OUT)] {
        ensure!(pictures.len() >= count, "{} photographs in {}, not {count}", pictures.len(), data.display());
        for number in 0..count {
            // Evenly over the set, which is sorted by where the photographs come from.
            let (name, bytes) = &pictures[number * pictures.len() / count];
            let mut header = Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            made.append_data(&mut header, format!("{folder}/{name}"), &bytes[..])?;
        }
    }
    fs::write(dist.join(NAME), made.into_inner()?)?;
    fs::copy(data.join("photos-sources.tsv"), dist.join(SOURCES))?;
    Ok(())
}

/// Returns names and bytes of the files of a tar whose name is wanted.
fn members(tar: impl Read, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in Archive::new(tar).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.header().entry_type().is_file() && is_wanted(&name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found.push((name, bytes));
        }
    }
    Ok(found)
}
