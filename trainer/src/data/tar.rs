//! WebDataset style: a tar of picture files; other entries (labels, captions) are passed over.

use std::io::{self, Read};

use super::{Content, Item, is_picture_name};

/// A tar that ends in the middle or is damaged: what was whole before that, and what is wrong.
pub(super) struct Damaged {
    pub(super) items: Vec<Item>,
    pub(super) reason: io::Error,
}

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
