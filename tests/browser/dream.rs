//! Dreams of the page, compared with native ones of as many steps, on the processor and on WebGPU.

use anyhow::{Context, Result, ensure};
use deepsim::lab::Analysis;
use deepsim::picture;
use deepsim_tests::beside::{ensure_alike, with_page};
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_only_browser;
use deepsim_tests::native::Native;
use deepsim_tests::page::Page;
use deepsim_tests::site::site;

/// What a link says; the class is the macaw.
const DREAM: &str = "tab=dream&class=88&from=noise&seed=5";
const MACAW: usize = 88;
/// Adam's rate, as the page has it.
const RATE: f64 = 0.1;

/// Returns the step and the probability in percent that the page tells.
async fn told(page: &Page) -> Result<(usize, f64)> {
    let text = page.text("#dream-told").await?;
    let (step, rest) = text.strip_prefix("Step ").and_then(|rest| rest.split_once(": macaw ")).context(text.clone())?;
    Ok((step.parse()?, rest.trim_end_matches(" %").parse()?))
}

/// Dreams until so many steps are done, and stops.
async fn dream_until(page: &Page, step: usize) -> Result<()> {
    page.click("#dream").await?;
    let reached = format!("Number(document.getElementById('dream-told').textContent.split(/[ :]/)[1]) >= {step}");
    page.until(&format!("document.getElementById('dream').textContent === 'Stop' && {reached}")).await?;
    page.click("#dream").await?;
    page.until("document.getElementById('dream').textContent === 'Dream'").await?;
    page.rest().await
}

/// Dreams a few steps from a start and compares the picture with the native one.
async fn dream_beside(page: &Page, native: &Native, analysis: &Analysis, from: &str, noise: Option<u64>) -> Result<()> {
    page.set("dream-start", from).await?;
    dream_until(page, 1).await?;
    let (steps, _) = told(page).await?;
    let mut dream = native.lab.dream("fire9", analysis, MACAW, noise)?;
    for _ in 0..steps {
        dream.step(RATE);
    }
    let wanted = picture::from_data(&dream.picture().into_data())?.pop().context("a picture")?;
    ensure_alike(&format!("{steps} steps from {from}"), &page.card("result").await?, &wanted)
}

async fn dreams(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    dream_beside(page, native, analysis, "noise", Some(5)).await?;
    dream_beside(page, native, analysis, "picture", None).await?;
    // It gets there, and the curve says so.
    dream_until(page, 50).await?;
    let (steps, probability) = told(page).await?;
    println!("{probability} % after {steps} steps");
    ensure!(probability > 50.0, "{probability} % after {steps} steps");
    let points =
        page.run("return document.querySelector('#dream-curve polyline').getAttribute('points').split(' ').length", vec![]).await?;
    ensure!(points == steps, "{points} points for {steps} steps");
    // Classes are found by a part of their name; what there is not is a sentence.
    page.set("dream-class", "goldfi").await?;
    ensure!(page.run("return deepsim.state.class", vec![]).await? == 1, "the goldfish comes before the goldfinch");
    page.set("dream-class", "unicorn").await?;
    ensure!(page.text("#dream-told").await?.contains("unicorn") && page.run("return deepsim.state.class", vec![]).await? == 1);
    Ok(())
}

#[test]
fn dreams_are_the_native_ones() -> Result<()> {
    with_page(Gpu::None, &["fire9"], DREAM, dreams)
}

#[test]
fn dreams_are_the_native_ones_on_webgpu() -> Result<()> {
    // A software adapter needs long for a step: what is compared is one from each start.
    with_page(Gpu::Software, &["fire9"], DREAM, async |page, native, analysis| {
        dream_beside(page, native, analysis, "noise", Some(5)).await?;
        dream_beside(page, native, analysis, "picture", None).await
    })
}

/// Ensures that the picture moves within a second on the processor, at the usual side.
#[test]
fn a_dream_moves_within_a_second() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_only_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("#side=224&tab=dream").await?;
        page.rest().await?;
        let script = "return (async () => { const begun = performance.now(); document.getElementById('dream').click(); \
            while (!document.getElementById('dream-told').textContent.startsWith('Step')) await new Promise((next) => setTimeout(next, 10)); \
            return performance.now() - begun; })()";
        let milliseconds = page.run(script, vec![]).await?.as_f64().context("milliseconds")?;
        println!("the first step after {milliseconds:.0} ms");
        ensure!(milliseconds < 1000.0, "the first step after {milliseconds} ms");
        page.screenshot("dream.png").await
    })
}
