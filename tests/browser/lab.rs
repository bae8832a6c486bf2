//! What a visitor brings, sees and keeps, done as a person does it, and compared with the native library: pictures to 40 dB, errors to a
//! thousandth. Here on the processor: files are opened and saved in the same way on every device. What WebGPU computes is tested in
//! `experiments.rs`, with the experiments.

use anyhow::{Context, Result, ensure};
use deepsim::lab::Analysis;
use deepsim_tests::beside::{SIDE, ensure_alike, with_page};
use deepsim_tests::browser::Gpu;
use deepsim_tests::native::{Native, now};
use deepsim_tests::page::{Page, open};
use deepsim_tests::workspace;
use trainer::measure::psnr;

/// Ensures that every inversion, its errors and its class are the native ones, and that two can be compared.
pub(crate) async fn layers(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    ensure_alike("the example", analysis.picture(), &Native::example("cat", SIDE)?)?;
    for name in &native.names {
        let wanted = now(native.lab.invert(name, analysis, None))?;
        ensure_alike(name, &page.card(name).await?, &wanted)?;
        let again = native.lab.analyse(wanted)?;
        let errors = now(native.lab.errors(name, analysis, &again))?;
        let (picture, feature, classes) = page.judged(name).await?;
        let off = (picture - f64::from(errors.picture)).abs().max((feature - f64::from(errors.feature)).abs());
        ensure!(off < 1e-3, "{name}: {picture}, {feature}, natively {errors:?}");
        let wanted: Vec<u64> = now(native.lab.classes(&again, 5))?.iter().map(|class| class.0 as u64).collect();
        // The likeliest; further ones may be equally likely.
        ensure!(classes.len() == 5 && classes[0] == wanted[0], "{name}: classes {classes:?}, natively {wanted:?}");
    }
    // The comparison shows two of them, parted where the slider stands.
    page.click("[data-name='fire5'] .picture").await?;
    page.set("compare-place", "25").await?;
    ensure!(page.canvas("#compare-over").await? == *analysis.picture());
    ensure!(page.canvas("#compare-under").await? == page.card("fire5").await?);
    let parted = page.run("return document.getElementById('compare-over').style.clipPath", vec![]).await?;
    ensure!(parted == "inset(0px 75% 0px 0px)", "{parted}");
    page.set("compare-right", "fire9").await?;
    ensure!(page.canvas("#compare-under").await? == page.card("fire9").await?);
    page.click("#compare button").await
}

/// What a link says when pictures are kept, and when they are brought.
const KEPT: &str = "edit=noise&amount=0.4&seed=7";
const BROUGHT: &str = "tab=refine";

async fn keeping(page: &Page, native: &Native, _: &Analysis) -> Result<()> {
    page.catch_saved().await?;
    page.click("[data-name='fire9'] button.small").await?;
    ensure!(open(&page.saved(1).await?)? == page.card("fire9").await?);
    page.click("#save-sheet").await?;
    let sheet = open(&page.saved(2).await?)?;
    // The picture, all inversions and the result, four in a row, labels below.
    let rows = (native.names.len() + 2).div_ceil(4);
    ensure!((sheet.width(), sheet.height()) == (4 * 232 + 8, rows * 272 + 8), "{}x{}", sheet.width(), sheet.height());
    // A link restores what was shown.
    let result = page.card("result").await?;
    page.set("inverter", "fire5").await?;
    page.click("#tab-mix").await?;
    page.set("share", "0.25").await?;
    page.rest().await?;
    let mixed = page.card("result").await?;
    ensure!(mixed != result);
    page.click("#copy-link").await?;
    let link = page.run("return location.href", vec![]).await?;
    let link = link.as_str().context("a link")?;
    println!("{link}");
    // Pasted into a page that shows something else, and, where the page is not long in loading, opened anew.
    page.turn(&format!("side={SIDE}&example=chairs&tab=refine")).await?;
    ensure!(page.run("return deepsim.view('invert').source.example", vec![]).await? == "chairs");
    page.client.goto(link).await?;
    page.rest().await?;
    ensure_alike("a pasted link's", &page.card("result").await?, &mixed)?;
    if page.data("device").await? == "cpu" {
        page.client.goto("about:blank").await?;
        page.client.goto(link).await?;
        page.rest().await?;
        ensure_alike("the link's", &page.card("result").await?, &mixed)?;
    }
    // An own picture is not in it, and that is said.
    page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
    page.click("#copy-link").await?;
    page.until("document.getElementById('status').textContent.includes('not your photo')").await?;
    let link = page.run("return location.hash", vec![]).await?;
    ensure!(link.as_str().is_some_and(|link| link.contains("example=&")), "{link}");
    Ok(())
}

async fn bringing(page: &Page, _: &Native, _: &Analysis) -> Result<()> {
    let cat = workspace().join("tests/pictures/cat.jpg");
    let whole = open(&std::fs::read(&cat)?)?;
    page.upload(&cat).await?;
    let chosen = page.card("original").await?;
    let likeness = psnr(&chosen, &whole.centre_crop(SIDE)?);
    ensure!(likeness >= 35.0, "chosen: {likeness} dB");
    page.click("[data-example='chairs']").await?;
    page.until("deepsim.state.example === 'chairs'").await?;
    page.rest().await?;
    ensure!(psnr(&page.card("original").await?, &Native::example("chairs", SIDE)?) >= 35.0);
    for event in ["drop", "paste"] {
        page.give(event, &cat).await.context(event)?;
        ensure!(page.card("original").await? == chosen, "{event}: another picture");
    }
    // Half as wide, at the left: by keyboard, by wheel, by mouse.
    page.click("#cropping summary").await?;
    let script = "const crop = document.getElementById('crop'); \
        const zoom = document.getElementById('zoom'); zoom.value = '2'; zoom.dispatchEvent(new Event('input')); \
        for (let i = 0; i < 40; i++) crop.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', cancelable: true}))";
    let before = page.picture_name().await?;
    page.run(script, vec![]).await?;
    page.another_picture(&before).await?;
    let size = whole.width().min(whole.height()) as f64 / 2.0;
    let crop = deepsim::picture::Crop { left: 0.0, top: whole.height() as f64 / 2.0 - size / 2.0, width: size, height: size };
    let likeness = psnr(&page.card("original").await?, &whole.crop_resize(crop, SIDE)?);
    ensure!(likeness >= 35.0, "cropped: {likeness} dB");
    let script = "const crop = document.getElementById('crop'); const event = (type, more) => crop.dispatchEvent(new (type === 'wheel' ? WheelEvent : PointerEvent)(type, {cancelable: true, ...more})); \
        event('wheel', {deltaY: -1}); event('pointermove', {buttons: 1, movementX: -50, movementY: 0}); return deepsim.view('invert').cropper.square()";
    let before = page.picture_name().await?;
    let square = page.run(script, vec![]).await?;
    ensure!(square["left"].as_f64() > Some(1.0) && square["size"].as_f64() < Some(size), "{square}");
    page.another_picture(&before).await?;
    // The webcam's picture: Chromium's test pattern, which is mostly green.
    page.click("#webcam").await?;
    page.until("document.getElementById('video').videoWidth > 0").await?;
    let before = page.picture_name().await?;
    page.click("#shoot").await?;
    page.another_picture(&before).await?;
    ensure!(page.run("return deepsim.view('invert').source.name", vec![]).await? == "webcam");
    let picture = page.card("original").await?;
    let green = picture.rgb().chunks(3).filter(|pixel| pixel[1] > pixel[0] && pixel[1] > pixel[2]).count();
    ensure!(green * 2 > SIDE * SIDE, "{green} green pixels");
    Ok(())
}

#[test]
fn every_layer_is_the_native_one() -> Result<()> {
    with_page(Gpu::None, &[], "tab=refine", layers)
}

#[test]
fn what_is_shown_can_be_kept() -> Result<()> {
    with_page(Gpu::None, &["fire5", "fire9"], KEPT, keeping)
}

#[test]
fn pictures_come_from_everywhere() -> Result<()> {
    with_page(Gpu::None, &["fire9"], BROUGHT, bringing)
}

/// Larger and smaller pictures, as the visitor chooses.
#[test]
fn the_size_can_be_chosen() -> Result<()> {
    with_page(Gpu::None, &[], "tab=refine", async |page, native, _| {
        for side in [128, 224, 320, 448] {
            page.set("size", &side.to_string()).await?;
            page.until(&format!("deepsim.view('invert').gallery.original.shown?.side === {side}")).await?;
            page.rest().await?;
            let analysis = native.lab.analyse(page.card("original").await?)?;
            for name in &native.names {
                ensure_alike(&format!("{name} at {side}"), &page.card(name).await?, &now(native.lab.invert(name, &analysis, None))?)?;
            }
        }
        Ok(())
    })
}
