//! IDX, the format of MNIST and Fashion-MNIST: grey pictures of one size behind a 16-byte header, and their labels behind one of 8.

use std::path::{Path, PathBuf};

use super::{Content, DataError, Item, read_plain};

/// What the names of pictures begin with; their place in the file follows.
pub(super) const NAME: &str = "picture ";
/// Unsigned bytes in three dimensions: pictures, rows, columns.
const MAGIC: [u8; 4] = [0, 0, 8, 3];
/// Unsigned bytes in one dimension: labels.
const LABELS: [u8; 4] = [0, 0, 8, 1];
/// The side of MNIST's pictures, and the side that LeCun et al. (1998) pad them to, which can be halved often.
const PADDED: (usize, usize) = (28, 32);

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
    let grey = |values: &[u8]| match (width, height) {
        (28, 28) => Content::Grey { width: PADDED.1, height: PADDED.1, values: padded(values) },
        _ => Content::Grey { width, height, values: values.to_vec() },
    };
    Ok(pixels
        .chunks_exact(area)
        .enumerate()
        .map(|(index, values)| Item { name: format!("{NAME}{index}"), content: grey(values) })
        .collect())
}

/// Pads 28x28 pixels, as in MNIST, with black to 32x32.
fn padded(values: &[u8]) -> Vec<u8> {
    let (small, large) = PADDED;
    let border = (large - small) / 2;
    let mut padded = vec![0; large * large];
    for (y, row) in values.chunks_exact(small).enumerate() {
        let start = (y + border) * large + border;
        padded[start..start + small].copy_from_slice(row);
    }
    padded
}

/// Returns the labels beside an IDX file of pictures, one each: `train-labels-idx1-ubyte.gz` beside `train-images-idx3-ubyte.gz`, gzipped
/// or not.
///
/// # Errors
/// If the file's name is not of that kind, or the labels cannot be read.
pub fn labels(pictures: &Path) -> Result<Vec<u8>, DataError> {
    let unknown = |detail: &str| DataError::Unknown { path: pictures.to_owned(), detail: format!(" with labels beside it{detail}") };
    let name = pictures.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let renamed = name.replace("images", "labels").replace("idx3", "idx1");
    if renamed == name {
        return Err(unknown(", whose name would say `labels` where the pictures' says `images`"));
    }
    let path: PathBuf = pictures.with_file_name(renamed);
    let (bytes, damage) = read_plain(&path)?;
    if let Some(reason) = damage {
        return Err(DataError::Read { path, reason });
    }
    match bytes.split_at_checked(8) {
        Some((header, labels)) if header.starts_with(&LABELS) => Ok(labels.to_vec()),
        _ => Err(unknown(&format!(": {} holds none", path.display()))),
    }
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
    fn those_of_mnist_are_padded_to_a_side_that_can_be_halved() {
        let mut bytes = MAGIC.to_vec();
        for size in [1u32, 28, 28] {
            bytes.extend(size.to_be_bytes());
        }
        bytes.extend(vec![9; 28 * 28]);
        let items = read(&bytes).unwrap();
        let Content::Grey { width: 32, height: 32, values } = &items[0].content else { panic!("{items:?}") };
        assert_eq!((values[2 * 32 + 1], values[2 * 32 + 2], values[29 * 32 + 29], values[29 * 32 + 30]), (0, 9, 9, 0));
        assert_eq!(values.iter().filter(|&&value| value == 9).count(), 28 * 28);
    }

    #[test]
    fn a_short_file_is_refused() {
        assert!(read(&file(2, 11)).is_err());
        assert!(read(&MAGIC).is_err());
    }
}
