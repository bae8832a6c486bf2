//! A folder of picture files, subfolders included, in the order of their names. Hidden files and folders are passed over.

use std::fs;
use std::path::Path;

use super::{Content, DataError, Item, is_hidden, is_picture_name};

pub(super) fn list(folder: &Path) -> Result<Vec<Item>, DataError> {
    let mut items = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        let read = |reason| DataError::Read { path: path.clone(), reason };
        for entry in fs::read_dir(&path).map_err(read)? {
            let entry = entry.map_err(read)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(read)?);
            if kind.is_dir() && !is_hidden(&path) {
                pending.push(path);
            } else if is_picture_name(&path) {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                items.push(Item { name, content: Content::File(path) });
            }
        }
    }
    // The file system's order differs from one machine to the next; the run should not.
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(items)
}
