//! What a build of the page lacks after trunk: the networks, a list of them, and the version that its service worker goes by.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::photographs;

/// The network that is inverted, and its first layers, which are downloaded first.
const ENCODERS: [&str; 2] = ["squeezenet", "squeezenet-fire3"];
/// Layers in the order of the page, from the picture to the classes.
const LAYERS: [&str; 5] = ["pool1", "fire3", "fire5", "fire9", "scores"];
/// A model's loss, and how its file's name ends.
const LOSSES: [(&str, &str); 2] = [("deepsim", ""), ("image", "-image")];
/// What autoencoders make pictures of, and how their files' names go on.
const PICTURES: [&str; 2] = ["emoji", "fashion"];
/// The ending of the names of LAPGANs, and their loss.
const PYRAMID: (&str, &str) = ("-lapgan", "lapgan");
/// Upscalers and their losses, in the order of the page.
const UPSCALERS: [(&str, &str); 3] = [("enlarge-image", "image"), ("enlarge-feature", "feature"), ("enlarge", "deepsim")];
/// The network of all styles.
const STYLES: &str = "styles";
/// Hexadecimal digits of a version and of a file's digest.
const DIGITS: usize = 16;

/// Completes the site in `dist`.
///
/// # Errors
/// If a file cannot be read or written, or there is no inverter in `models`.
pub fn complete(root: &Path, dist: &Path) -> Result<()> {
    let models = copy_models(&root.join("models"), &dist.join("models"))?;
    fs::write(dist.join("models.json"), serde_json::to_string_pretty(&models)?)?;
    stamp(dist)
}

/// Fills in the version of a site, and the digests of the files that its service worker keeps.
///
/// # Errors
/// If a file cannot be read or written.
pub fn stamp(dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(dist, dist, &mut files)?;
    files.retain(|file| {
        !file.starts_with("models/")
            && !file.ends_with(".md")
            && !["index.html", "sw.js", "version.txt", photographs::NAME, photographs::SOURCES].contains(&file.as_str())
    });
    files.sort();
    let digests = files.iter().map(|file| Ok((file.clone(), json!(digest_of(&fs::read(dist.join(file))?)))));
    let digests = Value::Object(digests.collect::<Result<_>>()?);
    // What an earlier call filled in is no part of the version.
    let (page, worker) = (fs::read_to_string(dist.join("index.html"))?, fs::read_to_string(dist.join("sw.js"))?);
    let worker = with_value(&worker, "FILES", &digests)?;
    let version = digest_of([with_version(&page, "")?, with_value(&worker, "VERSION", &json!(""))?].concat());
    fs::write(dist.join("index.html"), with_version(&page, &version)?)?;
    fs::write(dist.join("sw.js"), with_value(&worker, "VERSION", &json!(version))?)?;
    fs::write(dist.join("version.txt"), version)?;
    Ok(())
}

/// Copies SqueezeNet, the inverters, the variational autoencoders, the LAPGANs, the style network and the upscalers that there are, and returns a list of them.
fn copy_models(from: &Path, to: &Path) -> Result<Vec<Value>> {
    fs::create_dir_all(to)?;
    let inverters = LAYERS.iter().flat_map(|layer| LOSSES.map(|(loss, ending)| (format!("{layer}{ending}"), *layer, "", loss)));
    let generators =
        PICTURES.iter().flat_map(|pictures| LOSSES.map(|(loss, ending)| (format!("{pictures}-vae{ending}"), "", *pictures, loss)));
    let pyramids = PICTURES.map(|pictures| (format!("{pictures}{}", PYRAMID.0), "", pictures, PYRAMID.1));
    let upscalers = UPSCALERS.map(|(name, loss)| (name.to_owned(), "", "", loss));
    let mut found = Vec::new();
    for (name, layer, pictures, loss) in ENCODERS
        .map(|name| (name.to_owned(), "", "", ""))
        .into_iter()
        .chain(inverters)
        .chain(generators)
        .chain(pyramids)
        .chain([(STYLES.to_owned(), "", "", "")])
        .chain(upscalers)
    {
        let file = format!("{name}.safetensors");
        let Ok(bytes) = fs::read(from.join(&file)) else {
            continue;
        };
        let entry = json!({
            "name": name,
            "layer": layer,
            "pictures": pictures,
            "loss": loss,
            "enlarges": UPSCALERS.iter().any(|(upscaler, _)| *upscaler == name),
            "restyles": name == STYLES,
            "bytes": bytes.len(),
            "sha256": digest_of(&bytes),
        });
        found.push(entry);
        fs::write(to.join(file), bytes)?;
    }
    ensure!(found.iter().any(|entry| entry["layer"] != ""), "no inverter in {}", from.display());
    Ok(found)
}

/// Returns a script in which the value of a constant on a line of its own is replaced.
fn with_value(script: &str, constant: &str, value: &Value) -> Result<String> {
    let begin = format!("const {constant} = ");
    let mut found = 0;
    let lines = script.lines().map(|line| {
        if !line.starts_with(&begin) {
            return line.to_owned();
        }
        found += 1;
        format!("{begin}{value};")
    });
    let replaced = lines.collect::<Vec<_>>().join("\n");
    ensure!(found == 1, "sw.js has {found} lines of {constant}");
    Ok(replaced + "\n")
}

/// Returns the page with another version.
fn with_version(page: &str, version: &str) -> Result<String> {
    const BEGIN: &str = "data-version=\"";
    let (before, rest) = page.split_once(BEGIN).context("index.html has no data-version")?;
    let (_, after) = rest.split_once('"').context("data-version has no end")?;
    Ok(format!("{before}{BEGIN}{version}\"{after}"))
}

/// Lists the files below a folder, as addresses relative to `root`.
fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            let relative = path.strip_prefix(root)?;
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push(parts.join("/"));
        }
    }
    Ok(())
}

/// Returns the beginning of a SHA-256 in hexadecimal digits.
fn digest_of(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_contents() {
        let folder = tempfile::tempdir().unwrap();
        let (root, dist) = (folder.path().join("root"), folder.path().join("dist"));
        fs::create_dir_all(root.join("models")).unwrap();
        fs::create_dir_all(&dist).unwrap();
        for name in ["squeezenet", "fire5", "fire5-image", "emoji-vae", "emoji-lapgan", "judge"] {
            fs::write(root.join("models").join(name).with_added_extension("safetensors"), name).unwrap();
        }
        let complete_with = |page: &str| {
            fs::write(dist.join("index.html"), format!("<html data-version=\"\">{page}")).unwrap();
            fs::write(dist.join("sw.js"), "const VERSION = \"VERSION\";\nconst FILES = {};").unwrap();
            complete(&root, &dist).unwrap();
            fs::read_to_string(dist.join("version.txt")).unwrap()
        };
        let first = complete_with("one");
        assert_eq!((complete_with("one"), complete_with("two") == first), (first, false));
        let worker = fs::read_to_string(dist.join("sw.js")).unwrap();
        assert!(worker.contains("{\"models.json\":\""), "{worker}");
        assert!(fs::read_to_string(dist.join("index.html")).unwrap().contains(&format!("data-version=\"{}\"", complete_with("two"))));
        // A site to which files are added is completed once more.
        let before = complete_with("two");
        fs::write(dist.join("later.wasm"), "later").unwrap();
        complete(&root, &dist).unwrap();
        assert_ne!(fs::read_to_string(dist.join("version.txt")).unwrap(), before);
        assert!(fs::read_to_string(dist.join("sw.js")).unwrap().contains("later.wasm"));
        let models: Value = serde_json::from_slice(&fs::read(dist.join("models.json")).unwrap()).unwrap();
        let names: Vec<_> = models.as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["squeezenet", "fire5", "fire5-image", "emoji-vae", "emoji-lapgan"]);
        assert_eq!((&models[3]["layer"], &models[3]["pictures"], &models[3]["loss"]), (&json!(""), &json!("emoji"), &json!("deepsim")));
        assert_eq!((&models[4]["pictures"], &models[4]["loss"]), (&json!("emoji"), &json!("lapgan")));
        assert!(!dist.join("models/judge.safetensors").exists());
    }
}
