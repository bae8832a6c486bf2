//! IDX, the format of MNIST and Fashion-MNIST: grey pictures of one size behind a 16-byte header.

use super::{Content, Item};

/// Unsigned bytes in three dimensions: pictures, rows, columns.
const MAGIC: [u8; 4] = [0, 0, 8, 3];

pub(super) fn is_idx(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Item>, String> {
    let size = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let header = || Some((size(4)?, size(8)?, size(12)?));
    let (count, height, width) = header().ok_or(": its header is cut short")?;
    let area = height.saturating_mul(width);
    let pixels = &bytes[16..];
    if area == 0 || pixels.len() != count.saturating_mul(area) {
        return Err(format!(": {count} pictures of {width}x{height} are promised, {} bytes are there", pixels.len()));
    }
    let grey = |values: &[u8]| Content::Grey { width, height, values: values.to_vec() };
    Ok(pixels
        .chunks_exact(area)
        .enumerate()
        .map(|(index, values)| Item { name: format!("picture {index}"), content: grey(values) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(count: u32, pixels: usize) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for size in [count, 2, 3] {
            bytes.extend(size.to_be_bytes());
        }
        bytes.extend((0..pixels).map(|value| value as u8));
        bytes
    }

    #[test]
    fn pictures_follow_the_header() {
        let items = read(&file(2, 12)).unwrap();
        assert_eq!(items.len(), 2);
        assert!(matches!(&items[1].content, Content::Grey { width: 3, height: 2, values } if values[..] == [6, 7, 8, 9, 10, 11]));
    }

    #[test]
    fn a_short_file_is_refused() {
        assert!(read(&file(2, 11)).is_err());
        assert!(read(&MAGIC).is_err());
    }
}
