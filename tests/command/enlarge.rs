//! Upscalers from training to pictures.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepsim::model_file::{Kind, ModelFile};
use deepsim_tests::{fail, folder_of_pictures, picture, small_run, succeed, trainer, workspace};
use image::{ImageFormat, Rgba, RgbaImage, imageops};

#[test]
fn an_upscaler_trains_with_every_loss_and_enlarges_pictures() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("data"), 6)?;
    for loss in ["image", "feature", "deepsim"] {
        let (run, model) = (path(loss), path(loss).with_extension("safetensors"));
        succeed(small_run(&path("data"), &run).args(["--task", "enlarge", "--loss", loss, "--width", "0.2", "--max-steps", "2"]))?;
        let exported = succeed(trainer().arg("export").arg(&run).arg("--output").arg(&model))?;
        ensure!(String::from_utf8_lossy(&exported.stdout).contains("luma"), "{exported:?}");
        let file = ModelFile::from_bytes(&fs::read(&model)?)?;
        ensure!(matches!(file.card().kind, Kind::Upscaler(_)), "{:?}", file.card());
        let weights = file.card().training.as_ref().context("training")?.weights;
        ensure!((weights.feature > 0.0) == (loss != "image") && (weights.adversarial > 0.0) == (loss == "deepsim"), "{weights:?}");
    }

    // A picture with transparency keeps it, and sides that no tile divides are enlarged four times.
    let glass = RgbaImage::from_fn(50, 37, |x, y| Rgba([(x * 5) as u8, (y * 6) as u8, 90, if x < 25 { 255 } else { 64 }]));
    fs::create_dir_all(path("photos"))?;
    glass.save_with_format(path("photos/glass.png"), ImageFormat::Png)?;
    picture(41, 30, 3).save_with_format(path("photos/plain.png"), ImageFormat::Png)?;
    let mut enlarge = trainer();
    enlarge.arg("enlarge").arg(path("image.safetensors")).arg("--input").arg(path("photos")).arg("--output").arg(path("large"));
    succeed(enlarge.args(["--device", "flex"]))?;
    let large = image::open(path("large/glass.png"))?;
    ensure!(large.color().has_alpha());
    let large = large.into_rgba8();
    ensure!(large.dimensions() == (200, 148));
    ensure!(large.get_pixel(20, 70)[3] == 255 && large.get_pixel(180, 70)[3] == 64, "{:?}", large.get_pixel(180, 70));
    let plain = image::open(path("large/plain.png"))?;
    ensure!(!plain.color().has_alpha() && (plain.width(), plain.height()) == (164, 120));

    let error = fail(trainer().arg("enlarge").arg(workspace().join("models/fire5.safetensors")).arg("--input").arg(path("photos")))?;
    ensure!(error.contains("upscaler") && error.contains("inverter"), "{error}");
    Ok(())
}

#[test]
fn upscalers_are_measured_beside_the_bicubic_enlargement() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("data"), 6)?;
    succeed(small_run(&path("data"), &path("run")).args(["--task", "enlarge", "--loss", "image", "--width", "0.2", "--max-steps", "1"]))?;
    succeed(trainer().arg("export").arg(path("run")).arg("--output").arg(path("model.safetensors")))?;
    let mut eval = trainer();
    eval.arg("eval").arg(path("model.safetensors")).args(["--most", "4", "--device", "flex", "--json"]).arg(path("rows.json"));
    succeed(eval.arg("--small").arg(path("small")).arg("--sheet").arg(path("sheet.jpg")))?;
    let rows: serde_json::Value = serde_json::from_slice(&fs::read(path("rows.json"))?)?;
    let psnr = |row: usize| rows[row]["psnr"]["mean"].as_f64().context("a number");
    ensure!(rows[0]["method"] == "bicubic" && rows[1]["method"] == "model", "{rows}");
    // A network that has hardly learned is close to the bicubic enlargement that it begins with.
    ensure!((psnr(0)? - psnr(1)?).abs() < 2.0 && psnr(0)? > 18.0, "{rows}");
    image::open(path("sheet.jpg"))?;

    // What another program makes of the small pictures is measured, too; this one repeats pixels.
    fs::create_dir_all(path("repeated"))?;
    for number in 0..4 {
        let name = format!("{number:04}.png");
        let small = image::open(path("small").join(&name))?.into_rgb8();
        let large = imageops::resize(&small, 4 * small.width(), 4 * small.height(), imageops::FilterType::Nearest);
        large.save_with_format(path("repeated").join(&name), ImageFormat::Png)?;
    }
    let mut eval = trainer();
    eval.arg("eval").arg(path("model.safetensors")).args(["--most", "4", "--device", "flex", "--json"]).arg(path("rows.json"));
    succeed(eval.arg("--enlarged").arg(path("repeated")))?;
    let rows: serde_json::Value = serde_json::from_slice(&fs::read(path("rows.json"))?)?;
    let psnr = |row: usize| rows[row]["psnr"]["mean"].as_f64().context("a number");
    ensure!(rows[1]["method"] == "repeated" && psnr(1)? < psnr(0)? && psnr(1)? > psnr(0)? - 6.0, "{rows}");
    Ok(())
}
