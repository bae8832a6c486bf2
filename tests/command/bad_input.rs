//! Bad input gives one line that says what to do and an exit code other than zero, and harms nothing that was there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use deepsim_tests::{checkpoints, fail, folder_of_pictures, picture, shipped_model, small_run, succeed, trainer, workspace};

/// Asserts that a command's error contains each of these words.
fn assert_error(command: &mut Command, words: &[&str]) -> Result<()> {
    let error = fail(command)?;
    for word in words {
        ensure!(error.contains(word), "`{error}` does not say `{word}`");
    }
    Ok(())
}

#[test]
fn options_that_cannot_be() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let out = temporary.path().join("run");
    let cases: [(&[&str], &[&str]); 22] = [
        (&["--layer", "scores", "--size", "96"], &["scores", "--size 128"]),
        (&["--layer", "fire4"], &["fire4", "fire5", "scores"]),
        (&["--loss", "image", "--image-weight", "0"], &["no term", "weight"]),
        (&["--size", "100"], &["--size 100", "multiple of 16"]),
        (&["--size", "16"], &["--size 16", "at least 32"]),
        (&["--batch", "0"], &["--batch 0"]),
        (&["--batch", "10000000"], &["--batch 10000000", "GB", "may fit"]),
        (&["--size", "1600000", "--batch", "1"], &["--size 1600000", "GB", "smaller --size"]),
        (&["--learning-rate", "0"], &["--learning-rate"]),
        (&["--learning-rate", "-1"], &["--learning-rate", "above zero"]),
        (&["--seed", "-1"], &["--seed", "-1"]),
        (&["--compare", "fire5,fire6"], &["fire6"]),
        (&["--compare", "stage3"], &["stage3", "SqueezeNet"]),
        (&["--comparator", "efficientnet", "--compare", "stage8"], &["stage8"]),
        (&["--pictures", "0"], &["--pictures"]),
        (&["--pictures", "9", "--epochs", "3"], &["--pictures", "--epochs"]),
        (&["--decay", "1.5"], &["--decay"]),
        (&["--average-half-life", "0"], &["--average-half-life"]),
        (&["--width", "0"], &["--width"]),
        (&["--image-weight", "0", "--feature-weight", "0", "--adversarial-weight", "0"], &["zero"]),
        (&["--draws"], &["--draws", "vae"]),
        (&["--task", "vae", "--loss", "image", "--draws"], &["--draws", "adversary"]),
    ];
    for (arguments, words) in cases {
        assert_error(trainer().args(arguments).args(["--device", "flex", "--out"]).arg(&out), words)?;
        ensure!(!out.exists(), "{arguments:?} made a run directory");
    }
    Ok(())
}

/// A build without MPI that `mpirun` or `srun` starts says so once: its processes would otherwise train the same run.
#[test]
fn processes_that_cannot_train_together() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    for (count, number) in
        [("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), ("PMI_SIZE", "PMI_RANK"), ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID")]
    {
        let started = |rank: &str| {
            let mut command = trainer();
            command.env(count, "2").env(number, rank).args(["--device", "flex", "--out"]).arg(temporary.path().join("run"));
            command
        };
        assert_error(&mut started("0"), &["2 processes", "no MPI", "--features trainer/mpi"])?;
        let output = started("1").output()?;
        ensure!(!output.status.success() && output.stderr.is_empty(), "{count}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[test]
fn data_that_is_none() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    let out = path("run");
    fs::create_dir(path("empty"))?;
    fs::create_dir(path("bad"))?;
    fs::write(path("bad/a.jpg"), b"not a picture")?;
    fs::write(path("junk.tar"), [7; 3000])?;
    fs::write(path("short.idx"), [0, 0, 8, 3, 0, 0])?;
    fs::write(path("list.txt"), "a.tar\nb.tar\n")?;
    fs::write(path("list.csv"), "a.tar\nb.tar\n")?;
    fs::copy(shipped_model(), path("fire5.safetensors"))?;
    let photos = fs::read(workspace().join("data/photos-val.tar"))?;
    let mut junk_inside = photos[..photos.len() / 2 / 512 * 512].to_vec();
    junk_inside.extend([9; 2048]);
    fs::write(path("junk-inside.tar"), junk_inside)?;
    fs::write(path("cut.tar"), &photos[..photos.len() / 2])?;
    let cases: [(&str, &[&str]); 10] = [
        ("missing", &["missing", "cannot read"]),
        ("empty", &["no pictures", "--data"]),
        ("bad", &["can be read", "a.jpg"]),
        ("junk.tar", &["junk.tar", "not a folder"]),
        ("junk-inside.tar", &["junk-inside.tar", "whole pictures", "--allow-truncated"]),
        ("cut.tar", &["cut.tar", "whole pictures", "--allow-truncated"]),
        ("short.idx", &["short.idx", "header"]),
        ("list.txt", &["cannot read", "a.tar"]),
        ("list.csv", &["list.csv", "a text file"]),
        ("fire5.safetensors", &["fire5.safetensors", "a model file"]),
    ];
    for (name, words) in cases {
        assert_error(small_run(&path(name), &out).args(["--max-steps", "1"]), words)?;
        ensure!(!out.exists(), "{name} left a run directory");
    }
    succeed(small_run(&path("cut.tar"), &path("some")).args(["--max-steps", "1", "--allow-truncated"]))?;
    let error = fail(small_run(&path("missing"), &out).args(["--max-steps", "1"]))?;
    ensure!(error.matches("os error").count() == 1, "a cause is told once: {error}");
    Ok(())
}

#[test]
fn a_folder_with_some_bad_pictures_trains_on_the_rest() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, out) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 6)?;
    let whole = fs::read(data.join("00.png"))?;
    fs::write(data.join("cut.png"), &whole[..whole.len() / 2])?;
    fs::write(data.join("words.jpg"), b"words")?;
    fs::write(data.join("notes.txt"), b"no picture, and no reason to complain")?;
    let held_out = temporary.path().join("held-out");
    folder_of_pictures(&held_out, 1)?;
    let output = succeed(small_run(&data, &out).args(["--epochs", "1", "--held-out"]).arg(&held_out))?;
    let printed = String::from_utf8(output.stderr)?;
    for words in ["skipped cut.png", "skipped words.jpg", "2 of 8 pictures"] {
        ensure!(printed.contains(words), "`{words}` is missing in: {printed}");
    }
    ensure!(!printed.contains("notes.txt"), "{printed}");
    Ok(())
}

/// Ensures that several paths are one data set, with those that are held out, and that a run of one is resumed with all of them.
#[test]
fn several_paths_may_be_given() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    folder_of_pictures(&path("a"), 3)?;
    folder_of_pictures(&path("b/sub"), 2)?;
    fs::write(path("b/sub/bad.png"), b"words")?;
    let mut run = small_run(&path("a"), &path("run"));
    // small_run ends with --out; --data goes on in front of it.
    run.arg("--data").arg(path("b")).arg(path("a/00.png")).arg("--held-out").arg(path("a/01.png")).arg(path("b"));
    let printed = String::from_utf8(succeed(run.args(["--epochs", "1"]))?.stderr)?;
    ensure!(printed.contains("skipped sub/bad.png") && printed.contains("1 of 7 pictures"), "{printed}");
    succeed(trainer().args(["--device", "flex", "--quiet", "--epochs", "2", "--resume"]).arg(path("run")))?;

    let mut invert = trainer();
    invert.args(["invert", "--device", "flex", "--size", "32"]).arg(shipped_model()).arg("--input").args([
        path("a/02.png"),
        path("b"),
        path("a/02.png"),
    ]);
    let error = fail(invert.arg("--output").arg(path("out")))?;
    ensure!(error.contains("1 of 5 pictures could not be read"), "{error}");
    // Of two pictures of the same name the second keeps its ending.
    for name in ["02.png", "02.png.png", "sub/00.png"] {
        ensure!(path("out").join(name).is_file(), "{name} is missing");
    }
    Ok(())
}

/// Ensures that held-out pictures are drawn from those that can be read, and that hidden files are no pictures.
#[test]
fn bad_pictures_are_not_held_out_and_hidden_files_are_no_pictures() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, out) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 6)?;
    for name in ["zy.jpg", "zz.jpg", "._00.png", ".DS_Store"] {
        fs::write(data.join(name), b"words")?;
    }
    let output = succeed(small_run(&data, &out).args(["--epochs", "1"]))?;
    let printed = String::from_utf8(output.stderr)?;
    ensure!(printed.contains("skipped zz.jpg") && printed.contains("2 of 7 pictures") && !printed.contains("._"), "{printed}");

    // A single picture serves for training and for measuring.
    succeed(small_run(&data.join("00.png"), &temporary.path().join("one")).args(["--max-steps", "1"]))?;
    Ok(())
}

#[test]
fn model_files_that_are_damaged_or_foreign() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = |name: &str| temporary.path().join(name);
    let whole = fs::read(shipped_model())?;
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(path("flipped"), flipped)?;
    fs::write(path("cut"), &whole[..whole.len() / 2])?;
    fs::write(path("words"), b"words")?;
    other_version(&path("version"))?;
    picture(64, 64, 1).save(path("in.png"))?;
    let squeezenet = workspace().join("models/squeezenet.safetensors");
    let cases: [(&Path, &[&str]); 6] = [
        (&path("flipped"), &["checksum", "again"]),
        (&path("cut"), &["cut short"]),
        (&path("words"), &["not a model file"]),
        (&path("version"), &["version 3", "version 2"]),
        (&path("missing"), &["missing", "cannot read"]),
        (&squeezenet, &["squeezenet", "inverter"]),
    ];
    for (model, words) in cases {
        let out = path("out");
        let mut command = trainer();
        command.args(["invert", "--device", "flex"]).arg(model).arg("--input").arg(path("in.png")).arg("--output").arg(&out);
        assert_error(&mut command, words)?;
        ensure!(!out.exists(), "{} left an output folder", model.display());
    }
    Ok(())
}

/// Writes the shipped model with a later version's number.
fn other_version(path: &Path) -> Result<()> {
    let (mark, later) = (br#"\"version\":2"#, br#"\"version\":3"#);
    let mut bytes = fs::read(shipped_model())?;
    let place = bytes.windows(mark.len()).position(|window| window == mark);
    let place = place.context("the card names its version")?;
    bytes[place..place + mark.len()].copy_from_slice(later);
    Ok(fs::write(path, bytes)?)
}

#[test]
fn pictures_that_cannot_be_inverted() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (input, output) = (temporary.path().join("in"), temporary.path().join("out"));
    folder_of_pictures(&input, 1)?;
    let jpeg = fs::read(workspace().join("tests/pictures/cat.jpg"))?;
    fs::write(input.join("cut.jpg"), &jpeg[..jpeg.len() / 3])?;
    let mut command = trainer();
    command.args(["invert", "--device", "flex", "--size", "64"]).arg(shipped_model());
    command.arg("--input").arg(&input).arg("--output").arg(&output);
    assert_error(&mut command, &["1 of 2"])?;
    ensure!(output.join("00.png").is_file() && !output.join("cut.png").exists(), "the good picture is inverted, the bad one not");

    let mut command = trainer();
    command.args(["invert", "--device", "flex", "--size", "100"]).arg(shipped_model());
    command.arg("--input").arg(&input).arg("--output").arg(&output);
    assert_error(&mut command, &["--size 100", "multiple of 16"])
}

#[test]
fn runs_are_not_overwritten_nor_changed() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, out) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 3)?;
    fs::create_dir(&out)?;
    fs::write(out.join("precious"), b"words")?;
    assert_error(&mut small_run(&data, &out), &["already holds"])?;
    ensure!(fs::read(out.join("precious"))? == b"words", "what was there is gone");

    let resume = |run: &Path| {
        let mut command = trainer();
        command.args(["--device", "flex", "--resume"]).arg(run);
        command
    };
    assert_error(&mut resume(&out), &["not a run directory"])?;
    let run = temporary.path().join("other");
    succeed(small_run(&data, &run).args(["--max-steps", "1"]))?;
    assert_error(resume(&run).args(["--size", "64"]), &["--size", "--init"])
}

/// A limit on the size of files stands for a full disk: writing fails in the same way. Older checkpoints stay whole.
#[cfg(unix)]
#[test]
fn a_full_disk_harms_nothing() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let (data, run) = (temporary.path().join("data"), temporary.path().join("run"));
    folder_of_pictures(&data, 3)?;
    succeed(small_run(&data, &run).args(["--max-steps", "1"]))?;
    let before = fs::read(run.join("checkpoints/000001/generator.bpk"))?;
    let limited = |command: Command| {
        let mut shell = Command::new("bash");
        // In units of 1024 bytes: enough for text, too little for weights.
        shell.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        shell.current_dir(workspace());
        shell
    };

    let mut resume = trainer();
    resume.args(["--device", "flex", "--quiet", "--max-steps", "2", "--resume"]).arg(&run);
    assert_error(&mut limited(resume), &["000002", "free some space"])?;
    ensure!(checkpoints(&run)? == ["000000", "000001"], "only the whole checkpoint is left");
    ensure!(fs::read(run.join("checkpoints/000001/generator.bpk"))? == before, "the older checkpoint changed");

    let model = temporary.path().join("model.safetensors");
    fs::write(&model, b"older")?;
    let mut export = trainer();
    export.arg("export").arg(&run).arg("--output").arg(&model);
    assert_error(&mut limited(export), &["model.safetensors", "free some space"])?;
    ensure!(fs::read(&model)? == b"older", "the file that was there changed");
    Ok(())
}
