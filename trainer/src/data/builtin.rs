//! Which pictures a run trains on and which it measures on: the built-in photographs unless it is told otherwise.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim::picture::Crop;
use deepsim::random::generator_at;
use rand::RngExt;

use super::{DataError, Dataset, Truncated, name_of};
use crate::config::Config;
use crate::models::locate::locate;

/// The built-in data sets: name for `--data`, training pictures, held-out ones.
const BUILT_IN: [(&str, &str, &str); 2] =
    [("photos", "data/photos-train.tar.gz", "data/photos-val.tar"), ("emoji", "data/emoji-train.tar.gz", "data/emoji-val.tar")];
/// The data set of whoever names none.
const USUAL: &str = "photos";
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0xc409;

/// Opens the training pictures and the held-out ones.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_data(config: &Config) -> Result<(Arc<Dataset>, Dataset)> {
    let truncated = if config.allow_truncated { Truncated::Allowed } else { Truncated::Refused };
    let usual = [PathBuf::from(USUAL)];
    let data = if config.data.is_empty() { &usual } else { &config.data[..] };
    let (dataset, held_out) = open(data, &config.held_out, truncated)?;
    Ok((Arc::new(dataset), held_out))
}

/// Opens training pictures, and held-out ones: those named, or else the built-in ones that belong to built-in pictures and some of the others.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open(data: &[PathBuf], held_out: &[PathBuf], truncated: Truncated) -> Result<(Dataset, Dataset)> {
    let (mut training, mut others, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for path in data {
        match built_in(path) {
            Some((pictures, held_out)) => {
                training.push(Dataset::open(&locate(pictures)?)?);
                others.push(locate(held_out)?);
            }
            None => rest.push(Dataset::open_allowing(path, truncated)?),
        }
    }
    if !held_out.is_empty() {
        training.append(&mut rest);
        let named = held_out.iter().map(|path| Dataset::open_allowing(path, truncated)).collect::<Result<Vec<_>, _>>()?;
        return Ok((joined(training), joined(named)));
    }
    let mut held_out = others.iter().map(|path| Dataset::open(path)).collect::<Result<Vec<_>, _>>()?;
    if !rest.is_empty() {
        let (kept, taken) = joined(rest).split_held_out();
        training.push(kept);
        held_out.push(taken);
    }
    Ok((joined(training), joined(held_out)))
}

/// Joins data sets; a single one stays as it is.
fn joined(mut sets: Vec<Dataset>) -> Dataset {
    if sets.len() == 1 { sets.remove(0) } else { Dataset::join(sets) }
}

/// Returns the files of a built-in data set, if that is what is meant: a folder of the same name is `./photos`.
fn built_in(data: &Path) -> Option<(&'static str, &'static str)> {
    BUILT_IN.iter().find(|(name, ..)| data == Path::new(name)).map(|&(_, training, held_out)| (training, held_out))
}

/// Returns whether this is the name of a built-in data set and not a path.
pub fn is_built_in(data: &Path) -> bool {
    built_in(data).is_some()
}

/// Returns the built-in data set that a model's card names, by its name for `--data`.
pub fn built_in_of_card(data: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(_, training, _)| name_of(Path::new(training)) == data).map(|&(name, ..)| name)
}

/// Returns the built-in training photographs, for what is fitted to them.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_training() -> Result<Dataset> {
    Ok(open(&[USUAL.into()], &[], Truncated::Refused)?.0)
}

/// Returns held-out pictures to measure on: these, or the built-in ones.
///
/// # Errors
/// If they cannot be found or opened.
pub fn open_held_out(paths: &[PathBuf]) -> Result<Dataset> {
    let usual = [PathBuf::from(USUAL)];
    let open_one = |path: &PathBuf| match built_in(path) {
        Some((_, held_out)) => Ok(Dataset::open(&locate(held_out)?)?),
        None => Ok(Dataset::open(path)?),
    };
    let paths = if paths.is_empty() { &usual } else { paths };
    Ok(joined(paths.iter().map(open_one).collect::<Result<_>>()?))
}

/// Returns `crops` squares of each of up to `most` pictures, spread evenly: the middle one, then random ones of 60 to 100 % of the short
/// side, the same every time. In place of an unreadable picture stands the next one that can be read.
///
/// # Errors
/// If none can be read.
pub fn held_out_crops(dataset: &Dataset, most: usize, crops: usize, side: usize) -> Result<Vec<Picture>> {
    let count = dataset.len().min(most);
    let mut made = Vec::with_capacity(count * crops);
    for part in parts(dataset, count) {
        let Some((index, picture)) = first_readable(dataset, part).ok() else { continue };
        made.push(picture.centre_crop(side)?);
        let mut random = generator_at(0, PURPOSE, index as u64);
        for _ in 1..crops {
            let square = picture.width().min(picture.height()) as f64 * random.random_range(0.6..1.0);
            let mut place = |size: usize| random.random_range(0.0..=1.0) * (size as f64 - square);
            let crop = Crop { left: place(picture.width()), top: place(picture.height()), width: square, height: square };
            made.push(picture.crop_resize(crop, side)?);
        }
    }
    ensure!(!made.is_empty(), "no picture of {} can be read", dataset.name());
    Ok(made)
}

/// Returns centre crops of up to `most` pictures, spread evenly over the data set; in place of an unreadable one stands the next that can be read.
///
/// # Errors
/// If none can be read.
pub fn crops(dataset: &Dataset, most: usize, side: usize) -> Result<Vec<Picture>> {
    let count = dataset.len().min(most);
    let mut first_error = None;
    let mut crops = Vec::with_capacity(count);
    for part in parts(dataset, count) {
        match first_readable(dataset, part) {
            Ok((_, picture)) => crops.push(picture.centre_crop(side)?),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) if crops.is_empty() => Err(error).with_context(|| format!("no picture of {} can be read", dataset.name())),
        _ => Ok(crops),
    }
}

/// Returns the indices of a data set in `count` parts.
fn parts(dataset: &Dataset, count: usize) -> impl Iterator<Item = Range<usize>> {
    let len = dataset.len();
    (0..count).map(move |part| part * len / count..(part + 1) * len / count)
}

/// Returns the first picture of a part that can be read, and its index; or what is wrong with the first one.
fn first_readable(dataset: &Dataset, part: Range<usize>) -> Result<(usize, Picture), DataError> {
    let first = part.start;
    let mut read = part.filter_map(|index| Some((index, dataset.picture(index).ok()?)));
    match read.next() {
        Some(found) => Ok(found),
        None => dataset.picture(first).map(|picture| (first, picture)),
    }
}
