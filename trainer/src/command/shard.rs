//! `trainer shard`: folders of photographs as tars of small JPEG files, which training reads far faster.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use deepsim::Picture;
use jpeg_encoder::{ColorType, Encoder};
use rayon::prelude::*;
use tar::{Builder, Header};

use crate::data::{format, open_picture, pictures_in};

/// Quality of the JPEG files, 1 to 100: high, since crops of them are looked at closely.
const QUALITY: u8 = 92;
/// Pictures that are converted at a time, on all threads.
const AT_A_TIME: usize = 128;

/// Options of `trainer shard`.
#[derive(Debug, Clone, Args)]
pub struct ShardOptions {
    /// Folders of pictures, with their subfolders; hidden files and folders are passed over
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,

    /// Folder for the shards, photos-0000.tar and so on; it must be empty or not exist
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// Shorter side to which pictures are reduced; smaller ones stay as they are. Crops are cut from as little as 0.4 of it
    #[arg(long, default_value_t = 192, value_name = "PIXELS")]
    pub size: usize,

    /// Pictures a shard
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub count: usize,
}

/// Writes the shards. Pictures that cannot be read are skipped and named.
///
/// # Errors
/// If a folder cannot be used, the shards not be written, or no picture be read.
pub fn shard(options: &ShardOptions) -> Result<()> {
    let ShardOptions { folders, output, size, count } = options;
    ensure!(*size > 0 && *count > 0, "--size and --count must be above zero");
    fs::create_dir_all(output).with_context(|| format!("cannot make the folder {}", output.display()))?;
    ensure!(fs::read_dir(output)?.next().is_none(), "{} already holds something: choose another --output", output.display());
    let mut pictures = Vec::new();
    for folder in folders {
        pictures.extend(pictures_in(folder)?);
    }
    ensure!(!pictures.is_empty(), "no pictures in {}: {} files are read", folders[0].display(), format::names());

    let mut shards = Shards { output, count: *count, written: 0, tar: None };
    let mut names = BTreeSet::new();
    let mut skipped = 0;
    for chunk in pictures.chunks(AT_A_TIME) {
        let small: Vec<_> = chunk.par_iter().map(|(name, path)| (name, reduced(path, *size))).collect();
        for (name, jpeg) in small {
            match jpeg {
                Ok(jpeg) => shards.add(&unused(name, &mut names), &jpeg)?,
                Err(error) => {
                    eprintln!("skipped {}: {error:#}", name.display());
                    skipped += 1;
                }
            }
        }
    }
    let written = shards.finish()?;
    if written == 0 {
        bail!("none of the {skipped} pictures can be read");
    }
    println!(
        "{written} pictures in {} shards in {}, {skipped} skipped; next: trainer --data {}",
        written.div_ceil(*count),
        output.display(),
        output.display()
    );
    Ok(())
}

/// Returns a name for a picture in a tar: its path, with no folders, and none that was given before.
fn unused(path: &Path, names: &mut BTreeSet<String>) -> String {
    let name = path.with_extension("").to_string_lossy().replace(['/', '\\', '.'], "-");
    let with = |number: usize| if number == 0 { format!("{name}.jpg") } else { format!("{name}-{number}.jpg") };
    // As many names as there are pictures: one is always left.
    let free = (0..).map(with).find(|name| names.insert(name.clone()));
    free.unwrap_or_default()
}

/// Returns the JPEG file of a picture whose shorter side is at most `size` pixels.
fn reduced(path: &Path, size: usize) -> Result<Vec<u8>> {
    let picture = open_picture(path)?;
    let (width, height) = (picture.width(), picture.height());
    let scale = size as f64 / width.min(height) as f64;
    let small: Picture = if scale < 1.0 {
        // Rounded and at least one pixel.
        let side = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        picture.resized(side(width), side(height))?
    } else {
        picture
    };
    let (width, height) = (u16::try_from(small.width())?, u16::try_from(small.height())?);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY).encode(small.rgb(), width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// Tars of so many pictures each.
struct Shards<'a> {
    output: &'a Path,
    count: usize,
    written: usize,
    tar: Option<Builder<BufWriter<File>>>,
}

impl Shards<'_> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        if self.written.is_multiple_of(self.count) {
            self.close()?;
            let path = self.output.join(format!("photos-{:04}.tar", self.written / self.count));
            let file = File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))?;
            self.tar = Some(Builder::new(BufWriter::new(file)));
        }
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if let Some(tar) = &mut self.tar {
            tar.append_data(&mut header, name, bytes).context("cannot write a shard: is there room for it?")?;
        }
        self.written += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(tar) = self.tar.take() {
            let file = tar.into_inner()?.into_inner().map_err(|error| error.into_error())?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<usize> {
        self.close()?;
        Ok(self.written)
    }
}
