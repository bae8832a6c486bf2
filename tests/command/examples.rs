//! The library's examples run, and what they train gets better.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use deepsim_tests::workspace;

/// Runs an example in the workspace's folder, as its first lines say, and returns what it prints.
fn run(name: &str, arguments: &[&str]) -> Result<String> {
    // cargo builds examples for tests, beside the folder of the tests' binaries.
    let binaries = std::env::current_exe()?.parent().and_then(|deps| deps.parent()).map(PathBuf::from).context("a folder of binaries")?;
    let binary = binaries.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&binary).args(arguments).current_dir(workspace()).output().with_context(|| binary.display().to_string())?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the first and the last value of a term that an example prints.
fn first_and_last(printed: &str, term: &str) -> Result<(f32, f32)> {
    let value = |line: &str| line.split_once(&format!("  {term} ")).and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    let values: Vec<f32> = printed.lines().filter_map(value).collect();
    Ok((*values.first().context("no values")?, *values.last().context("no values")?))
}

#[test]
fn invert_writes_a_picture() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("inverted.png");
    run("invert", &["web/examples/cat.jpg", output.to_str().context("a path")?])?;
    let inverted = image::open(output)?.into_rgb8();
    ensure!(inverted.dimensions() == (224, 224));
    Ok(())
}

#[test]
fn a_perceptual_loss_trains_somebody_elses_network() -> Result<()> {
    let printed = run("perceptual_loss", &["40"])?;
    for (term, most) in [("image", 0.6), ("feature", 0.9)] {
        let (first, last) = first_and_last(&printed, term)?;
        ensure!(last < most * first, "{term}: {first} to {last}");
    }
    Ok(())
}

#[test]
fn a_network_of_ones_own_is_inverted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("inverted.png");
    let printed = run("own_network", &["40", output.to_str().context("a path")?])?;
    for term in ["image", "feature"] {
        let (first, last) = first_and_last(&printed, term)?;
        ensure!(last < 0.6 * first, "{term}: {first} to {last}");
    }
    ensure!(image::open(output)?.into_rgb8().dimensions() == (256, 256));
    Ok(())
}
