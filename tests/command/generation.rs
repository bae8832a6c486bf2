//! Autoencoders from training to pictures: every task, every loss, drawing, walking, reconstructing, measuring.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::model_file::{Kind, ModelFile};
use deepsim::nets::autoencoder::Code;
use deepsim_tests::{fail, folder_of_pictures, picture, small_run, succeed, trainer, workspace};
use serde_json::Value;

fn stats(run: &Path) -> Result<Value> {
    let stats = fs::read_to_string(run.join("stats.jsonl"))?;
    Ok(serde_json::from_str(stats.lines().last().context("a line")?)?)
}

/// Returns a run of a task, of a few steps, and its exported model.
fn model(folder: &Path, task: &str, steps: u32, more: &[&str]) -> Result<ModelFile> {
    let (data, run, path) = (folder.join("data"), folder.join(task), folder.join(task).with_extension("safetensors"));
    folder_of_pictures(&data, 6)?;
    succeed(small_run(&data, &run).args(["--task", task, "--epochs", "9999", "--max-steps", &steps.to_string()]).args(more))?;
    succeed(trainer().arg("export").arg(&run).arg("--output").arg(&path))?;
    Ok(ModelFile::from_bytes(&fs::read(path)?)?)
}

#[test]
fn every_task_trains_with_every_term_that_it_names() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    for (task, loss, feature, adversary) in [
        ("autoencoder", "image", false, false),
        ("autoencoder", "deepsim", true, true),
        ("vae", "image", false, false),
        ("vae", "deepsim", true, true),
        ("vae", "image+adversarial", false, true),
        ("vaegan", "feature+adversarial", true, true),
    ] {
        let folder = temporary.path().join(loss).join(task);
        fs::create_dir_all(&folder)?;
        // The default of VAE/GAN is not named, so that it is tested, too.
        let named: &[&str] = match (task, loss) {
            ("vaegan", _) => &[],
            (_, "image+adversarial") => &["--loss", loss, "--draws"],
            _ => &["--loss", loss],
        };
        let file = model(&folder, task, 2, named)?;
        let code = if task == "autoencoder" { Code::Grid } else { Code::Latent(128) };
        ensure!(matches!(file.card().kind, Kind::Autoencoder(card) if card.code == code && card.side == 32), "{task}: {:?}", file.card());
        ensure!(file.card().codes.is_some() == (code != Code::Grid), "{task}: directions are of latent codes");
        let last = stats(&folder.join(task))?;
        ensure!((last["feature"] != 0.0) == feature && (last["real"] != 0.0) == adversary, "{task}, {loss}: {last}");
        ensure!(last["nats"].is_number() == (code != Code::Grid), "{task}: {last}");
        let training = file.card().training.as_ref().context("no word of its training")?;
        let image = training.weights.image > 0.0;
        ensure!(image == (task != "vaegan"), "{task}: {training:?}");
        ensure!(training.draws == (task == "vaegan" || named.contains(&"--draws")), "{task}: {training:?}");
    }
    Ok(())
}

#[test]
fn the_adversary_is_shown_draws_if_it_is_asked_for() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let inverted = |name: &str, more: &[&str]| -> Result<f64> {
        let folder = temporary.path().join(name);
        fs::create_dir_all(&folder)?;
        model(&folder, "vae", 1, more)?;
        stats(&folder.join("vae"))?["inverted"].as_f64().context("a loss of the adversary")
    };
    let (without, again, with) = (inverted("without", &[])?, inverted("again", &[])?, inverted("with", &["--draws"])?);
    // At the first step everything else is the same; sums over several threads are made in an order of their own.
    let differs = |one: f64, other: f64| (one / other - 1.0).abs() > 1e-5;
    ensure!(!differs(without, again) && differs(without, with), "{without} {again} {with}");
    Ok(())
}

#[test]
fn a_resumed_run_is_the_run_that_did_not_stop() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 5)?;
    model(temporary.path(), "vae", 1, &[])?;
    let fitted = temporary.path().join("vae.safetensors").display().to_string();
    // The prior of the model that it starts from is kept, too.
    let fitted: &[&str] = &["--init", &fitted, "--draws"];
    for (number, (task, more)) in [("vae", &[][..]), ("vaegan", &[]), ("vae", fitted)].into_iter().enumerate() {
        let path = |name: &str| temporary.path().join(format!("{number}-{name}"));
        let start = |run: &str, steps: &str| {
            let mut command = small_run(&data, &path(run));
            // One thread: sums over several are made in an order of their own.
            command.env("RAYON_NUM_THREADS", "1").args(["--data-threads", "1"]);
            succeed(command.args(["--task", task, "--epochs", "99", "--max-steps", steps]).args(more))
        };
        start("whole", "4")?;
        start("parts", "2")?;
        ensure!(path("parts").join("checkpoints/000002/prior.safetensors").exists() != more.is_empty(), "{task} {more:?}: a prior");
        let mut resume = trainer();
        resume.env("RAYON_NUM_THREADS", "1").args(["--device", "flex", "--quiet", "--max-steps", "4", "--resume"]);
        succeed(resume.arg(path("parts")))?;
        let outcome = |run: &str| -> Result<(Vec<u8>, Value)> {
            let model = path(run).with_extension("safetensors");
            succeed(trainer().args(["export", "--precision", "f32"]).arg(path(run)).arg("--output").arg(&model))?;
            let mut last = stats(&path(run))?;
            // How fast it was is another matter, and shares are of the steps since it was started or resumed.
            for pace in ["pictures_per_second", "waiting_for_data", "first_step_seconds", "discriminator_share", "generator_share"] {
                last[pace] = Value::Null;
            }
            Ok((fs::read(model)?, last))
        };
        let (whole, parts) = (outcome("whole")?, outcome("parts")?);
        ensure!(whole.1 == parts.1, "{task}: {} and {}", whole.1, parts.1);
        ensure!(whole.0 == parts.0, "{task}: the weights differ");
    }
    Ok(())
}

#[test]
fn a_vae_learns_its_pictures_and_holds_its_divergence() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let options = ["--loss", "image", "--kl-target", "20", "--kl-weight", "0.02", "--kl-warm-up", "0", "--learning-rate", "2e-3"];
    let file = model(temporary.path(), "vae", 400, &options)?;
    let last = stats(&temporary.path().join("vae"))?;
    let (image, nats) = (last["image"].as_f64().context("a loss")?, last["nats"].as_f64().context("nats")?);
    println!("after 400 steps: image {image}, {nats} nats");
    ensure!(image < 0.4, "{last}");
    ensure!((nats - 20.0).abs() < 5.0, "{last}");
    let held = file.card().training.as_ref().and_then(|training| training.divergence).context("no word of the divergence")?;
    ensure!(held.target == Some(20.0), "{held:?}");
    Ok(())
}

#[test]
fn draws_walks_and_reconstructions_are_written() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    model(temporary.path(), "vae", 2, &["--latent", "16"])?;
    let vae = path("vae.safetensors");
    let size = |name: &str| Ok::<_, anyhow::Error>(image::image_dimensions(path(name))?);

    let sample = |name: &str, seed: &str, count: &str| {
        let mut command = trainer();
        command.args(["sample", "--device", "flex", "--seed", seed, "--count", count]).arg(&vae);
        succeed(command.arg("--output").arg(path(name)))
    };
    sample("five.png", "7", "5")?;
    sample("again.png", "7", "5")?;
    sample("other.png", "8", "5")?;
    ensure!(size("five.png")? == (3 * 32, 2 * 32), "{:?}", size("five.png")?);
    ensure!(fs::read(path("five.png"))? == fs::read(path("again.png"))?, "a seed means one sheet");
    ensure!(fs::read(path("five.png"))? != fs::read(path("other.png"))?, "another seed means another sheet");

    picture(50, 40, 3).save(path("own.png"))?;
    let mut walk = trainer();
    walk.args(["interpolate", "--device", "flex", "--from", "0", "--frames", "4"]).arg(&vae);
    succeed(walk.arg("--to").arg(path("own.png")).arg("--output").arg(path("walk.png")))?;
    ensure!(size("walk.png")? == (4 * 32, 32), "{:?}", size("walk.png")?);
    // It begins at the first picture of the sheet of that seed, and ends at the reconstruction of the other.
    sample("first.png", "0", "1")?;
    let mut reconstruct = trainer();
    reconstruct.args(["reconstruct", "--device", "flex"]).arg(&vae);
    succeed(reconstruct.arg("--input").arg(path("own.png")).arg("--output").arg(path("out")))?;
    let strip = image::open(path("walk.png"))?.into_rgb8();
    for (left, other) in [(0, path("first.png")), (3 * 32, path("out/own.png"))] {
        let end = image::imageops::crop_imm(&strip, left, 0, 32, 32).to_image();
        let other = image::open(other)?.into_rgb8();
        let off = end.as_raw().iter().zip(other.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        ensure!(off <= Some(1), "{left}: off by {off:?}");
    }

    // A plain autoencoder has no prior to draw from; an inverter no code.
    model(temporary.path(), "autoencoder", 1, &[])?;
    for (file, what) in [(path("autoencoder.safetensors"), "variational"), (deepsim_tests::shipped_model(), "inverter")] {
        let mut command = trainer();
        let refused = fail(command.args(["sample", "--device", "flex"]).arg(file).arg("--output").arg(path("no.png")))?;
        ensure!(refused.contains(what), "{refused}");
    }
    Ok(())
}

#[test]
fn the_prior_is_fitted_and_taken_off_again() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    let exported = model(temporary.path(), "vae", 2, &[])?;
    ensure!(exported.has("prior.centres"), "an exported model has no prior");
    let (model, data) = (path("vae.safetensors"), path("data"));
    let prior = |components: &str, output: &Path| {
        let mut command = trainer();
        command.arg("prior").arg(&model).args(["--components", components, "--precision", "f32", "--output"]).arg(output);
        command.arg("--training").arg(&data).arg("--data").arg(&data);
        command
    };
    let (normal, mixture) = (path("normal.safetensors"), path("mixture.safetensors"));
    succeed(&mut prior("0", &normal))?;
    let printed = succeed(&mut prior("3", &mixture))?;
    ensure!(String::from_utf8_lossy(&printed.stdout).contains("log-likelihood of codes"), "{printed:?}");
    let [normal_file, mixture_file] = [&normal, &mixture].map(|path| Ok::<_, anyhow::Error>(ModelFile::from_bytes(&fs::read(path)?)?));
    ensure!(!normal_file?.has("prior.centres") && mixture_file?.values("prior.weights")?.len() == 3);
    let sheet = |model: &Path, name: &str| -> Result<Vec<u8>> {
        succeed(trainer().arg("sample").arg(model).args(["--count", "4", "--output"]).arg(path(name)))?;
        Ok(fs::read(path(name))?)
    };
    ensure!(sheet(&normal, "normal.png")? != sheet(&mixture, "mixture.png")?, "both draw the same");
    // A plain autoencoder has none.
    let plain = temporary.path().join("plain");
    fs::create_dir_all(&plain)?;
    ensure!(!self::model(&plain, "autoencoder", 2, &[])?.has("prior.centres"));
    let mut command = trainer();
    command.arg("prior").arg(plain.join("autoencoder.safetensors")).arg("--output").arg(path("no.safetensors"));
    let said = fail(command.arg("--training").arg(&data).arg("--data").arg(&data))?;
    ensure!(said.contains("--task vae"), "{said}");
    Ok(())
}

#[test]
fn measures_tell_samples_from_pictures() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    model(temporary.path(), "vae", 2, &["--latent", "16"])?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("held-out"), 4)?;
    let mut eval = trainer();
    eval.args(["eval", "--device", "flex", "--samples", "6"]).arg(path("vae.safetensors"));
    eval.arg("--training").arg(path("data")).arg("--data").arg(path("held-out"));
    eval.arg("--curves").arg(path("curves"));
    succeed(eval.arg("--json").arg(path("eval.json")).arg("--markdown").arg(path("eval.md")).arg("--sheet").arg(path("eval.jpg")))?;
    let rows: Vec<Value> = serde_json::from_slice(&fs::read(path("eval.json"))?)?;
    let [vae, floor, pca, pixels] = &rows[..] else { anyhow::bail!("{rows:?}") };
    let distance = |row: &Value| row["samples"]["kernel_training"]["mean"].as_f64().context("a distance");
    // A network that has learned nothing makes grey squares.
    ensure!(distance(floor)? < distance(vae)? && distance(pixels)? < distance(vae)? && distance(pca)? < distance(vae)?, "{rows:?}");
    ensure!(vae["nearest"].as_f64() > Some(0.0) && floor.get("nearest").is_none(), "{rows:?}");
    ensure!(vae["nats"].as_f64() > Some(0.0) && vae["active"].is_number(), "{vae}");
    ensure!(vae.pointer("/reconstruction/errors/picture/mean").and_then(Value::as_f64) > Some(0.3), "{vae}");
    // Reconstructions by a network that has learned nothing are the same grey squares.
    let reconstructed = vae.pointer("/reconstructed/mean").and_then(Value::as_f64).context("a distance of reconstructions")?;
    ensure!(distance(floor)? < reconstructed && floor.get("reconstructed").is_none(), "{rows:?}");
    ensure!(fs::read_to_string(path("eval.md"))?.lines().count() == 2 + 4);
    ensure!(vae["loss"] == "deepsim" && vae["divergence_weight"].as_f64() > Some(0.0), "{vae}");
    for (file, title) in [("samples.svg", "Kernel distance"), ("reconstruction.svg", "in pixels"), ("judge.svg", "in the judge")] {
        let curve = fs::read_to_string(path("curves").join(file))?;
        ensure!(curve.contains(title) && curve.matches("<circle").count() == 1, "{curve}");
    }
    // Six samples above the nearest training picture of each.
    ensure!(image::image_dimensions(path("eval.jpg"))? == (6 * 32, 2 * 32));
    let mut report = trainer();
    report.args(["report", "--device", "flex"]).arg(path("vae")).arg("--output").arg(path("report.html"));
    succeed(&mut report)?;
    let html = fs::read_to_string(path("report.html"))?;
    ensure!(html.contains("nats a picture") && html.contains("<th>nats</th>") && html.contains("--task vae"), "{html:.2000}");
    // Without a word of where its pictures are, and beside an inverter, it is not measured.
    let refused = fail(trainer().args(["eval", "--device", "flex"]).arg(path("vae.safetensors")))?;
    ensure!(refused.contains("--training"), "{refused}");
    let refused = fail(trainer().args(["eval", "--device", "flex"]).arg(path("vae.safetensors")).arg(deepsim_tests::shipped_model()))?;
    ensure!(refused.contains("one kind"), "{refused}");
    Ok(())
}

#[test]
fn the_shipped_pair_differs_in_its_loss_alone() -> Result<()> {
    let models = ["emoji-vae", "emoji-vae-image"].map(|name| workspace().join("models").join(name).with_added_extension("safetensors"));
    let mut found = Vec::new();
    for path in models {
        let bytes = fs::read(&path)?;
        ensure!(bytes.len() <= 2_000_000, "{}: {} bytes", path.display(), bytes.len());
        let card = ModelFile::from_bytes(&bytes)?.card().clone();
        let training = card.training.context("no word of its training")?;
        let nats = card.held_out.first().and_then(|measured| measured.nats).context("nats")?;
        let directions = card.codes.map_or(0, |codes| codes.directions.len());
        ensure!(directions == 8, "{directions} directions");
        found.push((card.kind, training.data, training.pictures_seen, training.weights.feature > 0.0, nats));
    }
    let [deepsim, image] = &found[..] else { anyhow::bail!("{found:?}") };
    ensure!((deepsim.0, &deepsim.1, deepsim.2) == (image.0, &image.1, image.2), "{found:?}");
    ensure!(deepsim.3 && !image.3, "{found:?}");
    ensure!((deepsim.4 / image.4 - 1.0).abs() < 0.1, "not at equal divergence: {found:?}");
    Ok(())
}

#[test]
fn the_built_in_emoji_are_named_and_not_a_path() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let run = temporary.path().join("run");
    let mut command = trainer();
    command.args([
        "--task",
        "vae",
        "--data",
        "emoji",
        "--loss",
        "image",
        "--device",
        "flex",
        "--quiet",
        "--batch",
        "2",
        "--max-steps",
        "1",
    ]);
    succeed(command.arg("--out").arg(&run))?;
    let config = fs::read_to_string(run.join("config.toml"))?;
    ensure!(config.contains("data = \"emoji\"") && config.contains("size = 64") && config.contains("crop = \"whole\""), "{config}");
    let refused = fail(trainer().args(["--task", "vae", "--size", "96"]))?;
    ensure!(refused.contains("--size 96"), "{refused}");
    Ok(())
}
