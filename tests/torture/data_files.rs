//! Damaged tars, with the entries that tars of other programs have, and damaged IDX files.

use std::fs;

use anyhow::Result;
use deepsim_tests::folder_of_pictures;
use rand_chacha::ChaCha8Rng;
use trainer::data::{Dataset, Truncated};

use crate::{alone, campaign, mutation};

/// Returns what opening a file of this length, twice, may allocate: itself, and its pictures' bytes.
fn opening(length: usize) -> usize {
    32 * length + (4 << 20)
}

/// Returns a block of a tar's header, with a right checksum.
fn header(name: &str, size: u64, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len().min(100)].copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, content.len() as u64, kind).to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[test]
fn damaged_tars_are_opened_or_refused() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    folder_of_pictures(&temporary.path().join("pictures"), 3)?;
    let picture = fs::read(temporary.path().join("pictures/00.png"))?;
    let long = "x".repeat(300) + ".png\0";
    let whole: Vec<u8> = [
        entry("a.png", b'0', &picture),
        // PAX, GNU's long names, links, devices, sparse files, names that lead elsewhere, AppleDouble's files.
        entry("pax", b'x', b"21 path=renamed/b.png\n"),
        entry("b.png", b'0', &picture),
        entry("././@LongLink", b'L', long.as_bytes()),
        entry("short.png", b'0', &picture),
        entry("link.png", b'2', b""),
        entry("device.png", b'3', b""),
        entry("sparse.png", b'S', &picture),
        entry("../../outside.png", b'0', &picture),
        entry("._a.png", b'0', b"no picture"),
        vec![0; 1024],
    ]
    .concat();
    let path = temporary.path().join("hostile.tar");
    let damaged = |random: &mut ChaCha8Rng| mutation::bytes(&whole, random);
    campaign("tar", opening, damaged, |bytes| {
        fs::write(&path, bytes).unwrap();
        let whole = Dataset::open(&path).is_ok();
        Dataset::open_allowing(&path, Truncated::Allowed).is_ok() || whole
    })
}

#[test]
fn damaged_idx_files_are_opened_or_refused() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let sizes = [5u32, 28, 28].map(u32::to_be_bytes).concat();
    let whole = [&[0, 0, 8, 3][..], &sizes, &[9; 5 * 28 * 28]].concat();
    let path = temporary.path().join("hostile-idx3-ubyte");
    let damaged = |random: &mut ChaCha8Rng| mutation::bytes(&whole, random);
    campaign("idx", opening, damaged, |bytes| {
        fs::write(&path, bytes).unwrap();
        Dataset::open(&path).is_ok()
    })
}
