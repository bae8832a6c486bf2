//! The view Restyle, used as a person does, and compared with the native library. The network's weights are random.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use deepsim::burn::tensor::Device;
use deepsim::model_file::{Card, Kind, ModelFile, Precision};
use deepsim::nets::stylist::{Stylist, StylistShape};
use deepsim::restyle::Restyler;
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_browser;
use deepsim_tests::page::{Page, open};
use deepsim_tests::picture;
use deepsim_tests::site::site_of;
use image::ImageFormat;
use serde_json::{Value, json};
use trainer::measure::psnr;

const SHAPE: StylistShape = StylistShape { channels: 8, styles: 2 };

/// Puts a style network into a site and returns it on the processor. The vectors of an untrained network's styles are all the same, so those of this
/// one are drawn.
fn add_stylist(site: &Path) -> Result<Restyler> {
    let device = Device::flex();
    device.seed(6);
    let card = Card { style_names: vec!["wave".to_owned(), "mosaic".to_owned()], ..Card::new(Kind::Stylist(SHAPE)) };
    let file = ModelFile::from_module(&Stylist::new(SHAPE, &device).with_random_styles(0.5), card, Precision::F16);
    let bytes = file.to_bytes()?;
    fs::write(site.join("models/styles.safetensors"), &bytes)?;
    let listed = site.join("models.json");
    let mut models: Vec<Value> = serde_json::from_slice(&fs::read(&listed)?)?;
    models.retain(|model| model["restyles"] != true);
    models.push(
        json!({ "name": "styles", "layer": "", "pictures": "", "loss": "", "restyles": true, "bytes": bytes.len(), "sha256": "styles" }),
    );
    fs::write(listed, serde_json::to_vec(&models)?)?;
    Ok(Restyler::new(&file, &device)?)
}

/// Waits for another picture on the canvas than the first `before`.
async fn painted_after(page: &Page, before: u64) -> Result<()> {
    page.until(&format!("Number(document.getElementById('restyle-canvas').dataset.drawn ?? 0) > {before}")).await?;
    page.until("!deepsim.engine.current && !deepsim.engine.waiting.length").await
}

async fn drawn(page: &Page) -> Result<u64> {
    Ok(page.run("return Number(document.getElementById('restyle-canvas').dataset.drawn ?? 0)", vec![]).await?.as_u64().unwrap_or(0))
}

fn restyling(gpu: Gpu) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire9"])?;
    let restyler = add_stylist(&site)?;
    // As large as what is shown, so that the browser does not resize it.
    let photo = temporary.path().join("photo.png");
    picture(256, 150, 4).save_with_format(&photo, ImageFormat::Png)?;
    let wide = temporary.path().join("wide.png");
    picture(500, 301, 5).save_with_format(&wide, ImageFormat::Png)?;
    in_browser(gpu, &site, async |page| {
        let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
        page.client.goto(&format!("{}{query}#view=restyle&painted=256&styles=0,100", page.address)).await?;
        painted_after(page, 0).await?;
        ensure!(page.text("h1").await? == "Your photo, painted", "{}", page.text("h1").await?);
        let before = drawn(page).await?;
        page.choose("restyle-file", &photo).await?;
        painted_after(page, before).await?;
        let original = open(&fs::read(&photo)?)?;
        let shown = page.canvas("#restyle-canvas").await?;
        let likeness = psnr(&shown, &restyler.restyle(&original, &[0.0, 1.0])?);
        ensure!(likeness >= 45.0, "{likeness} dB from the native painting");

        // A mixture is another painting, and a link holds it.
        page.run(
            "const slider = document.querySelector('#restyle-styles input'); slider.value = 50; slider.dispatchEvent(new Event('input'))",
            vec![],
        )
        .await?;
        painted_after(page, before + 1).await?;
        let mixed = page.canvas("#restyle-canvas").await?;
        let likeness = psnr(&mixed, &restyler.restyle(&original, &[50.0, 100.0])?);
        ensure!(likeness >= 45.0 && psnr(&mixed, &shown) < 40.0, "{likeness} dB from the native mixture");
        let hash = page.run("return location.hash", vec![]).await?;
        ensure!(hash.as_str().is_some_and(|hash| hash.contains("styles=50,100") && hash.contains("photo=")), "{hash}");

        // Without strength the photo is left; with its colours the brightness is the painting's.
        page.set("restyle-strength", "0").await?;
        ensure!(psnr(&page.canvas("#restyle-canvas").await?, &original) > 60.0, "the photo should be left");
        page.set("restyle-strength", "100").await?;
        page.click("#restyle-colours").await?;
        let coloured = page.canvas("#restyle-canvas").await?;
        ensure!(coloured != mixed && psnr(&coloured, &original) < 40.0);
        page.click("#restyle-colours").await?;
        page.screenshot("restyle.png").await?;
        if gpu == Gpu::Software {
            return Ok(());
        }
        page.choose("restyle-file", &wide).await?;
        page.until("deepsim.view('restyle').picture.width === 500 && !deepsim.engine.current").await?;
        save(page).await?;
        let whole = restyler.restyle(&open(&fs::read(&wide)?)?, &[50.0, 100.0])?;
        let likeness = psnr(&page.canvas("#saved").await?, &whole);
        ensure!(likeness >= 45.0, "the saved picture is {likeness} dB from the native one");
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}

/// Saves the full size, and draws what is saved on a canvas `#saved`.
async fn save(page: &Page) -> Result<()> {
    let script = "const address = URL.createObjectURL; URL.createObjectURL = (blob) => { \
            createImageBitmap(blob).then((bitmap) => { \
                const canvas = document.createElement('canvas'); \
                Object.assign(canvas, {id: 'saved', width: bitmap.width, height: bitmap.height}); \
                canvas.getContext('2d').drawImage(bitmap, 0, 0); document.body.append(canvas); }); \
            return address.call(URL, blob); }";
    page.run(script, vec![]).await?;
    page.click("#restyle-save").await?;
    page.until("document.getElementById('saved')").await?;
    ensure!(page.text("#status").await? == "Saved 500 x 301 pixels.", "{}", page.text("#status").await?);
    Ok(())
}

#[test]
fn photos_are_painted_as_natively() -> Result<()> {
    restyling(Gpu::None)
}

#[test]
fn photos_are_painted_as_natively_on_webgpu() -> Result<()> {
    restyling(Gpu::Software)
}

/// Paints the webcam until somebody ends it, and cancels a long painting.
#[test]
fn the_webcam_is_painted_live_and_a_large_photo_can_be_cancelled() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire9"])?;
    add_stylist(&site)?;
    let large = temporary.path().join("large.jpg");
    picture(4000, 3000, 4).save_with_format(&large, ImageFormat::Jpeg)?;
    in_browser(Gpu::None, &site, async |page| {
        page.client.goto(&format!("{}#view=restyle&painted=256", page.address)).await?;
        painted_after(page, 0).await?;
        page.click("#restyle-live").await?;
        page.until("Number(document.body.dataset.liveFrames) >= 10").await?;
        ensure!(page.text("#status").await?.contains("frames a second"), "{}", page.text("#status").await?);
        page.click("#restyle-live-end").await?;
        page.until("!deepsim.view('restyle').live.runs() && !deepsim.engine.current").await?;

        page.choose("restyle-file", &large).await?;
        page.until("deepsim.view('restyle').picture.width === 4000 && !deepsim.engine.current").await?;
        page.click("#restyle-save").await?;
        page.until("document.getElementById('status').textContent.includes('left.')").await?;
        page.click("#restyle-cancel").await?;
        page.until("document.getElementById('status').textContent === 'Cancelled.'").await?;
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}
