//! The view Enlarge, used as a person does, and compared with the native library. The network's weights are random: they start close to the
//! bicubic enlargement, and not on it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::burn::tensor::Device;
use deepsim::enlarge::Enlarger;
use deepsim::model_file::{Card, Kind, ModelFile, Precision};
use deepsim::nets::upscaler::{Upscaler, UpscalerShape};
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_browser;
use deepsim_tests::page::{Page, open};
use deepsim_tests::picture;
use deepsim_tests::site::site_of;
use image::ImageFormat;
use serde_json::{Value, json};
use trainer::measure::psnr;

/// Whether the view is done, or asks whether it should do what takes long.
const DONE_OR_ASKS: &str = "document.body.dataset.enlargedAfter || !document.getElementById('enlarge-go').hidden";

const SHAPE: UpscalerShape = UpscalerShape { channels: 16, blocks: 1 };

/// Adds upscalers to a site, for two losses; returns the one of the image loss.
fn add_upscalers(site: &Path) -> Result<ModelFile> {
    let device = Device::flex();
    device.seed(5);
    let listed = site.join("models.json");
    let mut models: Vec<Value> = serde_json::from_slice(&fs::read(&listed)?)?;
    models.retain(|model| model["enlarges"] != true);
    let mut files = Vec::new();
    for (name, loss) in [("enlarge-image", "image"), ("enlarge", "deepsim")] {
        let file = ModelFile::from_module(&Upscaler::new(SHAPE, &device), Card::new(Kind::Upscaler(SHAPE)), Precision::F16);
        let bytes = file.to_bytes()?;
        fs::write(site.join("models").join(name).with_added_extension("safetensors"), &bytes)?;
        models.push(
            json!({ "name": name, "layer": "", "pictures": "", "loss": loss, "enlarges": true, "bytes": bytes.len(), "sha256": name }),
        );
        files.push(file);
    }
    fs::write(listed, serde_json::to_vec(&models)?)?;
    Ok(files.swap_remove(0))
}

fn enlarging(gpu: Gpu) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire9"])?;
    let enlarger = Enlarger::new(&add_upscalers(&site)?, &Device::flex())?;
    let photo = temporary.path().join("photo.png");
    picture(150, 90, 4).save_with_format(&photo, ImageFormat::Png)?;
    in_browser(gpu, &site, async |page| {
        let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
        page.client.goto(&format!("{}{query}#view=enlarge&right=enlarge-image&small=portrait", page.address)).await?;
        page.until(DONE_OR_ASKS).await?;
        ensure!(page.run("return deepsim.view('enlarge').source.example", vec![]).await? == "portrait", "the link's example");
        ensure!(page.text("h1").await? == "Four times as large", "{}", page.text("h1").await?);
        enlarge(page, &photo).await?;
        let wanted = enlarger.enlarge(&open(&fs::read(&photo)?)?)?;
        let likeness = psnr(&page.canvas("#enlarge-wipe canvas").await?, &wanted);
        ensure!(likeness >= 50.0, "{likeness} dB from the native enlargement");
        ensure!(psnr(&page.canvas("#enlarge-wipe canvas:last-child").await?, &wanted) < 49.0, "the left one should be bicubic");

        // The two meet where the slider stands; a link says so, too.
        page.set("enlarge-place", "30").await?;
        let clip = page.run("return document.querySelector('#enlarge-wipe canvas:last-child').style.clipPath", vec![]).await?;
        ensure!(clip == "inset(0px 70% 0px 0px)", "{clip}");
        let hash = page.run("return location.hash", vec![]).await?;
        let hash = hash.as_str().context("a hash")?;
        ensure!(hash.contains("boundary=30") && hash.contains("small=&"), "{hash}: an own picture is in no link");
        page.run("document.body.dataset.enlargedAfter = ''", vec![]).await?;
        page.set("enlarge-right", "enlarge").await?;
        finish(page).await?;
        ensure!(page.canvas("#enlarge-wipe canvas").await? != wanted);
        page.screenshot("enlarge.png").await
    })
}

/// Chooses a picture and waits until it is enlarged.
async fn enlarge(page: &Page, photo: &Path) -> Result<()> {
    page.run("document.body.dataset.enlargedAfter = ''", vec![]).await?;
    page.choose("enlarge-file", photo).await?;
    page.until("deepsim.view('enlarge').layers[0]?.canvas.width === 600").await?;
    finish(page).await
}

/// Waits until both enlargements are there; what takes long is asked for, as the view then wants it.
async fn finish(page: &Page) -> Result<()> {
    page.until(DONE_OR_ASKS).await?;
    if page.data("enlargedAfter").await?.is_empty() {
        page.click("#enlarge-go").await?;
    }
    page.until("document.body.dataset.enlargedAfter").await
}

#[test]
fn pictures_are_enlarged_as_natively() -> Result<()> {
    enlarging(Gpu::None)
}

#[test]
fn pictures_are_enlarged_as_natively_on_webgpu() -> Result<()> {
    enlarging(Gpu::Software)
}

/// A photo of twelve megapixels is named too large, and a smaller copy is enlarged in its place; what goes on can be cancelled.
#[test]
fn what_is_too_large_is_offered_smaller() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire9"])?;
    add_upscalers(&site)?;
    let photo = temporary.path().join("photo.jpg");
    picture(4000, 3000, 4).save_with_format(&photo, ImageFormat::Jpeg)?;
    in_browser(Gpu::None, &site, async |page| {
        page.client.goto(&format!("{}#view=enlarge", page.address)).await?;
        page.until(DONE_OR_ASKS).await?;
        page.choose("enlarge-file", &photo).await?;
        page.until("document.getElementById('enlarge-told').textContent.includes('4000 x 3000')").await?;
        ensure!(page.text("#enlarge-told").await?.contains("too large"), "{}", page.text("#enlarge-told").await?);
        page.click("#enlarge-smaller").await?;
        // How long it will take is told after the first tile, and then it is begun when it is asked for.
        page.until("!document.getElementById('enlarge-go').hidden").await?;
        ensure!(page.text("#enlarge-told").await?.starts_with("This will take about"), "{}", page.text("#enlarge-told").await?);
        page.click("#enlarge-go").await?;
        page.until("!document.getElementById('enlarge-cancel').hidden").await?;
        page.click("#enlarge-cancel").await?;
        page.until("document.getElementById('enlarge-told').textContent === 'Cancelled.'").await?;
        let width = page.run("return document.querySelector('#enlarge-wipe canvas').width", vec![]).await?;
        ensure!(width.as_u64().is_some_and(|width| width > 4000 && width < 8000), "{width}");
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}
