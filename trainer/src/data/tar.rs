//! WebDataset style: a tar of picture files; other entries (labels, captions) are passed over.

use std::io::Read;

use super::{Content, Item, is_picture_name};

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().map_err(|error| format!(": {error}"))?;
    for entry in entries {
        let damaged = |error: std::io::Error| format!(": after {} pictures, {error}; make the tar again", items.len());
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        if !entry.header().entry_type().is_file() || !is_picture_name(&path) {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(damaged)?;
        items.push(Item { name: path.display().to_string(), content: Content::Encoded(content) });
    }
    Ok(items)
}
