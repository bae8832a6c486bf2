//! The page's numbers and its devices, in a real browser: headless Chromium, on WebGPU (a software adapter) and without it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::{in_browser, in_browser_of_any_host};
use deepsim_tests::page::{Page, open};
use deepsim_tests::site::site_of;
use deepsim_tests::{picture, shipped_model, succeed, trainer, workspace};
use serde_json::{Value, json};
use trainer::measure::psnr;

/// Returns what `trainer invert` makes of the same file with the same model.
fn native(path: &Path, output: &Path) -> Result<Picture> {
    let mut command = trainer();
    command.args(["invert", "--device", "flex"]).arg(shipped_model());
    succeed(command.arg("--input").arg(path.canonicalize()?).arg("--output").arg(output))?;
    let name = path.file_stem().context("a picture has a name")?;
    open(&fs::read(output.join(name).with_added_extension("png"))?)
}

/// Pictures, and how alike the page's inversion and `trainer`'s are at least, in dB: decoders of JPEG differ.
const PICTURES: [(&str, f64); 3] = [("photo.png", 40.0), ("cat.jpg", 35.0), ("turned.jpg", 35.0)];

/// Asserts that the page's inversions equal those of `trainer invert`.
async fn assert_parity(page: &Page, pictures: &Path, which: &[(&str, f64)]) -> Result<()> {
    for &(name, least) in which {
        let path = pictures.join(name);
        page.upload(&path).await?;
        let likeness = psnr(&page.card("fire5").await?, &native(&path, &pictures.join("native"))?);
        println!("{name}: {likeness:.1} dB from the native inversion on {}", page.data("device").await?);
        ensure!(likeness >= least, "{name}: {likeness} dB from the native inversion, not {least}");
    }
    Ok(())
}

/// Writes a PNG with transparency, a JPEG, and the same JPEG rotated by its EXIF orientation.
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

/// Asserts that the networks give the golden activations in the browser, with the numbers and tolerances of the native test. Only the build for WebGPU holds
/// the judge, which the page itself does not use.
async fn assert_golden(page: &Page) -> Result<()> {
    let networks = [("squeezenet", 64), ("efficientnet_lite0", 96)];
    let count = if page.data("build").await? == "webgpu" { 2 } else { 1 };
    let bytes = fs::read(workspace().join("tests/golden/golden.safetensors"))?;
    let values = |data: &[u8]| data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let golden = safetensors::SafeTensors::deserialize(&bytes)?;
    let golden: BTreeMap<String, Vec<f32>> = golden.iter().map(|(name, view)| (name.to_owned(), values(view.data()))).collect();
    for (model, side) in &networks[..count] {
        let script = "const [url, side, done] = arguments; deepsim.engine.ask('activations', {url, side}).then( \
            (values) => done(Object.fromEntries([...values].map(([name, numbers]) => [name, [...numbers]]))), (cause) => done(String(cause)))";
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

/// Asserts golden activations and some inversions on one device. The judge's model file, which the page itself does not need, is added to
/// the site.
fn assert_numbers(gpu: Gpu, query: &str, build: &str, which: &[(&str, f64)]) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    let site = site_of(temporary.path(), &["fire5"])?;
    fs::copy(workspace().join("models/efficientnet_lite0.safetensors"), site.join("models/efficientnet_lite0.safetensors"))?;
    in_browser(gpu, &site, async |page| {
        println!("can be used after {} ms", page.open(query).await?);
        ensure!(page.data("build").await? == build, "{} on {}", page.data("build").await?, page.text("#device").await?);
        assert_golden(page).await?;
        assert_parity(page, temporary.path(), which).await
    })
}

#[test]
fn numbers_are_the_native_ones_on_the_processor() -> Result<()> {
    assert_numbers(Gpu::None, "", "cpu-threads-relaxed", &PICTURES)
}

/// Ensures that a browser that lacks what the fastest build needs gets another one.
#[test]
fn numbers_are_the_native_ones_in_slower_builds() -> Result<()> {
    for (query, build) in [("?without=relaxed-simd", "cpu-threads"), ("?without=threads", "cpu"), ("?without=threads,relaxed-simd", "cpu")]
    {
        assert_numbers(Gpu::None, query, build, &PICTURES[..1])?;
    }
    Ok(())
}

/// Ensures that a host need not isolate the page, whose first visit has one thread then and whose second the service worker isolates, and that a build that is
/// missing is no reason to stop.
#[test]
fn any_host_and_any_build_will_do() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire9"])?;
    in_browser_of_any_host(Gpu::None, &site, async |page| {
        page.open("#side=128").await?;
        ensure!(page.data("build").await? == "cpu", "first visit: {}", page.data("build").await?);
        page.until("navigator.serviceWorker.controller").await?;
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.data("build").await? == "cpu-threads-relaxed", "second visit: {}", page.data("build").await?);
        fs::remove_dir_all(site.join("wasm/cpu-threads-relaxed"))?;
        page.run("caches.keys().then((names) => names.forEach((name) => caches.delete(name)))", vec![]).await?;
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.data("build").await? == "cpu-threads", "without the fastest build: {}", page.data("build").await?);
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}

#[test]
fn numbers_are_the_native_ones_on_webgpu() -> Result<()> {
    // Which device computes makes no difference to how a file is decoded.
    assert_numbers(Gpu::Software, "?device=webgpu#side=224&tab=refine", "webgpu", &PICTURES[..1])
}

/// A worker that traps is replaced too.
#[test]
fn a_crash_is_survived() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire9"])?, async |page| {
        page.open("#side=128").await?;
        page.run("deepsim.engine.worker.dispatchEvent(new ErrorEvent('error', {message: 'unreachable executed'}))", vec![]).await?;
        page.until("deepsim.workers === 2").await?;
        page.rest().await?;
        ensure!(page.problem().await?.starts_with("crashed: "), "{}", page.problem().await?);
        Ok(())
    })
}

/// By itself the page does not compute on a software adapter; a person may ask for it, and for the processor again. Meanwhile the device is lost:
/// it is replaced, the page says so, and takes up the picture where it was.
#[test]
fn the_device_can_be_chosen_and_a_lost_one_is_replaced() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::Software, &site_of(temporary.path(), &["fire5", "fire9"])?, async |page| {
        page.open("#side=128&tab=refine").await?;
        ensure!(page.data("device").await? == "cpu");
        page.click("#drawer summary").await?;
        choose_device(page, "webgpu", 2).await?;

        let whole = page.card("fire9").await?;
        // In the middle of the work: what waits is dropped, and done again by the next worker.
        page.click("[data-example='flowers']").await?;
        page.until("deepsim.state.example === 'flowers' && deepsim.engine.waiting.length").await?;
        page.run("deepsim.engine.ask('lose-device', {}, {urgency: 9}).catch(() => {})", vec![]).await?;
        page.until("deepsim.workers === 3").await?;
        page.rest().await?;
        ensure!(page.problem().await?.starts_with("device-lost: "), "{}", page.problem().await?);
        page.run("document.querySelector('[data-example=cat]').click()", vec![]).await?;
        page.until("deepsim.state.example === 'cat'").await?;
        page.rest().await?;
        ensure!(page.card("fire9").await? == whole, "another picture after the loss");

        choose_device(page, "cpu", 4).await
    })
}

/// Chooses a device, waits for the worker of this number and ensures that the drawer tells what it did.
async fn choose_device(page: &Page, choice: &str, workers: u32) -> Result<()> {
    page.set("device-choice", choice).await?;
    page.until(&format!("deepsim.workers === {workers}")).await?;
    page.rest().await?;
    ensure!(page.data("device").await? == choice, "{choice}: {}", page.text("#device").await?);
    let drawer = page.text("#stages").await?;
    println!("{}: {drawer}", page.text("#device").await?);
    ensure!(drawer.contains("MB") && drawer.contains("invert fire9") && drawer.contains("features"), "{drawer}");
    Ok(())
}

/// Whatever goes wrong has a sentence of its own, and the page goes on working; what is only odd is inverted.
#[test]
fn odd_files_are_inverted_or_named() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    let path = |name: &str| temporary.path().join(name);
    fs::write(path("words.jpg"), b"words")?;
    fs::write(path("zeros.png"), [0; 5000])?;
    let jpeg = fs::read(path("cat.jpg"))?;
    fs::write(path("cut.jpg"), &jpeg[..400])?;
    // 51 megapixels of one colour: small as a file, too big to invert.
    image::GrayImage::new(8000, 6400).save(path("huge.png"))?;
    picture(1, 1, 0).save(path("dot.png"))?;
    picture(30_000, 20, 3).save(path("wide.png"))?;
    picture(4000, 3000, 5).save(path("twelve-megapixels.jpg"))?;
    fs::copy(workspace().join("tests/pictures/two-frames.gif"), path("two-frames.gif"))?;

    in_browser(Gpu::None, &site_of(temporary.path(), &["fire9"])?, async |page| {
        page.open("#side=128").await?;
        for (file, kind) in
            [("words.jpg", "not-a-picture"), ("zeros.png", "not-a-picture"), ("cut.jpg", "not-decoded"), ("huge.png", "too-big")]
        {
            page.choose("file", &path(file)).await?;
            page.wait_for_problem(kind).await?;
            println!("{}", page.problem().await?);
            page.upload(&path("photo.png")).await?;
        }
        for file in ["dot.png", "wide.png", "twelve-megapixels.jpg", "two-frames.gif"] {
            page.upload(&path(file)).await.context(file)?;
            println!("{file}: {}", page.text("#status").await?);
        }
        let frame = page.card("original").await?;
        ensure!(frame.rgb().chunks(3).all(|pixel| pixel[0] > 150 && pixel[2] < 90), "not the first frame of the animation");
        Ok(())
    })
}

/// Neither another picture, nor a move of the square, nor a file that is none loses the picture that was wished for last.
#[test]
fn of_pictures_in_a_row_the_last_one_counts() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    pictures(temporary.path())?;
    let path = |name: &str| temporary.path().join(name);
    picture(3000, 20, 3).save(path("wide.png"))?;

    in_browser(Gpu::None, &site_of(temporary.path(), &["fire9"])?, async |page| {
        page.open("#side=128").await?;
        page.choose("file", &path("wide.png")).await?;
        page.upload(&path("photo.png")).await?;
        let photo = page.card("original").await?;
        let likeness = psnr(&photo, &open(&fs::read(path("photo.png"))?)?.centre_crop(128)?);
        ensure!(likeness > 15.0, "the first of two pictures won: {likeness} dB");
        page.run("window.photo = deepsim.view('invert').source", vec![]).await?;
        page.upload(&path("wide.png")).await?;
        let wide = page.card("original").await?;
        page.run(
            "window.wide = deepsim.view('invert').source; window.words = {file: new Blob(['words']), name: 'words', example: ''}",
            vec![],
        )
        .await?;
        for (steps, shown, problem) in [
            ("deepsim.view('invert').open(photo); deepsim.view('invert').cut()", &photo, ""),
            (
                "deepsim.view('invert').cut(); deepsim.view('invert').open(wide); deepsim.view('invert').cut(); deepsim.view('invert').open(photo); deepsim.view('invert').cut()",
                &photo,
                "",
            ),
            ("deepsim.view('invert').open(wide); deepsim.view('invert').cut(); deepsim.view('invert').open(words)", &wide, "not-a-picture"),
            ("deepsim.view('invert').open(words); deepsim.view('invert').open(photo)", &photo, "not-a-picture"),
        ] {
            page.run(steps, vec![]).await?;
            page.rest().await?;
            ensure!(page.card("original").await? == *shown, "another picture after {steps}");
            let complaint = page.problem().await?;
            ensure!(complaint.starts_with(problem) && complaint.is_empty() == problem.is_empty(), "{steps}: {complaint}");
        }
        Ok(())
    })
}
