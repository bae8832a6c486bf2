//! WebDataset style: a tar of picture files; other entries (labels, captions) are passed over.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::{Content, Item, is_picture_name};

/// A tar that ends in the middle or is damaged: what was whole before that, and what is wrong.
pub(super) struct Damaged {
    pub(super) items: Vec<Item>,
    pub(super) reason: io::Error,
}

/// Returns the pictures of a tar that was packed, with their bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Item>, Damaged> {
    let mut items = Vec::new();
    match read_into(&mut items, bytes) {
        Ok(()) => Ok(items),
        Err(reason) => Err(Damaged { items, reason }),
    }
}

fn read_into(items: &mut Vec<Item>, bytes: &[u8]) -> io::Result<()> {
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !entry.header().entry_type().is_file() || !is_picture_name(&path) {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        items.push(Item { name: path.display().to_string(), content: Content::Encoded(content) });
    }
    Ok(())
}

/// Returns where the pictures of a tar on disk are. However large it is, only their names and places are kept.
pub(super) fn index(path: &Path) -> Result<Vec<Item>, Damaged> {
    let mut items = Vec::new();
    match index_into(&mut items, path) {
        Ok(()) => Ok(items),
        Err(reason) => Err(Damaged { items, reason }),
    }
}

fn index_into(items: &mut Vec<Item>, path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    let end = file.metadata()?.len();
    let tar: Arc<Path> = path.into();
    for entry in tar::Archive::new(file).entries_with_seek()? {
        let entry = entry?;
        let name = entry.path()?.into_owned();
        if !entry.header().entry_type().is_file() || !is_picture_name(&name) {
            continue;
        }
        let (start, length) = (entry.raw_file_position(), entry.size());
        if start.saturating_add(length) > end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle of a picture"));
        }
        items.push(Item { name: name.display().to_string(), content: Content::Member { tar: Arc::clone(&tar), start, length } });
    }
    Ok(())
}

/// Returns the bytes of a picture in a tar on disk.
pub(super) fn member(tar: &Path, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(tar)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
