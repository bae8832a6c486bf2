//! A folder of picture files, subfolders included, in the order of their names. Hidden files and folders are passed over.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Content, DataError, Item, is_hidden, is_picture_name};

pub(super) fn list(folder: &Path) -> Result<Vec<Item>, DataError> {
    let item = |(name, path): (PathBuf, _)| Item { name: name.display().to_string(), content: Content::File(path) };
    Ok(pictures_in(folder)?.into_iter().map(item).collect())
}

/// Returns the pictures of a folder: each one's path from the folder on, and its path. A link to a picture counts, a link to a folder does not: it may lead
/// in a circle.
///
/// # Errors
/// If a folder cannot be read.
pub fn pictures_in(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, DataError> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        let read = |reason| DataError::Read { path: path.clone(), reason };
        for entry in fs::read_dir(&path).map_err(read)? {
            let entry = entry.map_err(read)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(read)?);
            if kind.is_dir() && !is_hidden(&path) {
                pending.push(path);
            } else if is_picture_name(&path) {
                found.push((path.strip_prefix(folder).unwrap_or(&path).to_owned(), path));
            }
        }
    }
    // The file system's order differs from one machine to the next; the run should not.
    found.sort_by_cached_key(|(name, _)| name.display().to_string());
    Ok(found)
}
