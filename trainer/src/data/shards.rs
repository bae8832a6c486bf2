//! Data sets of many tars: `photos-{0000..0999}.tar`, a folder of tars, or a text file with a path on each line.

use std::fs;
use std::path::{Path, PathBuf};

use super::{DataError, is_hidden, pictures_in};

/// Returns the paths of the shards that a path stands for, in order; nothing if it stands for itself.
///
/// # Errors
/// If the folder or the list cannot be read, or names nothing.
pub(super) fn shards_of(path: &Path) -> Result<Option<Vec<PathBuf>>, DataError> {
    let read = |reason| DataError::Read { path: path.to_owned(), reason };
    if !path.exists() {
        return Ok(numbered(&path.to_string_lossy()).map(|names| names.into_iter().map(PathBuf::from).collect()));
    }
    let found = if path.is_dir() {
        let mut tars = Vec::new();
        for entry in fs::read_dir(path).map_err(read)? {
            let path = entry.map_err(read)?.path();
            if is_tar(&path) && !is_hidden(&path) {
                tars.push(path);
            }
        }
        tars.sort();
        // A folder of pictures is one, whatever else is in it.
        if tars.is_empty() || !pictures_in(path)?.is_empty() {
            return Ok(None);
        }
        tars
    } else if path.extension().is_some_and(|extension| extension == "txt") {
        // Paths in a list are relative to it.
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = fs::read_to_string(path).map_err(read)?;
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| folder.join(line)).collect()
    } else {
        return Ok(None);
    };
    if found.is_empty() { Err(DataError::Empty(path.to_owned())) } else { Ok(Some(found)) }
}

fn is_tar(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// Returns the names that `before{first..last}after` stands for, numbers as wide as the first one.
fn numbered(pattern: &str) -> Option<Vec<String>> {
    let (before, rest) = pattern.split_once('{')?;
    let (range, after) = rest.split_once('}')?;
    let (first, last) = range.split_once("..")?;
    let (from, to) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
    let width = first.len();
    (from <= to).then(|| (from..=to).map(|number| format!("{before}{number:0width$}{after}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_braces_are_names() {
        for (pattern, wanted) in [
            ("a-{08..11}.tar", Some(vec!["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"])),
            ("{3..3}", Some(vec!["3"])),
            ("a-{5..3}.tar", None),
            ("a-{x..3}.tar", None),
            ("a.tar", None),
        ] {
            assert_eq!(numbered(pattern), wanted.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>()), "{pattern}");
        }
    }
}
