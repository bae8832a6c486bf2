//! The page's second view, used as a person uses it, and compared with what the native library makes of the same codes: to 40 dB, on the
//! processor and on WebGPU.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim::burn::tensor::Device;
use deepsim::generation::{Generation, moved, walk};
use deepsim::model_file::ModelFile;
use deepsim::picture;
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::{in_browser, in_only_browser};
use deepsim_tests::page::{Page, open};
use deepsim_tests::site::site;
use deepsim_tests::workspace;
use serde_json::json;
use trainer::measure::psnr;

/// How alike pictures of two machines are, in dB.
const ALIKE: f64 = 40.0;
/// The models of the emoji, as the page has them.
const MODELS: [&str; 2] = ["emoji-vae", "emoji-vae-image"];

/// What a link to the view says, and what for sheets, and for walks and moves.
const VIEW: &str = "side=128&view=generate";
const SHEETS: &str = "sheet=11";
// The sheet at which the test of sheets ends: a software adapter needs twenty seconds to draw another.
const MOVES: &str = "sheet=12&cell=2&to=9";
const UNMOVED: &str = "sheet=12";

/// An autoencoder on the processor.
struct Native(Generation);

impl Native {
    fn load(name: &str) -> Result<Self> {
        let bytes = fs::read(workspace().join("models").join(name).with_added_extension("safetensors"))?;
        Ok(Self(Generation::new(&ModelFile::from_bytes(&bytes)?, &Device::flex())?))
    }

    fn draw(&self, seed: u64, place: u64, again: u64) -> Result<Vec<f32>> {
        Ok(self.0.draw(seed, place, again)?)
    }

    fn picture(&self, code: &[f32]) -> Result<Picture> {
        let made = self.0.decode(self.0.to_tensor(code, &Device::flex()));
        picture::from_data(&made.into_data())?.pop().context("one picture")
    }

    fn moved(&self, code: &[f32], amounts: &[f32]) -> Result<Picture> {
        self.picture(&moved(code, self.0.codes().context("directions")?, amounts))
    }
}

async fn ensure_shown(page: &Page, what: &str, tile: &str, wanted: &Picture) -> Result<()> {
    let likeness = psnr(&page.canvas(&format!("[data-tile='{tile}']")).await?, wanted);
    println!("{what}: {likeness:.1} dB");
    ensure!(likeness >= ALIKE, "{what}: {likeness} dB from the native one, not {ALIKE}");
    Ok(())
}

fn with_view(gpu: Gpu, state: &str, body: impl AsyncFnOnce(&Page) -> Result<()>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(gpu, &site(temporary.path())?, async |page| {
        open_view(gpu, page, state).await?;
        body(page).await
    })
}

async fn open_view(gpu: Gpu, page: &Page, state: &str) -> Result<()> {
    let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
    page.open(&format!("{query}#{VIEW}&{state}")).await?;
    page.until("document.body.dataset.drawnAfter").await?;
    page.rest().await?;
    ensure!(page.data("device").await? == if gpu == Gpu::Software { "webgpu" } else { "cpu" });
    Ok(())
}

async fn sheets(page: &Page) -> Result<()> {
    for name in MODELS {
        let native = Native::load(name)?;
        for place in [0, 5, 15] {
            let wanted = native.picture(&native.draw(11, place, 0)?)?;
            ensure_shown(page, &format!("square {place} of {name}"), &format!("{name}-{}", place + 1), &wanted).await?;
        }
    }
    // One square anew: the others stay.
    page.click("[data-tile='emoji-vae-6']").await?;
    page.click("#cell-again").await?;
    page.rest().await?;
    for name in MODELS {
        let native = Native::load(name)?;
        for (place, again) in [(5, 1), (6, 0)] {
            let wanted = native.picture(&native.draw(11, place, again)?)?;
            ensure_shown(page, &format!("square {place}, drawn again {again}"), &format!("{name}-{}", place + 1), &wanted).await?;
        }
    }
    let drawn = page.run("return document.querySelector(\"[data-tile='emoji-vae-7']\").dataset.drawn", vec![]).await?;
    ensure!(drawn == "1", "a square that stayed was drawn {drawn} times");
    // Another sheet, and a seed of one's own.
    page.click("#sheet-next").await?;
    page.rest().await?;
    let native = Native::load("emoji-vae")?;
    ensure_shown(page, "the next sheet", "emoji-vae-6", &native.picture(&native.draw(12, 5, 0)?)?).await
}

async fn moves(page: &Page) -> Result<()> {
    let natives = MODELS.map(Native::load).into_iter().collect::<Result<Vec<_>>>()?;
    page.set("way", "0.4").await?;
    page.rest().await?;
    let between = |native: &Native| -> Result<Vec<f32>> { Ok(walk(&native.draw(12, 2, 0)?, &native.draw(12, 9, 0)?, 0.4)) };
    for (name, native) in MODELS.iter().zip(&natives) {
        ensure_shown(page, "on the way", &format!("{name}-moved"), &native.picture(&between(native)?)?).await?;
    }
    // A slider, then the pad by keyboard: right and up.
    let script = "const slider = document.querySelectorAll('#moves input')[2]; slider.value = '-1.5'; slider.dispatchEvent(new Event('input')); \
        const pad = document.getElementById('pad'); \
        for (const key of ['ArrowRight', 'ArrowRight', 'ArrowUp']) pad.dispatchEvent(new KeyboardEvent('keydown', {key, cancelable: true}))";
    page.run(script, vec![]).await?;
    page.rest().await?;
    for (name, native) in MODELS.iter().zip(&natives) {
        let wanted = native.moved(&between(native)?, &[1.0, -0.5, -1.5])?;
        ensure_shown(page, "moved", &format!("{name}-moved"), &wanted).await?;
    }
    // A link restores all of it.
    page.click("#copy-drawn").await?;
    let link = page.run("return location.href", vec![]).await?;
    let link = link.as_str().context("a link")?;
    page.turn(&format!("{VIEW}&{UNMOVED}")).await?;
    ensure!(page.run("return deepsim.state.moves.length", vec![]).await? == 0, "moved still");
    if page.data("device").await? == "cpu" {
        // Where the page is not long in loading, it is opened anew.
        page.client.goto("about:blank").await?;
    }
    page.client.goto(link).await?;
    page.until("document.body.dataset.drawnAfter").await?;
    page.rest().await?;
    for (name, native) in MODELS.iter().zip(&natives) {
        let wanted = native.moved(&between(native)?, &[1.0, -0.5, -1.5])?;
        ensure_shown(page, "by link", &format!("{name}-moved"), &wanted).await?;
    }
    page.click("#moves-reset").await?;
    page.set("way", "0").await?;
    page.rest().await?;
    let wanted = natives[0].picture(&natives[0].draw(12, 2, 0)?)?;
    ensure_shown(page, "back", "emoji-vae-moved", &wanted).await
}

async fn own_picture(page: &Page) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = temporary.path().join("own.png");
    deepsim_tests::picture(80, 64, 2).save(&path)?;
    let square = open(&fs::read(&path)?)?.centre_crop(64)?;
    page.choose("encode-file", &path).await?;
    page.until("document.getElementById('chosen').textContent.includes('own.png')").await?;
    page.rest().await?;
    for name in MODELS {
        let native = Native::load(name)?;
        let code = native.0.encode(picture::to_tensor(std::slice::from_ref(&square), &Device::flex())?);
        let code: Vec<f32> = code.into_data().iter().collect();
        ensure_shown(page, "encoded", &format!("{name}-moved"), &native.picture(&code)?).await?;
        if name == MODELS[0] {
            page.run(
                "const slider = document.querySelector('#moves input'); slider.value = '2'; slider.dispatchEvent(new Event('input'))",
                vec![],
            )
            .await?;
            page.rest().await?;
            ensure_shown(page, "encoded and moved", &format!("{name}-moved"), &native.moved(&code, &[2.0])?).await?;
            page.click("#moves-reset").await?;
            page.rest().await?;
        }
    }
    // The sheets of both losses and of LAPGAN as one picture.
    page.catch_saved().await?;
    page.click("#save-drawn").await?;
    let sheet = open(&page.saved(1).await?)?;
    ensure!((sheet.width(), sheet.height()) == (3 * (4 * 64 + 8) + 8, 4 * 64 + 32), "{}x{}", sheet.width(), sheet.height());
    // The laboratory is untouched by all this, and nothing was computed for it before it is looked at.
    ensure!(page.run("return deepsim.view('invert').hasPicture", vec![]).await? == false);
    let said = page.text("#status").await?;
    page.click("#view-invert").await?;
    ensure!(page.run("return document.getElementById('invert').hidden", vec![]).await? == false);
    ensure!(page.run("return deepsim.state.example", vec![]).await? == json!("cat"));
    page.until("deepsim.view('invert').hasPicture").await?;
    // Each view has its own headline and its own line.
    let headline = page.text("h1").await?;
    ensure!(page.text("#status").await? != said, "{said}");
    page.click("#view-generate").await?;
    ensure!(page.text("#status").await? == said, "{said}");
    ensure!(page.text("h1").await? != headline, "{headline}");
    Ok(())
}

#[test]
fn sheets_are_the_native_ones() -> Result<()> {
    with_view(Gpu::None, SHEETS, sheets)
}

#[test]
fn codes_are_walked_and_moved() -> Result<()> {
    with_view(Gpu::None, MOVES, moves)
}

#[test]
fn an_own_picture_is_encoded() -> Result<()> {
    with_view(Gpu::None, "", own_picture)
}

/// One after the other on one page: a software adapter needs long to compile what a page computes with.
#[test]
fn the_view_is_the_native_one_on_webgpu() -> Result<()> {
    with_view(Gpu::Software, SHEETS, async |page| {
        sheets(page).await?;
        page.turn(&format!("{VIEW}&{MOVES}")).await?;
        moves(page).await?;
        page.turn(&format!("{VIEW}&{UNMOVED}")).await?;
        own_picture(page).await
    })
}

/// Sixteen pictures in under a second on the processor, weights there.
#[test]
fn a_sheet_is_drawn_at_once() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_only_browser(Gpu::None, &site(temporary.path())?, async |page| {
        open_view(Gpu::None, page, "").await?;
        page.run("document.body.dataset.drawnAfter = ''", vec![]).await?;
        page.click("#sheet-next").await?;
        page.until("document.body.dataset.drawnAfter").await?;
        let milliseconds: f64 = page.data("drawnAfter").await?.parse()?;
        println!("three sheets of 16 pictures: {milliseconds} ms");
        ensure!(milliseconds < 2000.0, "{milliseconds} ms for three sheets");
        page.screenshot("generate.png").await
    })
}
