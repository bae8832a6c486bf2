//! The page in a real browser: headless Chromium, on WebGPU (a software adapter) and without it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use deepsim::Picture;
use deepsim_tests::chromium::{Chromium, Gpu};
use deepsim_tests::{dist, keep, picture, shipped_model, succeed, trainer, workspace};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use trainer::metrics::psnr;
use xtask::serve::Server;

/// One browser at a time: two would only wait for each other's processors.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Software WebGPU compiles shaders and computes on the processor: minutes, on a small machine.
const PATIENCE: Duration = Duration::from_secs(400);

struct Page {
    client: Client,
    address: String,
}

impl Page {
    /// Opens the page and waits until it is ready. Returns the milliseconds that took, by the page's own clock.
    async fn open(&self, query: &str) -> Result<f64> {
        self.client.goto(&format!("{}{query}", self.address)).await?;
        self.wait_for("ready").await?;
        self.data("readyAfter").await?.parse().context("readyAfter is a number")
    }

    async fn data(&self, name: &str) -> Result<String> {
        let value = self.client.execute(&format!("return document.body.dataset.{name} ?? ''"), vec![]).await?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    async fn wait_for(&self, state: &str) -> Result<()> {
        let begun = Instant::now();
        while self.data("state").await? != state {
            let seen = (self.data("state").await?, self.problem().await?);
            ensure!(begun.elapsed() < PATIENCE, "waited for `{state}`, the page is in {seen:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn upload(&self, path: &Path) -> Result<()> {
        let path = path.canonicalize()?;
        self.client.find(Locator::Id("file")).await?.send_keys(&path.display().to_string()).await?;
        Ok(())
    }

    /// Uploads a picture and returns its inversion as the canvas holds it.
    async fn invert(&self, path: &Path) -> Result<Picture> {
        self.client.execute("document.body.dataset.state = 'waiting'", vec![]).await?;
        self.upload(path).await?;
        self.wait_for("inverted").await?;
        ensure!(self.problem().await?.is_empty(), "a problem: {}", self.problem().await?);
        let script = "return document.getElementById('inversion').toDataURL('image/png')";
        let url = self.client.execute(script, vec![]).await?;
        let encoded = url.as_str().and_then(|url| url.strip_prefix("data:image/png;base64,")).context("no data URL")?;
        open(&base64::engine::general_purpose::STANDARD.decode(encoded)?)
    }

    /// Drops a file anywhere on the page, or pastes it, as a person would: the same events, with the same contents.
    async fn give(&self, event: &str, path: &Path) -> Result<()> {
        let script = "const [event, encoded, name] = arguments; \
            const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)); \
            const data = new DataTransfer(); data.items.add(new File([bytes], name)); \
            document.body.dataset.state = 'waiting'; \
            document.body.dispatchEvent(event === 'drop' \
                ? new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}) \
                : new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))";
        let encoded = base64::engine::general_purpose::STANDARD.encode(fs::read(path)?);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        self.client.execute(script, vec![json!(event), json!(encoded), json!(name)]).await?;
        self.wait_for("inverted").await
    }

    /// The kind of the problem that the page shows, or nothing.
    async fn problem(&self) -> Result<String> {
        let script = "const p = document.getElementById('problem'); return p.hidden ? '' : p.dataset.kind + ': ' + p.textContent";
        Ok(self.client.execute(script, vec![]).await?.as_str().unwrap_or_default().to_owned())
    }

    async fn wait_for_problem(&self, kind: &str) -> Result<()> {
        let begun = Instant::now();
        while !self.problem().await?.starts_with(&format!("{kind}: ")) {
            ensure!(begun.elapsed() < PATIENCE, "waited for `{kind}`, the page says `{}`", self.problem().await?);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// Serves `site` below a path of its own, as some static host would, and runs `body` in a browser.
fn in_browser(gpu: Gpu, site: &Path, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let server = Server::start(site.parent().context("a site has a folder above it")?, 0)?;
    let name = site.file_name().and_then(|name| name.to_str()).context("a site has a name")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let chromium = Chromium::start(gpu).await?;
        let page = Page { client: chromium.client().clone(), address: format!("{}/{name}/", server.address()) };
        let done = body(&page).await;
        if done.is_err() {
            keep("failed.png", &page.client.screenshot().await?)?;
        }
        chromium.close().await?;
        done
    })
}

fn open(bytes: &[u8]) -> Result<Picture> {
    let image = image::load_from_memory(bytes)?.into_rgb8();
    Ok(Picture::from_rgb(image.width() as usize, image.height() as usize, image.into_raw())?)
}

/// What `trainer invert` makes of the same file with the same model.
fn native(path: &Path, output: &Path) -> Result<Picture> {
    let mut command = trainer();
    command.args(["invert", "--device", "flex"]).arg(shipped_model());
    succeed(command.arg("--input").arg(path.canonicalize()?).arg("--output").arg(output))?;
    let name = path.file_stem().context("a picture has a name")?;
    open(&fs::read(output.join(name).with_added_extension("png"))?)
}

/// The page's inversion equals `trainer`'s: 40 dB for a PNG, 35 dB for a JPEG, whose decoders differ.
async fn assert_parity(page: &Page, pictures: &Path) -> Result<()> {
    for (name, least) in [("photo.png", 40.0), ("cat.jpg", 35.0), ("turned.jpg", 35.0)] {
        let path = pictures.join(name);
        let found = page.invert(&path).await?;
        let likeness = psnr(&found, &native(&path, &pictures.join("native"))?);
        println!(
            "{name}: {likeness:.1} dB from the native inversion, {} ms on {}",
            page.data("milliseconds").await?,
            page.data("device").await?
        );
        ensure!(likeness >= least, "{name}: {likeness} dB from the native inversion, not {least}");
    }
    Ok(())
}

/// A PNG with transparency, a JPEG, and the same JPEG with EXIF's word that it lies on its side.
fn pictures(folder: &Path) -> Result<()> {
    let mut photo = image::open(workspace().join("tests/pictures/cat.jpg"))?.into_rgba8();
    for (x, _, pixel) in photo.enumerate_pixels_mut() {
        if x < 40 {
            // Below 40, so it fits.
            pixel.0[3] = (x * 6) as u8;
        }
    }
    photo.save(folder.join("photo.png"))?;
    let jpeg = fs::read(workspace().join("tests/pictures/cat.jpg"))?;
    fs::write(folder.join("cat.jpg"), &jpeg)?;
    // APP1 after the start marker: a big-endian TIFF with one entry, orientation (0x112), a short, 6: turn right.
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    fs::write(folder.join("turned.jpg"), [&jpeg[..2], exif, &jpeg[2..]].concat())?;
    Ok(())
}

/// The networks give the golden activations in the browser too: the same numbers and tolerances as the native test.
async fn assert_golden(page: &Page) -> Result<()> {
    let bytes = fs::read(workspace().join("tests/golden/golden.safetensors"))?;
    let values = |data: &[u8]| data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let golden = safetensors::SafeTensors::deserialize(&bytes)?;
    let golden: BTreeMap<String, Vec<f32>> = golden.iter().map(|(name, view)| (name.to_owned(), values(view.data()))).collect();
    for (model, side) in [("squeezenet", 64), ("efficientnet_lite0", 96)] {
        let script = "const [url, side, done] = arguments; const worker = deepsim.worker(); \
            worker.addEventListener('message', ({data}) => { \
                if (data.id === 'golden') done(data.values ? Object.fromEntries([...data.values].map(([k, v]) => [k, [...v]])) : data.detail); \
            }); worker.postMessage({type: 'activations', id: 'golden', url, side})";
        let found = page.client.execute_async(script, vec![json!(format!("models/{model}.safetensors")), json!(side)]).await?;
        let found = found.as_object().with_context(|| format!("{model}: {found}"))?;
        for (name, values) in found {
            let values: Vec<f64> = values.as_array().context("numbers")?.iter().filter_map(Value::as_f64).collect();
            let wanted = golden.get(name).with_context(|| format!("no golden {name}"))?;
            ensure!(values.len() == wanted.len(), "{name} has {} values", values.len());
            let most = wanted.iter().fold(0.0, |most, value| f64::max(most, f64::from(value.abs())));
            let error = values.iter().zip(wanted).fold(0.0, |most, (a, b)| f64::max(most, (a - f64::from(*b)).abs()));
            println!("{name}: off by {:.1e} of its maximum", error / most);
            ensure!(error <= 1e-4 * most, "{name}: off by {error}, {} of its maximum", error / most);
        }
    }
    Ok(())
}

/// The site with the judge's model file beside the others, which the page itself does not need.
fn site(folder: &Path) -> Result<PathBuf> {
    let site = folder.join("some-path");
    copy(&dist()?, &site)?;
    fs::copy(workspace().join("models/efficientnet_lite0.safetensors"), site.join("models/efficientnet_lite0.safetensors"))?;
    Ok(site)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &place)? } else { fs::copy(entry.path(), place).map(drop)? }
    }
    Ok(())
}

#[test]
fn a_photo_is_inverted_on_the_processor() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        println!("ready after {} ms", page.open("").await?);
        ensure!(page.data("device").await? == "cpu");
        assert_golden(page).await?;
        assert_parity(page, temporary.path()).await?;
        for event in ["drop", "paste"] {
            page.give(event, &temporary.path().join("cat.jpg")).await.context(event)?;
        }
        keep("page-cpu.png", &page.client.screenshot().await?)
    })
}

#[test]
fn a_photo_is_inverted_on_webgpu() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    in_browser(Gpu::Software, &site(temporary.path())?, async |page| {
        println!("ready after {} ms", page.open("?device=webgpu").await?);
        ensure!(page.data("device").await? == "webgpu", "the self-test did not let WebGPU pass");
        assert_golden(page).await?;
        assert_parity(page, temporary.path()).await?;
        keep("page-webgpu.png", &page.client.screenshot().await?)
    })
}

/// A lost device is replaced, the page says so, and the next photo is inverted.
#[test]
fn a_lost_device_is_replaced() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    in_browser(Gpu::Software, &site(temporary.path())?, async |page| {
        page.open("?device=webgpu").await?;
        page.client.execute("deepsim.worker().postMessage({type: 'lose-device'})", vec![]).await?;
        page.wait_for_problem("device-lost").await?;
        page.wait_for("ready").await?;
        page.invert(&temporary.path().join("cat.jpg")).await?;
        Ok(())
    })
}

#[test]
fn a_software_adapter_counts_as_no_gpu() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::Software, &site(temporary.path())?, async |page| {
        page.open("").await?;
        ensure!(page.data("device").await? == "cpu");
        Ok(())
    })
}

/// Whatever goes wrong has a sentence of its own, and the page goes on working.
#[test]
fn problems_have_their_sentences() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    let path = |name: &str| temporary.path().join(name);
    fs::write(path("words.jpg"), b"words")?;
    let jpeg = fs::read(path("cat.jpg"))?;
    fs::write(path("cut.jpg"), &jpeg[..400])?;
    // 51 megapixels of one colour: small as a file, too big to invert.
    picture(1, 1, 0).save(path("dot.png"))?;
    image::GrayImage::new(8000, 6400).save(path("huge.png"))?;

    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("").await?;
        for (file, kind) in [("words.jpg", "not-a-picture"), ("cut.jpg", "not-decoded"), ("huge.png", "too-big")] {
            page.upload(&path(file)).await?;
            page.wait_for_problem(kind).await?;
            println!("{}", page.problem().await?);
            page.invert(&path("photo.png")).await?;
        }
        Ok(())
    })
}

#[test]
fn weights_that_are_missing_or_damaged_are_named() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site(temporary.path())?;
    let weights = site.join("models/fire5.safetensors");
    let whole = fs::read(&weights)?;
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    in_browser(Gpu::None, &site, async |page| {
        fs::write(&weights, &flipped)?;
        page.client.goto(&page.address).await?;
        page.wait_for_problem("weights-damaged").await?;
        fs::remove_file(&weights)?;
        page.client.goto(&page.address).await?;
        page.wait_for_problem("weights-missing").await?;
        fs::write(&weights, &whole)?;
        page.open("").await.map(drop)
    })
}
