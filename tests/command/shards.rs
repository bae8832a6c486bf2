//! Data of many tars: `trainer shard` makes them, and however they are named they are the same pictures.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{fail, folder_of_pictures, small_run, succeed, trainer};
use serde_json::Value;

#[test]
fn shards_are_one_data_set_however_they_are_named() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    fs::create_dir_all(path("photos/more"))?;
    folder_of_pictures(&path("photos"), 5)?;
    folder_of_pictures(&path("photos/more"), 4)?;
    fs::write(path("photos/broken.jpg"), "no picture")?;
    let mut shard = trainer();
    let output = succeed(shard.arg("shard").arg(path("photos")).args(["--size", "64", "--count", "4", "--output"]).arg(path("shards")))?;
    let (printed, skipped) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(printed.contains("9 pictures in 3 shards") && skipped.contains("broken.jpg"), "{printed}{skipped}");
    // A second time nothing is overwritten.
    let error = fail(trainer().arg("shard").arg(path("photos")).arg("--output").arg(path("shards")))?;
    ensure!(error.contains("already holds something"), "{error}");

    fs::write(path("list.txt"), "shards/photos-0000.tar\nshards/photos-0001.tar\n\nshards/photos-0002.tar\n")?;
    let mut last_lines = Vec::new();
    for data in ["shards", "list.txt", "shards/photos-{0000..0002}.tar"] {
        let run = path(&format!("run-{}", last_lines.len()));
        succeed(small_run(&path(data), &run).args(["--max-steps", "4"]))?;
        let stats = fs::read_to_string(run.join("stats.jsonl"))?;
        let last: Value = serde_json::from_str(stats.lines().last().context("no line")?)?;
        last_lines.push([last["image"].clone(), last["feature"].clone(), last["step"].clone()]);
    }
    ensure!(last_lines[0] == last_lines[1] && last_lines[0] == last_lines[2], "{last_lines:?}");

    let error = fail(&mut small_run(&path("shards/photos-{0001..0004}.tar"), &path("run")))?;
    ensure!(error.contains("photos-0003.tar") && !path("run").exists(), "{error}");
    Ok(())
}
