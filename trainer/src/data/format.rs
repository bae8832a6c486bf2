//! The formats of picture files: how their names end, how their bytes begin, and what to say of those that cannot be decoded.

use std::path::Path;

/// A format of picture files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// The endings of its files' names, in lower case.
    pub extensions: &'static [&'static str],
    /// Some bytes near the beginning, and their place.
    bytes: (usize, &'static [u8]),
    /// Whether it can be decoded.
    pub decoded: bool,
}

const fn decoded(name: &'static str, extensions: &'static [&'static str], bytes: &'static [u8]) -> Format {
    Format { name, extensions, bytes: (0, bytes), decoded: true }
}

const fn told(name: &'static str, extensions: &'static [&'static str], brand: &'static [u8]) -> Format {
    Format { name, extensions, bytes: (4, brand), decoded: false }
}

/// Every known format. Of an animation the first frame is taken.
pub const FORMATS: [Format; 12] = [
    decoded("JPEG", &["jpg", "jpeg"], &[0xff, 0xd8, 0xff]),
    decoded("PNG", &["png"], b"\x89PNG"),
    decoded("WebP", &["webp"], b"RIFF"),
    decoded("GIF", &["gif"], b"GIF8"),
    decoded("BMP", &["bmp"], b"BM"),
    decoded("TIFF", &["tif", "tiff"], b"II*\0"),
    decoded("TIFF", &[], b"MM\0*"),
    told("AVIF", &["avif"], b"ftypavif"),
    told("AVIF", &[], b"ftypavis"),
    told("HEIC", &["heic", "heif"], b"ftyphei"),
    told("HEIC", &[], b"ftyphev"),
    told("HEIC", &[], b"ftypmif1"),
];

/// Returns the format that a file's bytes begin like.
pub fn of_bytes(bytes: &[u8]) -> Option<Format> {
    let begins = |format: &Format| bytes.get(format.bytes.0..).is_some_and(|rest| rest.starts_with(format.bytes.1));
    FORMATS.into_iter().find(begins)
}

/// Returns whether a file's name ends as that of a picture.
pub fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    FORMATS.iter().flat_map(|format| format.extensions).any(|known| extension.eq_ignore_ascii_case(known))
}

/// Returns the names of the formats that can be decoded, for messages.
pub fn names() -> String {
    let mut names: Vec<&str> = FORMATS.iter().filter(|format| format.decoded).map(|format| format.name).collect();
    names.dedup();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_and_by_bytes() {
        for (name, is_picture) in [("a.JPG", true), ("b/c.tiff", true), ("d.heic", true), ("e.txt", false), ("jpg", false)] {
            assert_eq!(is_picture_name(Path::new(name)), is_picture, "{name}");
        }
        for (bytes, name) in
            [(&b"\0\0\0\x20ftypheic"[..], Some("HEIC")), (b"\0\0\0\x20ftypavif", Some("AVIF")), (b"BM8", Some("BMP")), (b"BA", None)]
        {
            assert_eq!(of_bytes(bytes).map(|format| format.name), name);
        }
        assert_eq!(names(), "JPEG, PNG, WebP, GIF, BMP or TIFF");
    }
}
