//! The loop of commands that make one picture of each picture of `--input`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use deepsim::Picture;

use crate::data::{DataError, format, open_picture, pictures_in};
use crate::measure::sheet::write_png;

/// Converts pictures, those of folders too, and writes `STEM.png` into the folder `output`, those of subfolders into subfolders. Where two would have the same
/// name, the second keeps its ending: `STEM.jpg.png`.
///
/// # Errors
/// If a folder cannot be used or a picture not be converted. Pictures that cannot be read are skipped and named; the others are converted all
/// the same, and the error counts those that were skipped.
pub fn each_picture(inputs: &[PathBuf], output: &Path, convert: impl Fn(&Picture) -> Result<Picture>) -> Result<()> {
    each_file(inputs, output, open_picture, |picture, path| write_png(path, &convert(&picture)?))
}

/// Converts each picture file as it was opened by `open`; `write` gets the path of its PNG.
///
/// # Errors
/// The same.
pub fn each_file<P>(
    inputs: &[PathBuf],
    output: &Path,
    open: impl Fn(&Path) -> Result<P, DataError>,
    write: impl Fn(P, &Path) -> Result<()>,
) -> Result<()> {
    let pictures = pictures_of(inputs)?;
    fs::create_dir_all(output).with_context(|| format!("cannot make the folder {}", output.display()))?;
    let mut failed = 0;
    for (place, path) in &pictures {
        let picture = match open(path) {
            Ok(picture) => picture,
            Err(error) => {
                eprintln!("skipped {error}");
                failed += 1;
                continue;
            }
        };
        let place = output.join(place);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        write(picture, &place)?;
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", pictures.len());
    }
    Ok(())
}

/// Returns the picture files that `--input` means: each one's place below the output folder, and its path.
fn pictures_of(inputs: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut places = BTreeSet::new();
    let mut pictures = Vec::new();
    for input in inputs {
        let missing = || format!("cannot read {}", input.display());
        let found = if fs::metadata(input).with_context(missing)?.is_dir() {
            let found = pictures_in(input)?;
            ensure!(!found.is_empty(), "no pictures in {}: {} files are read", input.display(), format::names());
            found
        } else {
            vec![(input.file_name().context("a picture needs a name")?.into(), input.clone())]
        };
        for (name, path) in found {
            let free =
                [name.with_extension("png"), name.with_added_extension("png")].into_iter().find(|place| places.insert(place.clone()));
            let place =
                free.with_context(|| format!("several pictures are named {}: convert them into different folders", name.display()))?;
            pictures.push((place, path));
        }
    }
    Ok(pictures)
}
