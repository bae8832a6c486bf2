//! `trainer classify`: what codes know of classes that nobody told them.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use deepsim_tests::{fail, small_run, succeed, trainer};
use serde_json::Value;

/// Returns an IDX file of pictures, dark or bright, and the labels beside it that say which.
fn fashion(folder: &Path, name: &str, count: u32) -> Result<std::path::PathBuf> {
    let (mut pictures, mut labels) = (vec![0, 0, 8, 3], vec![0, 0, 8, 1]);
    for size in [count, 28, 28] {
        pictures.extend(size.to_be_bytes());
    }
    labels.extend(count.to_be_bytes());
    for picture in 0..count {
        let label = (picture % 2) as u8;
        labels.push(label);
        pictures.extend((0..28 * 28).map(|pixel| 60 + 120 * label + (pixel * (picture + 3) % 50) as u8));
    }
    let path = folder.join(format!("{name}-images-idx3-ubyte"));
    fs::write(&path, pictures)?;
    fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels)?;
    Ok(path)
}

#[test]
fn classes_are_read_off_codes() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (training, held_out) = (fashion(temporary.path(), "train", 200)?, fashion(temporary.path(), "t10k", 40)?);
    let run = temporary.path().join("run");
    let mut train = small_run(&training, &run);
    succeed(train.args(["--task", "autoencoder", "--loss", "image", "--max-steps", "20", "--epochs", "9"]))?;
    let model = temporary.path().join("codes.safetensors");
    let exported = succeed(trainer().arg("export").arg(&run).args(["--most", "3"]).arg("--output").arg(&model))?;
    let said = String::from_utf8(exported.stdout)?;
    ensure!(said.contains("3 held-out pictures"), "{said}");
    let json = temporary.path().join("rows.json");
    let mut classify = trainer();
    classify.args(["classify", "--device", "flex"]).arg(&model).arg("--training").arg(&training).arg("--data").arg(&held_out);
    succeed(classify.arg("--json").arg(&json))?;
    // Without a divergence there is nothing to draw a curve over, which is said before the pictures to measure on are looked for.
    let mut curves = trainer();
    curves.args(["eval", "--device", "flex"]).arg(&model).arg("--curves").arg(temporary.path().join("curves"));
    let refused = fail(&mut curves)?;
    ensure!(refused.contains("--curves") && !refused.contains("--training"), "{refused}");
    let rows: Vec<Value> = serde_json::from_slice(&fs::read(json)?)?;
    ensure!(rows[0]["numbers"] == 128 && rows[0]["held_out"].as_f64() > Some(0.95), "{rows:?}");
    ensure!(rows[0]["loss"] == "image" && rows[0]["variational"] == false && rows[0]["pictures_seen"] == 40, "{rows:?}");
    fs::remove_file(temporary.path().join("t10k-labels-idx1-ubyte"))?;
    let mut classify = trainer();
    classify.args(["classify", "--device", "flex"]).arg(&model).arg("--training").arg(&training).arg("--data").arg(&held_out);
    let refused = fail(&mut classify)?;
    ensure!(refused.contains("t10k-labels-idx1-ubyte"), "{refused}");
    Ok(())
}
