//! The first visit over a slow line, and the second one without any.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use deepsim_tests::in_browser::in_browser_over;
use deepsim_tests::page::Page;
use deepsim_tests::site::site_of;
use deepsim_tests::slow::Line;
use serde_json::Value;

/// A slow mobile connection, as Lighthouse has it.
const LINE: Line = Line { bits_per_second: 1.6e6, latency: Duration::from_millis(150) };

/// Returns the milliseconds from the start of the visit until something was seen.
async fn first_paint(page: &Page) -> Result<f64> {
    let script = "return performance.getEntriesByType('paint').find(({name}) => name === 'first-contentful-paint')?.startTime ?? null";
    match page.run(script, vec![]).await? {
        Value::Number(time) => time.as_f64().context("milliseconds"),
        other => anyhow::bail!("no paint: {other}"),
    }
}

#[test]
fn a_slow_line_shows_something_soon() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["pool1", "fire5"])?;
    let index = site.join("index.html");
    in_browser_over(LINE, &site, async |page| {
        page.client.goto(&page.address).await?;
        page.until("document.body.dataset.firstAfter").await?;
        let (painted, first) = (first_paint(page).await?, page.data("firstAfter").await?.parse::<f64>()?);
        page.screenshot("slow-first.png").await?;
        // The heading is in the page itself, so that it is there before any script; and it is the one that the script sets.
        let heading = page.text("h1").await?;
        ensure!(fs::read_to_string(&index)?.contains(&format!(">{heading}</h1>")), "{heading} is not in index.html");
        page.rest().await?;
        let all = page.run("return performance.now()", vec![]).await?;
        println!("something to see after {painted:.0} ms, the first inversion after {first:.0} ms, all of them after {all} ms");
        ensure!(painted < 2000.0, "something to see after {painted} ms");
        ensure!(first < 12_000.0, "the first inversion after {first} ms");

        // The service worker keeps the build of wasm that runs here, too.
        page.until("navigator.serviceWorker.controller").await?;
        let kept = "const done = arguments[0]; const wait = async () => { const address = new URL(`wasm/${document.body.dataset.build}/deepsim-web_bg.wasm`, location.href); \
            if (await caches.match(address)) done(); else setTimeout(wait, 100); }; wait()";
        page.client.execute_async(kept, vec![]).await?;
        page.disconnect();
        page.client.refresh().await?;
        page.rest().await?;
        let ready = page.data("readyAfter").await?.parse::<f64>()?;
        println!("the second visit, without a connection: can be used after {ready:.0} ms");
        ensure!(ready < 2000.0, "{ready} ms without a connection");
        Ok(())
    })
}
