//! The depth slider on the first screen: what it draws is mixed from the cards' pictures.

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim_tests::beside::with_page;
use deepsim_tests::browser::Gpu;
use deepsim_tests::page::Page;

/// Does something and returns what is drawn after it.
async fn after(page: &Page, action: impl AsyncFnOnce() -> Result<()>) -> Result<Picture> {
    let drawn = page.run("return Number(document.getElementById('depth-canvas').dataset.drawn ?? 0)", vec![]).await?;
    action().await?;
    page.until(&format!("Number(document.getElementById('depth-canvas').dataset.drawn) > {drawn}")).await?;
    page.until("!deepsim.view('invert').depth.frame").await?;
    page.canvas("#depth-canvas").await
}

/// Ensures that each level is `wanted` of those at its place in two pictures, but for the columns that `left_out` names and three levels.
fn ensure_mixed(
    what: &str,
    found: &Picture,
    [a, b]: [&Picture; 2],
    left_out: std::ops::Range<usize>,
    wanted: impl Fn(usize, f64, f64) -> f64,
) -> Result<()> {
    let width = found.width();
    for (at, ((found, a), b)) in found.rgb().iter().zip(a.rgb()).zip(b.rgb()).enumerate() {
        let column = at / 3 % width;
        let wanted = wanted(column, f64::from(*a), f64::from(*b));
        ensure!(
            left_out.contains(&column) || (f64::from(*found) - wanted).abs() <= 3.0,
            "{what}: {found}, not {wanted}, in column {column}"
        );
    }
    Ok(())
}

#[test]
fn the_picture_dissolves_into_what_a_layer_kept() -> Result<()> {
    with_page(Gpu::None, &["fire5", "fire5-image"], "depth=1", async |page, _, _| {
        page.rest().await?;
        let (photo, fire5, image) = (page.card("original").await?, page.card("fire5").await?, page.card("fire5-image").await?);
        let none = 0..0;
        ensure!(page.text("#depth-told").await?.starts_with("fire5 keeps"), "{}", page.text("#depth-told").await?);
        let shown = after(page, async || page.set("depth-slider", "1").await).await?;
        ensure!(shown == fire5, "a stop shows what the layer kept");
        let shown = after(page, async || page.set("depth-slider", "0.5").await).await?;
        ensure_mixed("halfway", &shown, [&photo, &fire5], none.clone(), |_, a, b| f64::midpoint(a, b))?;
        page.set("depth-slider", "1").await?;
        let shown = after(page, async || page.click("#depth-image").await).await?;
        ensure!(shown == image, "the image loss's picture");
        let shown = after(page, async || page.set("depth-wipe", "50").await).await?;
        let middle = photo.width() / 2;
        ensure_mixed("the wipe", &shown, [&photo, &image], middle - 1..middle + 1, |column, a, b| if column < middle { a } else { b })?;
        page.set("depth-wipe", "0").await?;
        let shown = after(page, async || page.click("#depth-difference").await).await?;
        ensure_mixed("the difference", &shown, [&photo, &fire5], none, |_, a, b| (2.0 * (a - b).abs()).min(255.0))?;

        let hash = page.run("return location.hash", vec![]).await?;
        ensure!(hash.as_str().context("a hash")?.contains("aspect=difference"), "{hash}");
        page.click("#depth-stops li:first-child button").await?;
        page.until("deepsim.state.depth === 0").await?;
        ensure!(page.text("#depth-told").await?.starts_with("Your picture"), "{}", page.text("#depth-told").await?);
        page.screenshot("depth.png").await
    })
}

/// Shows what a layer keeps of the webcam, Chromium's test pattern, until the button is pressed, and then the picture again.
#[test]
fn the_webcam_is_inverted_live() -> Result<()> {
    with_page(Gpu::None, &["fire5"], "depth=1", async |page, _, _| {
        page.rest().await?;
        let picture = after(page, async || page.set("depth-slider", "1").await).await?;
        page.click("#live").await?;
        page.until("Number(document.body.dataset.liveFrames ?? 0) >= 3").await?;
        ensure!(page.text("#status").await?.contains("frames a second"), "{}", page.text("#status").await?);
        ensure!(page.canvas("#depth-canvas").await? != picture, "the webcam's frames are not shown");
        let shown = after(page, async || page.click("#live-end").await).await?;
        ensure!(shown == picture, "the picture comes back");
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}
