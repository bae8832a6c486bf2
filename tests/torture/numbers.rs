//! Values that are no numbers, in every network and optimizer of a checkpoint.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use deepsim::model_file::ModelFile;
use deepsim_tests::{checkpoints, folder_of_pictures, succeed, trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::runs::{STEPS, TASKS, resume, start};
use crate::{alone, time};

/// What takes the place of some weights.
const VALUES: [f32; 4] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38];
/// How many values are changed in one file.
const MOST: usize = 64;

/// Returns the files of a checkpoint that hold tensors.
fn parts(checkpoint: &Path) -> Result<Vec<PathBuf>> {
    let mut parts = fs::read_dir(checkpoint)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    parts.retain(|path| path.extension().is_some_and(|ending| ending == "bpk"));
    parts.sort();
    Ok(parts)
}

/// Training goes on from an earlier checkpoint or stops with one error; in neither case is a model written that holds them.
#[test]
fn weights_that_are_no_numbers_never_ship() -> Result<()> {
    let _alone = alone();
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    let mut random = ChaCha8Rng::seed_from_u64(10);
    let begun = Instant::now();
    let (mut tried, mut written) = (0, 0);
    for (number, task) in TASKS.iter().cycle().enumerate() {
        if number >= 1 && begun.elapsed() >= time() {
            break;
        }
        let run = temporary.path().join(format!("run-{number}"));
        succeed(&mut start(task, &data, &run))?;
        let newest = checkpoints(&run)?.pop().context("a checkpoint")?;
        let parts = parts(&run.join("checkpoints").join(newest))?;
        let part = &parts[random.random_range(0..parts.len())];
        let mut bytes = fs::read(part)?;
        let value = VALUES[random.random_range(0..VALUES.len())];
        for _ in 0..random.random_range(1..=MOST) {
            // Numbers are in the second half of a file, at multiples of four bytes.
            let at = random.random_range(bytes.len() / 8..bytes.len() / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        fs::write(part, bytes)?;
        let what = format!("{task:?}, {value} in {}", part.display());
        let output = resume(&run, STEPS + 4).output()?;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        let errors = printed.lines().filter(|line| line.starts_with("error: ")).count();
        ensure!(errors == usize::from(!output.status.success()) && !printed.contains("panicked"), "{what}: {printed}");
        let model = run.join("model.safetensors");
        let export = trainer().args(["export", "--most", "1"]).arg(&run).arg("--output").arg(&model).output()?;
        if export.status.success() {
            let found = ModelFile::from_bytes(&fs::read(&model)?)?.not_finite()?.map(str::to_owned);
            ensure!(found.is_none(), "{what}: a model was written whose {found:?} is no number");
            written += 1;
        } else {
            let printed = String::from_utf8_lossy(&export.stderr).into_owned();
            ensure!(printed.lines().any(|line| line.starts_with("error: ")) && !printed.contains("panicked"), "{what}: {printed}");
        }
        tried += 1;
        fs::remove_dir_all(run)?;
    }
    println!("{tried} checkpoints with values that are no numbers; {written} models written after that, all of numbers");
    Ok(())
}
