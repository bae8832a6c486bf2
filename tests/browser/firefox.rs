//! A visit in Firefox, which has no WebGPU on Linux: the same page, on the processor.

use anyhow::{Result, ensure};
use deepsim_tests::beside::{SIDE, ensure_alike, ensure_result};
use deepsim_tests::in_browser::in_firefox;
use deepsim_tests::native::{Native, now};
use deepsim_tests::site::site;
use deepsim_tests::workspace;

use crate::lab::layers;

/// Tries an upload, inversions, an experiment, a link, every other view, and a visit without a connection.
#[test]
fn a_visit_in_firefox() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site(temporary.path())?;
    let native = Native::load(&site)?;
    in_firefox(&site, async |page| {
        println!("can be used after {} ms", page.open(&format!("#side={SIDE}&tab=refine")).await?);
        ensure!(page.data("device").await? == "cpu");
        println!("build: {}", page.data("build").await?);
        let analysis = native.lab.analyse(page.card("original").await?)?;
        layers(page, &native, &analysis).await?;

        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        let analysis = native.lab.analyse(page.card("original").await?)?;
        for name in &native.names {
            ensure_alike(name, &page.card(name).await?, &now(native.lab.invert(name, &analysis, None))?)?;
        }

        page.click("#tab-operate").await?;
        page.set("edit", "binarise").await?;
        page.rest().await?;
        let features = deepsim::surgery::Edit::Binarise.apply(now(native.lab.features("fire9", &analysis))?);
        let wanted = now(native.lab.invert("fire9", &analysis, Some(&features)))?;
        ensure_result(page, &native, &analysis, "fire9", "binarised", &wanted).await?;

        let link = format!("side={SIDE}&example=chairs&inverter=fire5&tab=operate&edit=keep-top&amount=0.5");
        page.turn(&link).await?;
        let linked = page.card("result").await?;
        page.client.goto("about:blank").await?;
        page.open(&format!("#{link}")).await?;
        ensure!(page.card("result").await? == linked, "the link shows another picture");

        page.click("#view-generate").await?;
        page.until("document.body.dataset.drawnAfter").await?;
        page.click("#view-restyle").await?;
        page.until("Number(document.getElementById('restyle-canvas').dataset.drawn) > 0").await?;
        page.click("#view-enlarge").await?;
        page.until("document.body.dataset.enlargedAfter").await?;
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        page.screenshot("firefox-enlarge.png").await?;
        page.click("#view-invert").await?;
        page.rest().await?;

        // What was used is kept: the page opens without a connection, and inverts another photo.
        page.until("navigator.serviceWorker.controller").await?;
        // A reload by the driver would pass the service worker by.
        page.disconnect();
        page.client.goto("about:blank").await?;
        page.open(&format!("#{link}")).await?;
        ensure!(page.card("result").await? == linked, "another picture without a connection");
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        page.screenshot("firefox.png").await
    })
}
