//! The site on which one browser runs the page's wasm and other libraries.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::announce::{cargo, run};
use crate::{setup, web};

/// Where the style transformer that ours is compared with comes from; its weights are not on npm.
const STYLE_SOURCE: &str = "https://github.com/reiinakano/arbitrary-image-stylization-tfjs";
/// The transformer's folder there.
const STYLE_FOLDER: &str = "saved_model_transformer_separable_js";

/// Times the page's wasm and other libraries in one browser: `tests/browser/peers.rs` drives it. `folder` keeps what is downloaded.
pub(super) fn measure(root: &Path, folder: &Path, onnx: &dyn Fn(&Path) -> Result<()>) -> Result<Vec<Value>> {
    setup::browser()?;
    let dist = web::build()?;
    let site = folder.join("site");
    let peers = site.join("peers");
    drop(fs::remove_dir_all(&site));
    copy_folder(&dist, &site)?;
    fs::create_dir_all(&peers)?;
    let sources = root.join("bench/peers");
    for entry in fs::read_dir(&sources)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|ending| ending == "html" || ending == "js")) {
            fs::copy(&path, peers.join(name))?;
        }
    }
    libraries(&sources, folder, &peers)?;
    let style = folder.join("style-transformer");
    if !style.is_dir() {
        run(Command::new("git").args(["clone", "--depth", "1", STYLE_SOURCE]).arg(&style))?;
    }
    copy_folder(&style.join(STYLE_FOLDER), &peers.join("style"))?;
    onnx(&peers.join("inversion.onnx"))?;

    let mut test = cargo();
    test.current_dir(root).args([
        "test",
        "--release",
        "--workspace",
        "--test",
        "browser",
        "--",
        "peers::the_same_work_in_turns",
        "--ignored",
        "--nocapture",
    ]);
    let output = test.env("DEEPSIM_PEERS", &site).stderr(Stdio::inherit()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the browser's comparison failed: {printed}");
    let line = printed.lines().find_map(|line| line.split_once("peers: ")).context("no result")?.1;
    Ok(serde_json::from_str(line)?)
}

/// Installs the libraries of `bench/peers/package.json` and copies what a page loads of them.
fn libraries(sources: &Path, folder: &Path, peers: &Path) -> Result<()> {
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(name), folder.join(name))?;
    }
    // The model's package asks for an older TensorFlow.js than its own library runs with.
    run(Command::new("npm").current_dir(folder).args(["ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    let modules = folder.join("node_modules");
    copy_folder(&modules.join("onnxruntime-web/dist"), &peers.join("ort"))?;
    let tensorflow = modules.join("@tensorflow");
    // The wasm backend's folder has its script and its wasm files.
    copy_folder(&tensorflow.join("tfjs-backend-wasm/dist"), &peers.join("tfjs"))?;
    for file in ["tfjs/dist/tf.min.js", "tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js"] {
        let from = tensorflow.join(file);
        fs::copy(&from, peers.join("tfjs").join(from.file_name().context("a file has a name")?))?;
    }
    for model in ["esrgan-slim", "esrgan-medium"] {
        let package = modules.join("@upscalerjs").join(model);
        copy_folder(&package.join("models/x4"), &peers.join("upscaler").join(model))?;
        let script = package.join("dist/umd/models").join(model).join("src/x4/index.min.js");
        fs::copy(script, peers.join("upscaler").join(model).with_added_extension("js"))?;
    }
    fs::copy(modules.join("upscaler/dist/browser/umd/upscaler.min.js"), peers.join("upscaler/upscaler.min.js"))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
