//! Pictures to train on: a folder, a WebDataset-style tar, or an IDX file; crops, and the random numbers that choose them. No networks.

pub mod builtin;
pub mod classes;
mod decode;
mod folder;
pub mod format;
pub mod idx;
pub mod loader;
pub mod pairs;
mod shards;
pub mod surrogate;
mod tar;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deepsim::Picture;
use deepsim::picture::PictureError;

pub use decode::{MOST_BYTES, Transparent, decode, open_picture, open_transparent};
pub use folder::pictures_in;

/// A set of pictures, decoded one at a time when they are asked for.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    name: String,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// A picture file on disk.
    File(PathBuf),
    /// A picture file in a tar on disk.
    Member { tar: Arc<Path>, start: u64, length: u64 },
    /// The bytes of a picture file.
    Encoded(Vec<u8>),
    /// One byte of grey a pixel.
    Grey { width: usize, height: usize, values: Vec<u8> },
}

/// Why a data set cannot be used, or one of its pictures not.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The path cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system says. Not named a source: it is in the message already.
        reason: std::io::Error,
    },
    /// None of the kinds.
    #[error("{} is not a folder of pictures, a picture, a tar of pictures or an IDX file{detail}", path.display())]
    Unknown {
        /// The path.
        path: PathBuf,
        /// What was found, if that helps.
        detail: String,
    },
    /// Nothing in it that could be a picture.
    #[error("no pictures in {}: give --data a folder with {} files, a tar of them, or an IDX file", .0.display(), format::names())]
    Empty(PathBuf),
    /// A tar that ends in the middle, or is damaged from there on.
    #[error(
        "{} is damaged after {whole} whole pictures ({reason}): make it again, or use those with --allow-truncated", path.display()
    )]
    Truncated {
        /// The path.
        path: PathBuf,
        /// Pictures before the damage.
        whole: usize,
        /// What is wrong.
        reason: std::io::Error,
    },
    /// One picture is damaged or of an unknown format.
    #[error("{name}: {reason}")]
    Picture {
        /// The picture's name in its data set.
        name: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// Every picture is damaged.
    #[error("none of the {count} pictures of {name} can be read, the first because: {first}")]
    AllBad {
        /// The data set.
        name: String,
        /// Its size.
        count: usize,
        /// The first picture's trouble.
        first: String,
    },
}

/// Whether a tar that is cut short may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncated {
    /// It is an error.
    Refused,
    /// The pictures before its end are used.
    Allowed,
}

/// Returns a file's bytes, unpacked if it is gzipped, and what is wrong with the packed ones after those.
fn read_plain(path: &Path) -> Result<(Vec<u8>, Option<std::io::Error>), DataError> {
    let bytes = fs::read(path).map_err(|reason| DataError::Read { path: path.to_owned(), reason })?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok((bytes, None));
    }
    let mut plain = Vec::new();
    let damage = flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).err();
    Ok((plain, damage))
}

/// Returns whether a file is a tar that is not packed, by its first block.
fn is_plain_tar(path: &Path) -> bool {
    let mut block = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut block));
    read.is_ok() && block.get(257..262) == Some(b"ustar")
}

/// Returns the pictures of a tar or an IDX file.
fn read_file(path: &Path, truncated: Truncated) -> Result<Vec<Item>, DataError> {
    if is_plain_tar(path) {
        return tar::index(path).or_else(|damaged| whole(path, truncated, damaged));
    }
    let (bytes, damage) = read_plain(path)?;
    let unknown = |detail| DataError::Unknown { path: path.to_owned(), detail };
    if let Some(kind) = other_kind(&bytes) {
        return Err(unknown(format!(", but {kind}")));
    }
    if idx::is_idx(&bytes) {
        return match damage {
            Some(reason) => Err(DataError::Read { path: path.to_owned(), reason }),
            None => idx::read(&bytes).map_err(unknown),
        };
    }
    match tar::read(&bytes) {
        Ok(items) => match damage {
            None => Ok(items),
            Some(reason) => whole(path, truncated, tar::Damaged { items, reason }),
        },
        Err(damaged) => whole(path, truncated, damaged),
    }
}

/// Returns what is whole of a damaged tar, if that is allowed.
fn whole(path: &Path, truncated: Truncated, damaged: tar::Damaged) -> Result<Vec<Item>, DataError> {
    let tar::Damaged { items, reason } = damaged;
    match (items.len(), truncated) {
        (0, _) => Err(DataError::Unknown { path: path.to_owned(), detail: format!(": {reason}") }),
        (_, Truncated::Allowed) => Ok(items),
        (whole, Truncated::Refused) => Err(DataError::Truncated { path: path.to_owned(), whole, reason }),
    }
}

/// Returns what a file is that is no data set, if that can be seen from its beginning.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    // The length of a JSON header, and the header.
    if bytes.get(8..10) == Some(br#"{""#) {
        return Some("a model file");
    }
    let start = &bytes[..bytes.len().min(512)];
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    (!start.is_empty() && start.iter().all(is_text) && bytes.get(257..262) != Some(b"ustar")).then_some("a text file")
}

/// Returns the last part of a data set's path; packing it does not make it another one.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// Returns whether a file is hidden, as `.DS_Store` and AppleDouble's `._photo.jpg` are: such files are no pictures, whatever their ending.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Returns whether a name looks like a picture that [`decode()`] knows.
pub fn is_picture_name(path: &Path) -> bool {
    !is_hidden(path) && format::is_picture_name(path)
}

impl Dataset {
    /// Opens a folder (with its subfolders), a picture, a tar or an IDX file, the last two also gzipped; or many tars: a folder of them, a list in a text
    /// file, or names with numbers, `photos-{0000..0999}.tar`. Hidden files and folders are passed over. Of a tar that is not gzipped no more than the
    /// pictures' places are kept in memory.
    ///
    /// # Errors
    /// If the path cannot be read, is none of these, or has no picture in it.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        Self::open_allowing(path, Truncated::Refused)
    }

    /// Opens the same; a tar may be cut short.
    ///
    /// # Errors
    /// The same.
    pub fn open_allowing(path: &Path, truncated: Truncated) -> Result<Self, DataError> {
        if let Some(shards) = shards::shards_of(path)? {
            let shards = shards.iter().map(|shard| Self::open_allowing(shard, truncated)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Self { name: name_of(path), ..Self::join(shards) });
        }
        let metadata = fs::metadata(path).map_err(|reason| DataError::Read { path: path.to_owned(), reason })?;
        let items = if metadata.is_dir() {
            folder::list(path)?
        } else if is_picture_name(path) {
            vec![Item { name: name_of(path), content: Content::File(path.to_owned()) }]
        } else {
            read_file(path, truncated)?
        };
        if items.is_empty() {
            return Err(DataError::Empty(path.to_owned()));
        }
        Ok(Self { name: name_of(path), items })
    }

    /// Joins data sets into one, in this order.
    pub fn join(sets: Vec<Self>) -> Self {
        let name = sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>().join(" + ");
        Self { name, items: sets.into_iter().flat_map(|set| set.items).collect() }
    }

    /// Returns the last part of the path it was opened from, without a last `.gz`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of a picture within the data set.
    pub fn name_of(&self, index: usize) -> &str {
        &self.items[index].name
    }

    /// Returns the place of a picture in the IDX file that it comes from, counted from 0.
    pub fn place_of(&self, index: usize) -> Option<usize> {
        self.items[index].name.strip_prefix(idx::NAME)?.parse().ok()
    }

    /// Returns the number of pictures, readable or not.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns false: a data set without pictures is an error when it is opened.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Decodes a picture; the index counts round and round.
    ///
    /// # Errors
    /// [`DataError::Picture`] with its name and the reason.
    pub fn picture(&self, index: usize) -> Result<Picture, DataError> {
        let item = &self.items[index % self.items.len()];
        let bad = |reason: String| DataError::Picture { name: item.name.clone(), reason };
        match &item.content {
            Content::File(path) => {
                let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
                decode(&bytes).map_err(bad)
            }
            Content::Member { tar, start, length } => {
                let bytes = tar::member(tar, *start, *length).map_err(|error| bad(error.to_string()))?;
                decode(&bytes).map_err(bad)
            }
            Content::Encoded(bytes) => decode(bytes).map_err(bad),
            Content::Grey { width, height, values } => {
                let rgb = values.iter().flat_map(|&v| [v; 3]).collect();
                Picture::from_rgb(*width, *height, rgb).map_err(|error: PictureError| bad(error.to_string()))
            }
        }
    }

    /// Takes pictures out to be held out of training: one in twenty, evenly spread, at least one and at most 64, of those that can be read. A
    /// single picture cannot be parted, so it serves for both.
    pub fn split_held_out(mut self) -> (Self, Self) {
        let wanted = (self.items.len() / 20).clamp(1, 64);
        let every = self.items.len() / wanted;
        // The last readable picture of each part of the set.
        let chosen: BTreeSet<usize> =
            (0..wanted).filter_map(|part| (part * every..(part + 1) * every).rev().find(|&index| self.picture(index).is_ok())).collect();
        let mut held_out = Vec::new();
        let mut kept = Vec::new();
        for (index, item) in self.items.drain(..).enumerate() {
            if chosen.contains(&index) { held_out.push(item) } else { kept.push(item) }
        }
        let held_out = Self { name: format!("{}, held out", self.name), items: held_out };
        if kept.is_empty() {
            return (Self { name: self.name, items: held_out.items.clone() }, held_out);
        }
        (Self { name: self.name, items: kept }, held_out)
    }
}
