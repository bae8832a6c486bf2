//! The LAPGAN of the page's second view, from noise and from codes, compared with what the native library makes of the same numbers: to 40 dB, on the processor and on WebGPU.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim::burn::tensor::{Device, Tensor};
use deepsim::generation::{Generation, walk};
use deepsim::lapgan::PyramidGenerator;
use deepsim::model_file::ModelFile;
use deepsim::nets::lapgan::Made;
use deepsim::picture;
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::{in_browser, in_only_browser};
use deepsim_tests::page::Page;
use deepsim_tests::site::site;
use deepsim_tests::workspace;
use trainer::measure::psnr;

/// How alike pictures of two machines are, in dB.
const ALIKE: f64 = 40.0;
/// What a link to the view says.
const VIEW: &str = "side=128&view=generate&begins=noise&sheet=11&cell=4";
/// The same with codes in place of noise.
const CODED: &str = "side=128&view=generate&begins=code&sheet=11&cell=4";
/// Counts of redraws of whole squares are this many counts of a level, as the page has it.
const WHOLE: u32 = 1000;

/// Counts of a code's redraws as a level are this many counts of a redraw of its square, as the page has it.
const CODE: u64 = 1_000_000;

struct Native(PyramidGenerator);

impl Native {
    fn load() -> Result<Self> {
        Ok(Self(PyramidGenerator::new(&model("emoji-lapgan")?, &Device::flex())?))
    }

    /// Returns for each level of a picture the pictures that the page shows of it.
    fn levels(&self, place: u64, again: &[u32], class: Option<usize>) -> Result<Vec<Vec<Picture>>> {
        Self::parts(self.0.grow(&[self.0.draw(11, place, again, class)]))
    }

    /// Returns the same of a picture that begins with the `again`-th code of a place.
    fn coded(&self, place: u64, code: &[f32], again: &[u32]) -> Result<Vec<Vec<Picture>>> {
        let device = Device::flex();
        let autoencoder = Generation::new(&model("emoji-vae")?, &device)?;
        let decoded = autoencoder.decode(autoencoder.to_tensor(code, &device)); // [1, 3, 64, 64]
        Self::parts(self.0.replace_detail(decoded, 2, &[self.0.draw(11, place, again, None)]))
    }

    fn parts(levels: Vec<Made>) -> Result<Vec<Vec<Picture>>> {
        let read = |pictures: Tensor<4>| Ok(picture::from_data(&pictures.into_data())?);
        let level = |level: Made| match level.under {
            Some(under) => {
                let residual = (level.pictures.clone() - under.clone()).mul_scalar(2.0);
                read(Tensor::cat(vec![under, residual, level.pictures], 0))
            }
            None => read(level.pictures),
        };
        levels.into_iter().map(level).collect()
    }

    fn picture(&self, place: u64, again: &[u32], class: Option<usize>) -> Result<Picture> {
        self.levels(place, again, class)?.pop().and_then(|mut last| last.pop()).context("a pyramid has levels")
    }
}

fn model(name: &str) -> Result<ModelFile> {
    let path = workspace().join("models").join(name).with_extension("safetensors");
    Ok(ModelFile::from_bytes(&fs::read(path)?)?)
}

async fn ensure_shown(page: &Page, what: &str, tile: &str, wanted: &Picture) -> Result<()> {
    let likeness = psnr(&page.canvas(&format!("[data-tile='{tile}']")).await?, wanted);
    println!("{what}: {likeness:.1} dB");
    ensure!(likeness >= ALIKE, "{what}: {likeness} dB from the native one, not {ALIKE}");
    Ok(())
}

/// Compares the chosen picture's levels with the native ones.
async fn ensure_levels(page: &Page, what: &str, wanted: &[Vec<Picture>]) -> Result<()> {
    for pictures in wanted {
        let side = pictures[0].width();
        let parts = ["under", "residual", "sum"];
        for (part, picture) in parts[parts.len() - pictures.len()..].iter().zip(pictures) {
            ensure_shown(page, &format!("{what}: {part} of {side}"), &format!("emoji-lapgan-{side}-{part}"), picture).await?;
        }
    }
    Ok(())
}

async fn pyramids(page: &Page) -> Result<()> {
    let native = Native::load()?;
    for place in [0, 4, 15] {
        ensure_shown(page, &format!("square {place}"), &format!("emoji-lapgan-{}", place + 1), &native.picture(place, &[], None)?).await?;
    }
    ensure_levels(page, "as drawn", &native.levels(4, &[], None)?).await?;

    // One level anew: what is coarser stays, and so do the other squares.
    page.click("#pyramid-levels [data-level='1']").await?;
    page.rest().await?;
    ensure_levels(page, "a level anew", &native.levels(4, &[0, 1], None)?).await?;
    ensure_shown(page, "its square", "emoji-lapgan-5", &native.picture(4, &[0, 1], None)?).await?;
    let drawn = page.run("return document.querySelector(\"[data-tile='emoji-lapgan-7']\").dataset.drawn", vec![]).await?;
    ensure!(drawn == "1", "a square that stayed was drawn {drawn} times");

    // A class, and the whole square anew; a link restores it.
    let class = native.0.classes().iter().position(|class| class.name == "Food & Drink").context("the group of food")?;
    page.set("pyramid-class", &class.to_string()).await?;
    page.rest().await?;
    page.click("#cell-again").await?;
    page.rest().await?;
    let wanted = native.levels(4, &[WHOLE, WHOLE + 1, WHOLE, WHOLE], Some(class))?;
    ensure_levels(page, "of a class", &wanted).await?;
    let link = page.run("return location.hash.slice(1)", vec![]).await?;
    page.turn(VIEW).await?;
    page.rest().await?;
    ensure_levels(page, "back", &native.levels(4, &[], None)?).await?;
    page.turn(link.as_str().context("a link")?).await?;
    page.rest().await?;
    ensure_levels(page, "by link", &wanted).await
}

/// Compares pictures that begin with codes: the squares show what those of the autoencoder do, each level can be drawn anew, and a changed code has
/// detail, too.
async fn details(page: &Page) -> Result<()> {
    let native = Native::load()?;
    let autoencoder = Generation::new(&model("emoji-vae")?, &Device::flex())?;
    let code = |place, again| autoencoder.draw(11, place, again);
    let last = |mut levels: Vec<Vec<Picture>>| levels.pop().and_then(|mut last| last.pop()).context("a pyramid has levels");
    for place in [0, 15] {
        let wanted = last(native.coded(place, &code(place, 0)?, &[])?)?;
        ensure_shown(page, &format!("square {place}"), &format!("emoji-lapgan-{}", place + 1), &wanted).await?;
    }
    ensure_levels(page, "from a code", &native.coded(4, &code(4, 0)?, &[])?).await?;
    ensure_shown(page, "not changed", "emoji-lapgan-moved", &last(native.coded(4, &code(4, 0)?, &[])?)?).await?;

    page.click("#pyramid-levels [data-level='3']").await?;
    page.rest().await?;
    ensure_levels(page, "other detail", &native.coded(4, &code(4, 0)?, &[0, 0, 0, 1])?).await?;
    page.click("#pyramid-levels [data-level='2']").await?;
    page.rest().await?;
    ensure_levels(page, "another code", &native.coded(4, &code(4, CODE)?, &[0, 0, 1, 1])?).await?;
    page.click("#cell-again").await?;
    page.rest().await?;
    ensure_levels(page, "another square", &native.coded(4, &code(4, CODE + 1)?, &[WHOLE, WHOLE, WHOLE + 1, WHOLE + 1])?).await?;
    let hidden = page.run("return document.getElementById('pyramid-class-row').hidden", vec![]).await?;
    ensure!(hidden == true, "a class cannot be chosen: {hidden}");

    let halfway = walk(&code(4, 1)?, &code(1, 0)?, 0.5);
    page.set("way", "0.5").await?;
    page.rest().await?;
    ensure_shown(page, "halfway", "emoji-lapgan-moved", &last(native.coded(4, &halfway, &[])?)?).await?;

    page.set("pyramid-begins", "noise").await?;
    page.rest().await?;
    ensure_levels(page, "from noise", &native.levels(4, &[WHOLE; 4], None)?).await
}

async fn open_view(gpu: Gpu, page: &Page, view: &str) -> Result<()> {
    let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
    page.open(&format!("{query}#{view}")).await?;
    page.until("document.body.dataset.drawnAfter").await?;
    page.rest().await
}

#[test]
fn pyramids_are_the_native_ones() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        open_view(Gpu::None, page, VIEW).await?;
        pyramids(page).await
    })
}

#[test]
fn detail_of_codes_is_the_native_one() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        open_view(Gpu::None, page, CODED).await?;
        details(page).await
    })
}

#[test]
fn pyramids_are_the_native_ones_on_webgpu() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::Software, &site(temporary.path())?, async |page| {
        open_view(Gpu::Software, page, VIEW).await?;
        pyramids(page).await
    })
}

/// Ensures that sixty-four pictures, from noise or from codes, take less than a second on the processor, weights there: the aim is half of that.
#[test]
fn sixty_four_pictures_are_drawn_at_once() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_only_browser(Gpu::None, &site(temporary.path())?, async |page| {
        open_view(Gpu::None, page, CODED).await?;
        for (from, request, more) in [("noise", "draw-pyramids", "class: -1"), ("codes", "draw-detail", "autoencoder: 'emoji-vae'")] {
            let draw = format!(
                "return (async () => {{ const cells = Array.from({{length: 64}}, (_, place) => ({{place, code: 0, again: []}})); \
                const {{milliseconds}} = await deepsim.view('generate').ask('{request}', {{name: 'emoji-lapgan', seed: 1, cells, {more}}}, 'test'); \
                return milliseconds; }})()"
            );
            let mut best = f64::INFINITY;
            for _ in 0..5 {
                best = best.min(page.run(&draw, vec![]).await?.as_f64().context("milliseconds")?);
            }
            println!("64 pictures from {from}: {best} ms");
            ensure!(best < 1000.0, "{best} ms for 64 pictures from {from}");
        }
        Ok(())
    })
}
