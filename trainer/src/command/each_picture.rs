//! The loop of commands that make one picture of each picture of `--input`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use deepsim::Picture;

use crate::data::{DataError, is_picture_name, open_picture};
use crate::measure::sheet::write_png;

/// Converts a picture, or each picture of a folder, and writes `STEM.png` into the folder `output`.
///
/// # Errors
/// If a folder cannot be used or a picture not be converted. Pictures that cannot be read are skipped and named; the others are converted all
/// the same, and the error counts those that were skipped.
pub fn each_picture(input: &Path, output: &Path, convert: impl Fn(&Picture) -> Result<Picture>) -> Result<()> {
    each_file(input, output, open_picture, |picture, path| write_png(path, &convert(&picture)?))
}

/// Converts each picture file as it was opened by `open`; `write` gets the path of its PNG.
///
/// # Errors
/// The same.
pub fn each_file<P>(
    input: &Path,
    output: &Path,
    open: impl Fn(&Path) -> Result<P, DataError>,
    write: impl Fn(P, &Path) -> Result<()>,
) -> Result<()> {
    let inputs = pictures_in(input)?;
    fs::create_dir_all(output).with_context(|| format!("cannot make the folder {}", output.display()))?;
    let mut failed = 0;
    for path in &inputs {
        let picture = match open(path) {
            Ok(picture) => picture,
            Err(error) => {
                eprintln!("skipped {error}");
                failed += 1;
                continue;
            }
        };
        let name = path.file_stem().context("a picture needs a name")?;
        write(picture, &output.join(name).with_added_extension("png"))?;
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", inputs.len());
    }
    Ok(())
}

/// Returns the picture files that an `--input` means, in the order of their names.
fn pictures_in(input: &Path) -> Result<Vec<PathBuf>> {
    let missing = || format!("cannot read {}", input.display());
    if !fs::metadata(input).with_context(missing)?.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let mut found: Vec<PathBuf> =
        fs::read_dir(input)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().with_context(missing)?;
    found.retain(|path| is_picture_name(path));
    found.sort();
    ensure!(!found.is_empty(), "no pictures in {}: JPEG, PNG and WebP files are read", input.display());
    Ok(found)
}
