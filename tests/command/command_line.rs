//! The trainer binary from outside: what a run leaves, what the other commands do.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim::model_file::{Kind, ModelFile};
use deepsim_tests::{checkpoints, fail, folder_of_pictures, picture, shipped_model, small_run, succeed, trainer, workspace};

#[test]
fn a_run_leaves_its_configuration_statistics_samples_and_checkpoints() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 4)?;
    succeed(small_run(&data, &run).args(["--max-steps", "101", "--epochs", "1000", "--sample-every", "100", "--checkpoint-every", "40"]))?;

    let config = trainer::config::Config::load(&run)?;
    ensure!((config.size, config.batch, config.max_steps) == (32, 2, Some(101)), "{config:?}");
    let stats = fs::read_to_string(run.join("stats.jsonl"))?;
    let lines: Vec<serde_json::Value> = stats.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let steps: Vec<_> = lines.iter().filter_map(|line| line["step"].as_u64()).collect();
    ensure!(steps == [50, 100, 101], "{steps:?}");
    for term in ["image", "feature", "adversarial", "real", "inverted", "pictures_per_second"] {
        ensure!(lines.iter().all(|line| line[term].as_f64().is_some_and(|value| value > 0.0)), "{term} is missing: {stats}");
    }
    ensure!(checkpoints(&run)? == ["000080", "000101"], "the two newest checkpoints are kept");
    let sheet = image::open(run.join("samples/000100.png"))?;
    ensure!(sheet.height() == 64 && sheet.width() % 32 == 0, "held-out pictures above their inversions");

    let model = temporary.path().join("model.safetensors");
    succeed(trainer().arg("export").arg(&run).arg("--output").arg(&model))?;
    let file = ModelFile::from_bytes(&fs::read(&model)?)?;
    let training = file.card().training.as_ref().context("the card says how it was trained")?;
    ensure!((training.pictures_seen, training.size, training.seed) == (202, 32, 0), "{training:?}");
    ensure!(file.card().held_out.iter().map(|measured| measured.side).eq([32, 224]), "{:?}", file.card().held_out);

    // Its weights are a start for another run, whose card tells of both.
    let second = temporary.path().join("second");
    succeed(small_run(&data, &second).args(["--max-steps", "3", "--init"]).arg(&model))?;
    let model = temporary.path().join("second.safetensors");
    succeed(trainer().arg("export").arg(&second).arg("--output").arg(&model))?;
    let file = ModelFile::from_bytes(&fs::read(&model)?)?;
    ensure!(file.card().training.as_ref().is_some_and(|training| training.pictures_seen == 202 + 6 && training.started_from.is_some()));
    Ok(())
}

#[test]
fn an_idx_file_and_a_tar_train_too() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let idx = temporary.path().join("pictures-idx3-ubyte");
    let mut bytes = vec![0, 0, 8, 3];
    for size in [4u32, 28, 28] {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend((0..4 * 28 * 28).map(|value| (value % 251) as u8));
    fs::write(&idx, bytes)?;
    let tar = workspace().join("data/photos-val.tar");
    for (name, data) in [("idx", &idx), ("tar", &tar)] {
        let run = temporary.path().join(name);
        succeed(small_run(data, &run).args(["--max-steps", "2"]))?;
        ensure!(checkpoints(&run)? == ["000000", "000002"]);
    }
    Ok(())
}

#[test]
fn built_in_photographs_are_found_without_being_told_where() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let mut command = trainer();
    command.current_dir(temporary.path()).args(["--device", "flex", "--quiet", "--size", "32", "--batch", "2", "--max-steps", "1"]);
    succeed(&mut command)?;
    ensure!(temporary.path().join("runs/fire5-001/checkpoints/000001").is_dir());
    Ok(())
}

#[test]
fn every_grid_layer_trains() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 3)?;
    for layer in ["pool1", "fire3", "fire9"] {
        let run = temporary.path().join(layer);
        succeed(small_run(&data, &run).args(["--max-steps", "2", "--layer", layer, "--compare", "pool1"]))?;
        ensure!(checkpoints(&run)? == ["000000", "000002"], "{layer}");
    }
    Ok(())
}

#[test]
fn scores_are_inverted_to_pictures_of_one_side() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("data"), 3)?;
    let refused = fail(small_run(&path("data"), &path("run")).args(["--layer", "scores"]))?;
    ensure!(refused.contains("--size 128"), "{refused}");
    let mut begin = trainer();
    begin.args(["--device", "flex", "--quiet", "--size", "128", "--batch", "2", "--layer", "scores", "--loss", "image"]);
    succeed(begin.args(["--epochs", "9", "--max-steps", "1", "--data"]).arg(path("data")).arg("--out").arg(path("run")))?;
    succeed(trainer().args(["--device", "flex", "--quiet", "--max-steps", "2", "--resume"]).arg(path("run")))?;
    ensure!(checkpoints(&path("run"))?.contains(&"000002".to_owned()), "{:?}", checkpoints(&path("run"))?);
    succeed(trainer().arg("export").arg(path("run")).arg("--output").arg(path("model")))?;
    picture(90, 60, 1).save(path("in.png"))?;
    let mut invert = trainer();
    invert.args(["invert", "--device", "flex", "--size", "224"]).arg(path("model"));
    succeed(invert.arg("--input").arg(path("in.png")).arg("--output").arg(path("out")))?;
    let inverted = image::open(path("out").join("in.png"))?;
    ensure!((inverted.width(), inverted.height()) == (128, 128), "{} x {}", inverted.width(), inverted.height());
    Ok(())
}

#[test]
fn every_loss_trains_what_it_names() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 3)?;
    for (loss, feature, adversary) in [
        ("image", false, false),
        ("feature", true, false),
        ("image+feature", true, false),
        ("image+adversarial", false, true),
        ("feature+adversarial", true, true),
        ("deepsim", true, true),
    ] {
        let run = temporary.path().join(loss);
        succeed(small_run(&data, &run).args(["--max-steps", "2", "--epochs", "9", "--loss", loss]))?;
        let stats = fs::read_to_string(run.join("stats.jsonl"))?;
        let last: serde_json::Value = serde_json::from_str(stats.lines().last().unwrap_or_default())?;
        ensure!((last["feature"] != 0.0) == feature, "{loss}: {last}");
        ensure!((last["real"] != 0.0) == adversary && (last["adversarial"] != 0.0) == adversary, "{loss}: {last}");
        ensure!(last["inverter_trained"] == true && (adversary || last["discriminator_trained"] == false), "{loss}: {last}");
    }
    Ok(())
}

#[test]
fn an_exemplar_cnn_trains_and_resumes_and_is_exported() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run, model) = (temporary.path().join("data"), temporary.path().join("run"), temporary.path().join("model.safetensors"));
    folder_of_pictures(&data, 4)?;
    succeed(small_run(&data, &run).args(["--task", "exemplar", "--max-steps", "50", "--epochs", "999", "--learning-rate", "1e-3"]))?;
    succeed(trainer().args(["--device", "flex", "--quiet", "--max-steps", "150", "--resume"]).arg(&run))?;
    let stats = fs::read_to_string(run.join("stats.jsonl"))?;
    let lines: Vec<serde_json::Value> = stats.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let loss = |line: Option<&serde_json::Value>| line.and_then(|line| line["cross_entropy"].as_f64()).context("a loss");
    // Three held apart from the one that is held out: guessing costs log 3.
    ensure!(loss(lines.last())? < 0.7 * 3f64.ln(), "{stats}");
    ensure!(lines.iter().all(|line| line["network_share"] == 1.0 && line["right"].is_number()), "{stats}");
    succeed(trainer().arg("export").arg(&run).arg("--output").arg(&model))?;
    let file = ModelFile::from_bytes(&fs::read(&model)?)?;
    ensure!(file.card().kind == Kind::Exemplar, "{:?}", file.card());
    let refused =
        fail(trainer().args(["invert", "--device", "flex"]).arg(&model).args(["--input", "x", "--output"]).arg(temporary.path()))?;
    ensure!(refused.contains("exemplar"), "{refused}");
    Ok(())
}

#[test]
fn comparators_other_than_squeezenet_train_too() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let data = temporary.path().join("data");
    folder_of_pictures(&data, 3)?;
    for (comparator, places) in [("random", "fire5"), ("efficientnet", "stage2,stage3"), ("exemplar", "stage2,stage4")] {
        let run = temporary.path().join(comparator);
        let options = ["--max-steps", "2", "--comparator", comparator, "--compare", places, "--loss", "feature"];
        succeed(small_run(&data, &run).args(options))?;
        let state: serde_json::Value = serde_json::from_slice(&fs::read(run.join("checkpoints/000002/state.json"))?)?;
        let found: Vec<_> = state["comparator"].as_array().into_iter().flatten().filter_map(|place| place["layer"].as_str()).collect();
        ensure!(found.join(",") == places, "{comparator}: {state}");
    }
    Ok(())
}

#[test]
fn another_layers_model_is_a_start_as_far_as_it_fits() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 3)?;
    let mut start = small_run(&data, &run);
    let output = succeed(start.args(["--max-steps", "1", "--layer", "pool1", "--init"]).arg(shipped_model()))?;
    let said = String::from_utf8(output.stderr)?;
    // Two of pool1's three blocks with two convolutions each, and the last convolution: weight and bias of five.
    ensure!(said.contains("10 tensors of the inverter of fire5 fit this one"), "{said}");
    Ok(())
}

#[test]
fn inversions_keep_the_names_of_their_pictures() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (input, output) = (temporary.path().join("in"), temporary.path().join("out"));
    fs::create_dir(&input)?;
    picture(90, 60, 1).save(input.join("one.two.png"))?;
    picture(60, 90, 2).save(input.join("three.jpg"))?;
    let mut command = trainer();
    command.args(["invert", "--device", "flex", "--size", "96"]).arg(shipped_model());
    succeed(command.arg("--input").arg(&input).arg("--output").arg(&output))?;
    for name in ["one.two.png", "three.png"] {
        let inverted = image::open(output.join(name))?;
        ensure!((inverted.width(), inverted.height()) == (96, 96), "{name}");
    }
    Ok(())
}

#[test]
fn the_shipped_model_is_an_inverter_of_fire5_with_a_whole_card() -> Result<()> {
    let file = ModelFile::from_bytes(&fs::read(shipped_model())?)?;
    ensure!(matches!(file.card().kind, Kind::Inverter(card) if card.shape.layer == deepsim::Layer::Fire5), "{:?}", file.card().kind);
    let training = file.card().training.as_ref().context("no word of its training")?;
    ensure!(training.pictures_seen > 10_000, "{training:?}");
    ensure!(file.card().held_out.iter().all(|measured| measured.psnr > 15.0), "{:?}", file.card().held_out);
    Ok(())
}

#[test]
fn devices_are_listed() -> Result<()> {
    let printed = String::from_utf8(succeed(trainer().arg("devices"))?.stdout)?;
    ensure!(printed.contains("flex") && printed.contains("<- auto"), "{printed}");
    // A software adapter is never what `auto` takes.
    ensure!(printed.lines().all(|line| !(line.contains("llvmpipe") && line.contains("<- auto"))), "{printed}");
    Ok(())
}

/// `trainer devices | head -0` ends as other commands do: by the signal, without a word.
#[cfg(unix)]
#[test]
fn nobody_has_to_read_the_output() -> Result<()> {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;
    const SIGPIPE: i32 = 13;

    let mut child = trainer().arg("devices").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.signal() == Some(SIGPIPE) && !said.contains("panicked"), "{:?}: {said}", output.status);
    Ok(())
}

/// SIGTERM, as Ctrl-C and the time limit, saves and ends with exit code 0; the run goes on from there.
#[cfg(unix)]
#[test]
fn an_ended_run_is_saved() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 3)?;
    let mut child = small_run(&data, &run).args(["--epochs", "100000"]).spawn()?;
    let begun = Instant::now();
    while !run.join("stats.jsonl").exists() {
        ensure!(begun.elapsed() < Duration::from_secs(120), "the run does not get to step 50");
        std::thread::sleep(Duration::from_millis(50));
    }
    succeed(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    ensure!(child.wait()?.success(), "SIGTERM is a clean end");
    let saved = checkpoints(&run)?;
    ensure!(saved.len() == 2 && saved[0] == "000000", "the first one and that of the end: {saved:?}");

    let output = succeed(trainer().args(["--device", "flex", "--quiet", "--max-minutes", "0.001", "--resume"]).arg(&run))?;
    ensure!(String::from_utf8(output.stdout)?.contains("stopped and saved"));
    Ok(())
}
