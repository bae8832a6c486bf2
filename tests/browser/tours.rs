//! Two tours of all views: with the keyboard alone, and on a phone.

use anyhow::{Result, ensure};
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_browser;
use deepsim_tests::page::Page;
use deepsim_tests::site::site;
use fantoccini::key::Key;
use serde_json::json;

/// Waits until the view Restyle has painted.
const PAINTED: &str = "Number(document.getElementById('restyle-canvas').dataset.drawn) > 0";

async fn state(page: &Page, name: &str) -> Result<serde_json::Value> {
    page.run("return deepsim.state[arguments[0]]", vec![json!(name)]).await
}

#[test]
fn a_tour_by_keyboard_alone() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("#side=128").await?;
        // The slider, with the arrow keys.
        page.tab_to("#depth-slider").await?;
        let depth = state(page, "depth").await?;
        page.press(Key::Left).await?;
        ensure!(state(page, "depth").await? != depth, "the slider stays at {depth}");
        // What is shown: the image loss.
        page.tab_to("#depth-image").await?;
        page.press(Key::Enter).await?;
        ensure!(state(page, "aspect").await? == "image");
        // Another example.
        page.tab_to("[data-example='flowers']").await?;
        page.press(Key::Enter).await?;
        page.until("deepsim.state.example === 'flowers'").await?;
        page.rest().await?;
        // The square, moved.
        page.tab_to("#cropping summary").await?;
        page.press(Key::Enter).await?;
        page.tab_to("#zoom").await?;
        let before = page.picture_name().await?;
        page.press(Key::End).await?;
        page.another_picture(&before).await?;
        // A picture beside another, and back: the focus returns to where it was.
        page.tab_to("[data-name='fire5'] .picture").await?;
        page.press(Key::Enter).await?;
        ensure!(page.run("return document.getElementById('compare').open", vec![]).await? == true);
        page.press(Key::Escape).await?;
        ensure!(page.run("return document.activeElement.matches('[data-name=fire5] .picture')", vec![]).await? == true);
        // An experiment: a channel without its features.
        page.tab_to("#tab-operate").await?;
        page.press(Key::Right).await?;
        page.rest().await?;
        page.tab_to("#channels button[data-factor='0']").await?;
        let before = page.card("result").await?;
        page.press(Key::Enter).await?;
        page.rest().await?;
        ensure!(page.card("result").await? != before, "the channel changes nothing");
        // The other views, from tab to tab.
        page.tab_to("#view-invert").await?;
        page.press(Key::Right).await?;
        page.until("document.body.dataset.drawnAfter").await?;
        page.rest().await?;
        page.tab_to("#sheets .cell[aria-pressed='false']").await?;
        page.press(Key::Enter).await?;
        ensure!(page.run("return document.activeElement.getAttribute('aria-pressed')", vec![]).await? == "true");
        page.tab_to("#view-generate").await?;
        page.press(Key::Right).await?;
        page.until(PAINTED).await?;
        page.tab_to("#view-restyle").await?;
        page.press(Key::Right).await?;
        page.until("document.body.dataset.enlargedAfter").await?;
        page.tab_to("#enlarge-place").await?;
        page.tab_to("#view-enlarge").await?;
        page.press(Key::Right).await?;
        page.rest().await?;
        page.tab_to("#train-begin, #train-photographs").await?;
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}

#[test]
fn a_tour_on_a_phone() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.emulate(390, 844, "light").await?;
        page.open("").await?;
        page.fits("the first screen").await?;
        // The picture and its slider are on the first screen.
        let bottom = page.run("return document.getElementById('depth-canvas').getBoundingClientRect().bottom", vec![]).await?;
        ensure!(bottom.as_f64() <= Some(844.0), "the picture ends at {bottom}");
        page.click("[data-example='chairs']").await?;
        page.until("deepsim.state.example === 'chairs'").await?;
        page.rest().await?;
        page.click("#depth-stops li:nth-child(3) button").await?;
        page.until("Math.round(deepsim.state.depth) === 2").await?;
        page.click("#cropping summary").await?;
        page.fits("the crop").await?;
        for tab in ["operate", "channels", "mix", "reencode", "refine", "dream"] {
            page.click(&format!("#tab-{tab}")).await?;
            page.rest().await?;
            page.fits(tab).await?;
        }
        page.click("[data-name='fire3'] .picture").await?;
        page.fits("the comparison").await?;
        page.click("#compare button").await?;
        page.click("#view-generate").await?;
        page.until("document.body.dataset.drawnAfter").await?;
        page.rest().await?;
        page.click("#sheets .cell:nth-child(2)").await?;
        page.rest().await?;
        page.fits("the view Generate").await?;
        page.click("#view-restyle").await?;
        page.until(PAINTED).await?;
        page.click("#restyle-styles button").await?;
        page.rest().await?;
        page.fits("the view Restyle").await?;
        page.screenshot("phone-restyle.png").await?;
        page.click("#view-enlarge").await?;
        page.until("document.body.dataset.enlargedAfter").await?;
        page.fits("the view Enlarge").await?;
        page.click("#view-train").await?;
        page.rest().await?;
        page.fits("the view Train").await?;
        page.click("#drawer summary").await?;
        page.fits("the drawer").await?;
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}
