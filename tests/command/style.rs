//! Style networks from training to pictures.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::model_file::{Kind, ModelFile};
use deepsim_tests::{fail, folder_of_pictures, picture, small_run, succeed, trainer};
use image::ImageFormat;

/// Writes pictures to learn styles from.
fn paintings(folder: &Path, names: &[&str]) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (seed, name) in names.iter().enumerate() {
        picture(64, 48, seed as u32 + 11).save_with_format(folder.join(name).with_added_extension("png"), ImageFormat::Png)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(image::open(path)?.into_rgb8().into_raw())
}

#[test]
fn styles_are_learned_mixed_and_added() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("data"), 6)?;
    paintings(&path("styles"), &["dots", "waves"])?;
    paintings(&path("more"), &["tiles"])?;
    let train = |run: &str, more: &[&std::ffi::OsStr]| {
        let mut command = small_run(&path("data"), &path(run));
        command.args(["--task", "style", "--width", "0.25", "--style-size", "48", "--learning-rate", "1e-2", "--max-steps", "6"]);
        succeed(command.args(more))?;
        let model = path(run).with_extension("safetensors");
        succeed(trainer().arg("export").arg(path(run)).arg("--output").arg(&model))?;
        ModelFile::from_bytes(&fs::read(model)?).context("a model file")
    };
    let file = train("two", &["--style".as_ref(), path("styles").as_os_str()])?;
    ensure!(file.card().style_names == ["dots", "waves"] && matches!(file.card().kind, Kind::Stylist(shape) if shape.styles == 2));

    picture(52, 43, 2).save_with_format(path("photo.png"), ImageFormat::Png)?;
    let paint = |model: &str, style: &str, output: &str| {
        let mut command = trainer();
        command.arg("stylize").arg(path(model)).args(["--device", "flex", "--style", style, "--input"]).arg(path("photo.png"));
        succeed(command.arg("--output").arg(path(output)))?;
        read(&path(output).join("photo.png"))
    };
    let (dots, waves) = (paint("two.safetensors", "dots", "a")?, paint("two.safetensors", "waves", "b")?);
    let mixed = paint("two.safetensors", "dots:1,waves:3", "c")?;
    ensure!(dots != waves && mixed != dots && mixed != waves);
    // The photo's own size, whatever four divides.
    ensure!(image::open(path("a/photo.png"))?.into_rgb8().dimensions() == (52, 43));

    // Another style is added; the known ones stay as they are.
    let added =
        train("three", &["--add-style".as_ref(), path("more").as_os_str(), "--init".as_ref(), path("two.safetensors").as_os_str()])?;
    ensure!(added.card().style_names == ["dots", "waves", "tiles"]);
    let again = paint("three.safetensors", "dots", "d")?;
    let worst = again.iter().zip(&dots).map(|(a, b)| a.abs_diff(*b)).max().context("pixels")?;
    ensure!(worst <= 2, "the known style changed by {worst} levels");
    ensure!(paint("three.safetensors", "tiles", "e")? != again);

    let error = fail(trainer().arg("stylize").arg(path("two.safetensors")).args(["--style", "monet", "--input"]).arg(path("photo.png")))?;
    ensure!(error.contains("dots, waves"), "{error}");
    Ok(())
}

#[test]
fn a_style_run_goes_on_exactly_and_optimisation_lowers_the_loss() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("data"), 6)?;
    paintings(&path("styles"), &["dots"])?;
    let options = [
        "--task",
        "style",
        "--width",
        "0.25",
        "--style-size",
        "48",
        "--data-threads",
        "1",
        "--epochs",
        "2",
        "--style-layers",
        "pool1,fire3",
        "--content-layer",
        "fire5",
        "--style",
    ];
    let mut whole = small_run(&path("data"), &path("whole"));
    succeed(whole.args(options).arg(path("styles")).env("RAYON_NUM_THREADS", "1"))?;
    let mut half = small_run(&path("data"), &path("half"));
    succeed(half.args(options).arg(path("styles")).args(["--max-steps", "3"]).env("RAYON_NUM_THREADS", "1"))?;
    succeed(trainer().arg("--resume").arg(path("half")).env("RAYON_NUM_THREADS", "1"))?;
    for run in ["whole", "half"] {
        succeed(
            trainer().args(["export", "--precision", "f32"]).arg(path(run)).arg("--output").arg(path(run).with_extension("safetensors")),
        )?;
    }
    ensure!(fs::read(path("whole.safetensors"))? == fs::read(path("half.safetensors"))?);

    let mut eval = trainer();
    eval.arg("eval").arg(path("whole.safetensors")).arg("--style").arg(path("styles"));
    eval.args(["--style-size", "48", "--size", "32", "--most", "2", "--steps", "20", "--device", "flex", "--json"]).arg(path("rows.json"));
    succeed(&mut eval)?;
    let rows: serde_json::Value = serde_json::from_slice(&fs::read(path("rows.json"))?)?;
    let number = |key: &str| rows[0][key].as_f64().context("a number");
    ensure!(rows[0]["style"] == "dots" && number("optimised")? < number("loss")? && number("times")? > 1.0, "{rows}");
    Ok(())
}
