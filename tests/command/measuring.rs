//! What measures and explains: `trainer eval`, `trainer experiment`, `trainer report`, and inversion by optimisation.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{fail, folder_of_pictures, picture, shipped_model, small_run, succeed, trainer};
use serde_json::Value;

fn rows(path: &Path) -> Result<Vec<Value>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Returns the mean of a measure of a row, such as `errors/fire5`.
fn mean(row: &Value, measure: &str) -> Result<f64> {
    row.pointer(&format!("/{measure}/mean")).and_then(Value::as_f64).with_context(|| format!("no {measure} in {row}"))
}

#[test]
fn the_shipped_inverter_is_better_than_a_linear_decoder_and_that_than_knowing_nothing() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (json, markdown) = (temporary.path().join("eval.json"), temporary.path().join("eval.md"));
    let mut eval = trainer();
    eval.args(["eval", "--device", "flex", "--size", "64", "--most", "12", "--crops", "2", "--baseline", "mean,ridge,optimise"]);
    succeed(eval.args(["--steps", "60"]).arg(shipped_model()).arg("--json").arg(&json).arg("--markdown").arg(&markdown))?;
    let rows = rows(&json)?;
    let [inverter, nothing, ridge, optimised] = &rows[..] else { anyhow::bail!("{rows:?}") };
    ensure!(inverter["method"] == "fire5" && inverter["layer"] == "fire5" && inverter["pictures"] == 24, "{inverter}");
    ensure!(nothing["layer"].is_null() && ridge["layer"] == "fire5", "the mean picture looks at no layer: {nothing}");
    for (space, better, worse) in [
        ("errors/picture", inverter, ridge),
        ("errors/picture", ridge, nothing),
        ("errors/fire5", inverter, ridge),
        ("errors/fire5", optimised, nothing),
        ("errors/judge", inverter, nothing),
    ] {
        let (better, worse) = (mean(better, space)?, mean(worse, space)?);
        ensure!(better > 0.0 && better < worse, "{space}: {better} against {worse}");
    }
    for measure in ["psnr", "ssim", "top1", "top5", "cosine", "errors/pool1", "errors/scores"] {
        let estimate = |end: &str| inverter.pointer(&format!("/{measure}/{end}")).and_then(Value::as_f64).context("a number");
        let (low, mean, high) = (estimate("low")?, estimate("mean")?, estimate("high")?);
        ensure!(low <= mean && mean <= high, "{measure}: {low} {mean} {high}");
    }
    let table = fs::read_to_string(markdown)?;
    ensure!(table.lines().count() == 2 + 4 && table.contains("| ridge decoder | fire5 | 64 |"), "{table}");
    Ok(())
}

#[test]
fn surgery_and_reencoding_leave_tables_and_sheets() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, output) = (temporary.path().join("data"), temporary.path().join("output"));
    folder_of_pictures(&data, 3)?;
    for experiment in ["surgery", "reencode"] {
        let mut command = trainer();
        command.args(["experiment", experiment, "--device", "flex"]).arg(shipped_model());
        succeed(command.arg("--data").arg(&data).arg("--output").arg(&output))?;
    }
    let surgery = rows(&output.join("surgery.json"))?;
    let error = |features: &str| {
        let row = surgery.iter().find(|row| row["features"] == features).with_context(|| format!("no {features}"))?;
        mean(row, "errors/fire5")
    };
    let untouched = error("as they are")?;
    for edit in ["only the 8 strongest channels", "50 % dropped at random", "each drawn from its own histogram"] {
        ensure!(error(edit)? > untouched, "{edit} did no harm");
    }
    ensure!(error("only the 128 strongest channels")? < error("only the 8 strongest channels")?);
    let sheet = image::open(output.join("surgery-fire5.jpg"))?;
    ensure!((sheet.width(), sheet.height()) == (3 * 224, (1 + surgery.len() as u32) * 224), "{} x {}", sheet.width(), sheet.height());

    ensure!(fs::read_to_string(output.join("reencode-error.svg"))?.starts_with("<svg"));
    let rounds = rows(&output.join("reencode.json"))?;
    let errors: Vec<f64> = rounds.iter().map(|row| mean(row, "errors/fire5")).collect::<Result<_>>()?;
    ensure!(errors.len() == 4 && errors[0] < errors[3], "what is lost in each round adds up: {errors:?}");
    Ok(())
}

#[test]
fn a_report_holds_everything_in_one_file() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, report) = (temporary.path().join("data"), temporary.path().join("report.html"));
    folder_of_pictures(&data, 4)?;
    let runs = ["first", "second"].map(|name| temporary.path().join(name));
    for (run, loss) in runs.iter().zip(["deepsim", "image"]) {
        succeed(small_run(&data, run).args(["--max-steps", "52", "--epochs", "99", "--loss", loss]))?;
    }
    succeed(trainer().args(["report", "--device", "flex"]).args(&runs).arg("--output").arg(&report))?;
    let html = fs::read_to_string(report)?;
    // A chart for each term, of the gate and of the speed; both runs in each.
    ensure!(html.matches("<svg").count() == 8, "{} charts", html.matches("<svg").count());
    ensure!(html.matches("second").count() >= 8 + 2, "both runs are in each chart");
    ensure!(html.contains("data:image/png;base64,") && html.contains("loss = \"image\"") && html.contains("--loss image"));
    ensure!(html.contains("<td>first</td>") && html.contains("PSNR"));
    ensure!(
        !html.contains("http://") || html.matches("http://").count() == html.matches("http://www.w3.org").count(),
        "it needs nothing else"
    );
    Ok(())
}

#[test]
fn pictures_are_inverted_by_optimisation_and_again_and_again() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    picture(90, 60, 1).save(path("in.png"))?;
    let invert = |output: &str, options: &[&str]| {
        let mut command = trainer();
        command.args(["invert", "--device", "flex", "--size", "64", "--input"]).arg(path("in.png")).arg("--output").arg(path(output));
        succeed(command.args(options))?;
        Ok::<_, anyhow::Error>(image::open(path(output).join("in.png"))?.into_rgb8().into_raw())
    };
    let model = shipped_model();
    let model = model.to_str().context("a path")?;
    let (once, thrice) = (invert("once", &[model])?, invert("thrice", &[model, "--iterations", "3"])?);
    ensure!(once != thrice);
    let optimised = invert("optimised", &["--method", "optimise", "--layer", "pool1", "--steps", "80"])?;
    let wanted = invert("few", &["--method", "optimise", "--layer", "pool1", "--steps", "2"])?;
    let target =
        image::open(path("in.png"))?.crop_imm(15, 0, 60, 60).resize_exact(64, 64, image::imageops::FilterType::CatmullRom).into_rgb8();
    let error = |picture: &[u8]| picture.iter().zip(target.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
    ensure!(error(&optimised) < 0.5 * error(&wanted), "{} after 80 steps, {} after 2", error(&optimised), error(&wanted));

    let mut nothing = trainer();
    nothing.args(["invert", "--method", "optimise", "--input"]).arg(path("in.png")).arg("--output").arg(path("no"));
    ensure!(succeed(&mut nothing).is_err(), "without a layer there is nothing to invert");
    let mut both = trainer();
    both.args(["invert", model, "--method", "optimise", "--iterations", "2", "--input"])
        .arg(path("in.png"))
        .arg("--output")
        .arg(path("no"));
    ensure!(fail(&mut both)?.contains("--iterations"));
    Ok(())
}
