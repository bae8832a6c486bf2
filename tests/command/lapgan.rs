//! LAPGAN from training to pictures: levels, classes, terms, resuming, drawing, measuring.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::burn::tensor::{Device, Tensor};
use deepsim::model_file::{Kind, ModelFile};
use deepsim::nets::lapgan::{Lapgan, LapganShape, noise_shape};
use deepsim_tests::{fail, folder_of_pictures, small_run, succeed, trainer};
use serde_json::Value;

fn stats(run: &Path) -> Result<Value> {
    let stats = fs::read_to_string(run.join("stats.jsonl"))?;
    Ok(serde_json::from_str(stats.lines().last().context("a line")?)?)
}

/// Writes a folder of pictures and a table of their classes.
fn data(folder: &Path, count: u32) -> Result<()> {
    folder_of_pictures(&folder.join("data"), count)?;
    let mut table = String::new();
    for (number, entry) in fs::read_dir(folder.join("data"))?.enumerate() {
        table += &format!("{}\t{}\n", entry?.file_name().display(), ["round", "square"][number % 2]);
    }
    Ok(fs::write(folder.join("classes.tsv"), table)?)
}

/// Trains a few steps in a run of this name and returns its exported model.
fn model(folder: &Path, name: &str, steps: u32, more: &[&str]) -> Result<ModelFile> {
    let (run, path) = (folder.join(name), folder.join(name).with_extension("safetensors"));
    let mut command = small_run(&folder.join("data"), &run);
    succeed(command.args(["--task", "lapgan", "--epochs", "9999", "--max-steps", &steps.to_string()]).args(more))?;
    succeed(trainer().arg("export").arg(&run).args(["--most", "4", "--precision", "f32", "--output"]).arg(&path))?;
    Ok(ModelFile::from_bytes(&fs::read(path)?)?)
}

/// Returns what a level makes of grey pictures and the same noise for every file.
fn makes(file: &ModelFile, shape: LapganShape, level: usize) -> Result<Tensor<4>> {
    let device = Device::flex();
    let side = shape.sides()[level];
    let [channels, places] = noise_shape(side);
    let noise = Tensor::ones([1, channels, places, places], &device);
    let before = Tensor::zeros([1, 3, side / 2, side / 2], &device);
    let network = file.apply(Lapgan::new(shape, &device))?;
    Ok(network.levels[level].forward(noise, Some(before), Some(Tensor::ones([1, shape.classes, 1, 1], &device))).pictures)
}

#[test]
fn levels_train_side_by_side_or_alone() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    data(folder, 44)?;
    let table = folder.join("classes.tsv");
    let table = table.to_str().context("a path")?;
    let all = model(folder, "all", 2, &["--classes", table])?;
    let Kind::Lapgan(shape) = all.card().kind else { anyhow::bail!("{:?}", all.card()) };
    ensure!((shape.side, shape.classes) == (32, 2), "{shape:?}");
    let classes = &all.card().classes;
    ensure!(
        classes.iter().map(|class| class.name.as_str()).eq(["round", "square"]) && (classes[0].share - 0.5).abs() < 0.05,
        "{classes:?}"
    );
    ensure!(all.card().drawn.is_some_and(|drawn| drawn.pictures == 4 && drawn.kernel_distance > 0.0), "{:?}", all.card().drawn);
    let last = stats(&folder.join("all"))?;
    for side in [8, 16, 32] {
        for term in ["adversarial", "real", "inverted"] {
            ensure!(last[format!("{term}_{side}")].as_f64() > Some(0.0), "{term} at {side}: {last}");
        }
        ensure!(last.get(format!("image_{side}")).is_none(), "LAPGAN compares no pixels: {last}");
    }

    // One level goes on from that, and the others stay as they were, to the last bit.
    let from = folder.join("all.safetensors");
    let one = model(folder, "one", 2, &["--classes", table, "--level", "16", "--init", from.to_str().context("a path")?])?;
    for (level, trained) in [false, true, false].into_iter().enumerate() {
        let difference = (makes(&all, shape, level)? - makes(&one, shape, level)?).abs().max().into_scalar::<f32>();
        ensure!((difference > 0.0) == trained, "level {level}: {difference}");
    }
    ensure!(one.card().training.as_ref().is_some_and(|training| training.started_from.is_some()));
    Ok(())
}

#[test]
fn the_other_terms_of_deepsim_reach_the_levels_that_have_a_picture_to_compare_with() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    data(temporary.path(), 6)?;
    model(temporary.path(), "deepsim", 1, &["--loss", "deepsim"])?;
    let last = stats(&temporary.path().join("deepsim"))?;
    for (term, counts) in
        [("image_8", false), ("feature_8", false), ("image_16", true), ("feature_16", false), ("image_32", true), ("feature_32", true)]
    {
        ensure!(last.get(term).is_some() == counts, "{term}: {last}");
    }
    Ok(())
}

#[test]
fn a_resumed_run_is_the_run_that_did_not_stop() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    data(temporary.path(), 6)?;
    let path = |name: &str| temporary.path().join(name);
    let start = |run: &str, steps: &str| {
        let mut command = small_run(&path("data"), &path(run));
        // One thread: sums over several are made in an order of their own.
        command.env("RAYON_NUM_THREADS", "1").args(["--data-threads", "1", "--coarse-noise", "0.1"]);
        succeed(command.args(["--task", "lapgan", "--epochs", "99", "--max-steps", steps]))
    };
    start("whole", "4")?;
    start("parts", "2")?;
    let mut resume = trainer();
    resume.env("RAYON_NUM_THREADS", "1").args(["--device", "flex", "--quiet", "--max-steps", "4", "--resume"]);
    succeed(resume.arg(path("parts")))?;
    let exported = |run: &str| -> Result<Vec<u8>> {
        let file = path(run).with_extension("safetensors");
        succeed(trainer().arg("export").arg(path(run)).args(["--precision", "f32", "--output"]).arg(&file))?;
        Ok(fs::read(file)?)
    };
    ensure!(exported("whole")? == exported("parts")?, "the averages differ");
    ensure!(stats(&path("whole"))?["real_8"] == stats(&path("parts"))?["real_8"], "the losses differ");
    Ok(())
}

#[test]
fn pictures_are_drawn_walked_and_measured() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    data(folder, 44)?;
    let path = |name: &str| folder.join(name);
    model(folder, "run", 2, &["--classes", path("classes.tsv").to_str().context("a path")?])?;
    let lapgan = path("run.safetensors");
    let sample = |name: &str, more: &[&str]| {
        let mut command = trainer();
        command.args(["sample", "--device", "flex", "--count", "5"]).arg(&lapgan);
        succeed(command.args(more).arg("--output").arg(path(name)))
    };
    sample("five.png", &["--seed", "7"])?;
    sample("again.png", &["--seed", "7"])?;
    sample("other.png", &["--seed", "8"])?;
    sample("round.png", &["--seed", "7", "--class", "round"])?;
    sample("square.png", &["--seed", "7", "--class", "1"])?;
    ensure!(image::image_dimensions(path("five.png"))? == (3 * 32, 2 * 32));
    let read = |name: &str| fs::read(path(name));
    ensure!(read("five.png")? == read("again.png")?, "a seed means one sheet");
    ensure!(read("five.png")? != read("other.png")? && read("round.png")? != read("square.png")?);
    let refused = fail(trainer().args(["sample", "--device", "flex", "--class", "oval"]).arg(&lapgan).arg("--output").arg(path("no.png")))?;
    ensure!(refused.contains("oval") && refused.contains("round, square"), "{refused}");

    let mut walk = trainer();
    walk.args(["interpolate", "--device", "flex", "--from", "0", "--to", "3", "--frames", "4"]).arg(&lapgan);
    succeed(walk.arg("--output").arg(path("walk.png")))?;
    sample("first.png", &["--seed", "0"])?;
    let part =
        |name: &str| Ok::<_, anyhow::Error>(image::imageops::crop_imm(&image::open(path(name))?.into_rgb8(), 0, 0, 32, 32).to_image());
    ensure!(part("walk.png")? == part("first.png")?, "a walk begins at its first end");
    let mut walk = trainer();
    walk.args(["interpolate", "--device", "flex", "--from", "0", "--to", "cat.png"]).arg(&lapgan);
    ensure!(fail(walk.arg("--output").arg(path("no.png")))?.contains("no encoder"));

    let mut eval = trainer();
    eval.args(["eval", "--device", "flex", "--samples", "6"]).arg(&lapgan).arg("--training").arg(path("data"));
    eval.arg("--data").arg(path("data")).arg("--json").arg(path("eval.json")).arg("--sheet").arg(path("eval.jpg"));
    succeed(&mut eval)?;
    let rows: Vec<Value> = serde_json::from_slice(&read("eval.json")?)?;
    let from: Vec<_> = rows.iter().map(|row| row["from"].as_str()).collect();
    ensure!(from == [Some("noise"), Some("real pictures of 8 pixels"), Some("real pictures of 16 pixels"), None, None], "{rows:?}");
    let distance = |row: &Value| row.pointer("/distances/kernel_training/mean").and_then(Value::as_f64).context("a distance");
    // A network that has learned nothing is far away; given the picture at half of its side, it is nearer.
    ensure!(distance(&rows[2])? < distance(&rows[1])? && distance(&rows[1])? < distance(&rows[0])?, "{rows:?}");
    // Here the held-out pictures are the training pictures.
    ensure!(rows[3]["nearest"].as_f64() < Some(1e-6), "{rows:?}");
    let mut report = trainer();
    succeed(report.args(["report", "--device", "flex"]).arg(path("run")).arg("--output").arg(path("report.html")))?;
    let html = fs::read_to_string(path("report.html"))?;
    ensure!(html.contains("run, 32 pixels") && html.contains("nearest training picture"), "{html:.2000}");
    Ok(())
}

#[test]
fn a_pyramid_begins_with_the_pictures_of_an_autoencoder() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    data(folder, 44)?;
    let path = |name: &str| folder.join(name);
    let picture = |name: &str| Ok::<_, anyhow::Error>(image::open(path(name))?.into_rgb8());
    model(folder, "lapgan", 2, &[])?;
    for (name, options) in [("vae", &["--task", "vae"][..]), ("plain", &["--task", "autoencoder"])] {
        succeed(
            small_run(&path("data"), &path(name))
                .args(["--latent", "8", "--image-weight", "3", "--max-steps", "60", "--epochs", "99"])
                .args(options),
        )?;
        succeed(trainer().arg("export").arg(path(name)).args(["--most", "4", "--output"]).arg(path(name).with_extension("safetensors")))?;
    }
    let made_by = |command: &str, name: &str, model: &str, more: &[&str]| {
        let mut command_line = trainer();
        command_line.args([command, "--device", "flex"]).arg(path(model)).args(more).arg("--output").arg(path(name));
        command_line
    };
    let code = path("vae.safetensors");
    let code = code.to_str().context("a path")?;
    let sample = ["--count", "4", "--seed", "7"];
    succeed(&mut made_by("sample", "decoded.png", "vae.safetensors", &sample))?;
    succeed(&mut made_by("sample", "detailed.png", "lapgan.safetensors", &[&sample[..], &["--code", code]].concat()))?;
    succeed(&mut made_by("sample", "coarser.png", "lapgan.safetensors", &[&sample[..], &["--code", code, "--code-side", "8"]].concat()))?;
    succeed(&mut made_by("sample", "noise.png", "lapgan.safetensors", &sample))?;
    // Untrained levels add little: the pictures are the autoencoder's, at half and at a quarter of the side.
    let decoded = picture("decoded.png")?;
    let distance = |name: &str| {
        let squares = picture(name)?.iter().zip(decoded.iter()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
        Ok::<_, anyhow::Error>(squares)
    };
    let distances = [distance("detailed.png")?, distance("coarser.png")?, distance("noise.png")?];
    ensure!(0.0 < distances[0] && distances.is_sorted_by(|near, far| near < far), "{distances:?}");

    succeed(&mut made_by(
        "interpolate",
        "walk.png",
        "lapgan.safetensors",
        &["--seed", "7", "--from", "0", "--to", "3", "--frames", "4", "--code", code],
    ))?;
    let first = |name: &str| Ok::<_, anyhow::Error>(image::imageops::crop_imm(&picture(name)?, 0, 0, 32, 32).to_image());
    ensure!(first("walk.png")? == first("detailed.png")?, "a walk begins at its first end");

    let mut eval = trainer();
    eval.args(["eval", "--device", "flex", "--samples", "6", "--code", code])
        .arg(path("lapgan.safetensors"))
        .arg("--training")
        .arg(path("data"));
    succeed(eval.arg("--data").arg(path("data")).arg("--json").arg(path("eval.json")))?;
    let rows: Vec<Value> = serde_json::from_slice(&fs::read(path("eval.json"))?)?;
    ensure!(rows[1]["from"] == "codes of vae" && rows[1]["distances"] != rows[0]["distances"], "{rows:?}");

    let plain = path("plain.safetensors");
    let plain = plain.to_str().context("a path")?;
    for (model, options, told) in [
        ("lapgan.safetensors", &["--code", plain][..], "cannot be drawn"),
        ("lapgan.safetensors", &["--code", code, "--class", "0"], "tells no classes apart"),
        ("lapgan.safetensors", &["--code", code, "--code-side", "32"], "8, 16 pixels"),
        ("lapgan.safetensors", &["--code-side", "8"], "required arguments"),
        ("vae.safetensors", &["--code", code], "--code is for a LAPGAN"),
    ] {
        let refused = fail(&mut made_by("sample", "no.png", model, options))?;
        ensure!(refused.contains(told), "{options:?}: {refused}");
    }
    let refused = fail(trainer().args(["eval", "--device", "flex", "--code", code]).arg(path("vae.safetensors")))?;
    ensure!(refused.contains("--code is for a LAPGAN"), "{refused}");
    Ok(())
}

#[test]
fn what_makes_no_pyramid_is_refused_in_one_sentence() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    data(temporary.path(), 6)?;
    let path = |name: &str| temporary.path().join(name);
    fs::write(path("few.tsv"), "no.png\tround\n")?;
    fs::write(path("empty.tsv"), "nothing\n")?;
    let few = path("few.tsv");
    for (options, told) in [
        (&["--task", "lapgan", "--shift", "0.7"][..], "--shift"),
        (&["--task", "lapgan", "--level", "64"], "8, 16, 32 pixels"),
        (&["--task", "lapgan", "--loss", "image"], "needs an adversary"),
        (&["--task", "lapgan", "--classes", few.to_str().context("a path")?], "no class of"),
        (&["--task", "lapgan", "--classes", path("empty.tsv").to_str().context("a path")?], "a picture's name, a tab and its class"),
        (&["--task", "vae", "--level", "8"], "--task lapgan"),
        (&["--loss", "adversarial"], "--task lapgan"),
    ] {
        let refused = fail(small_run(&path("data"), &path("run")).args(options))?;
        ensure!(refused.contains(told) && refused.lines().count() == 1, "{options:?}: {refused}");
    }
    Ok(())
}
