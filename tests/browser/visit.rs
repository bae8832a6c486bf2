//! How the page behaves over a visit, and over several: weights, offline use, updates, a main thread that is free, accessibility, looks.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::{in_browser, in_only_browser};
use deepsim_tests::page::Page;
use deepsim_tests::site::{site, site_of};
use deepsim_tests::{picture, workspace};
use serde_json::{Value, json};

#[test]
fn weights_that_are_missing_or_damaged_are_named() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site(temporary.path())?;
    let weights = site.join("models/fire5.safetensors");
    let whole = fs::read(&weights)?;
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    in_browser(Gpu::None, &site, async |page| {
        fs::write(&weights, &flipped)?;
        page.client.goto(&format!("{}#side=128&inverter=pool1", page.address)).await?;
        page.wait_for_problem("weights-damaged").await?;
        fs::remove_file(&weights)?;
        page.client.refresh().await?;
        page.wait_for_problem("weights-missing").await?;
        // What was damaged is not kept: the next visit is whole.
        fs::write(&weights, &whole)?;
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        Ok(())
    })
}

/// Returns what the browser keeps of the weights.
async fn kept(page: &Page) -> Result<usize> {
    let script =
        "const done = arguments[0]; caches.open('deepsim-weights-1').then((cache) => cache.keys()).then((keys) => done(keys.length))";
    let count = page.client.execute_async(script, vec![]).await?;
    Ok(count.as_u64().context("a number")? as usize)
}

async fn service_worker_is_there(page: &Page) -> Result<()> {
    page.until("navigator.serviceWorker.controller").await
}

#[test]
fn the_page_works_offline_and_is_never_stale() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site(temporary.path())?;
    in_only_browser(Gpu::None, &site, async |page| {
        println!("first visit: can be used after {} ms", page.open("#side=128").await?);
        service_worker_is_there(page).await?;
        let models = page.run("return deepsim.view('invert').gallery.cards.size", vec![]).await?.as_u64().context("a number")? as usize;
        // And SqueezeNet, whole and its first layers.
        ensure!(kept(page).await? == models + 2, "{} files kept", kept(page).await?);
        page.client.refresh().await?;
        page.rest().await?;
        let after: f64 = page.data("readyAfter").await?.parse()?;
        println!("second visit: can be used after {after} ms");
        ensure!(after < 2000.0, "{after} ms on a warm cache");

        // A new version on the server is seen at the next visit.
        let words = site.join("invert/words.js");
        let changed = fs::read_to_string(&words)?.replace("What does a network keep of your photo?", "A new version");
        fs::write(&words, changed)?;
        xtask::site::stamp(&site)?;
        let version = fs::read_to_string(site.join("version.txt"))?;
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.text("h1").await? == "A new version", "{}", page.text("h1").await?);
        // And kept for the ones after it.
        page.client
            .execute_async(
                "const [version, done] = arguments; const wait = async () => { const names = await caches.keys(); \
            if (names.includes(`deepsim-page-${version}`) && names.length === 2) done(); else setTimeout(wait, 50); }; wait()",
                vec![json!(version)],
            )
            .await?;

        page.disconnect();
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.text("h1").await? == "A new version");
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;

        page.click("#drawer summary").await?;
        page.click("#clear-weights").await?;
        page.until("document.getElementById('status').textContent.includes('deleted')").await?;
        ensure!(kept(page).await? == 0);
        Ok(())
    })
}

/// The main thread is never busy for 50 ms, by the browser's own measure, whatever the visitor does.
#[test]
fn the_main_thread_stays_free() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let large = temporary.path().join("large.jpg");
    picture(4000, 3000, 5).save(&large)?;
    in_only_browser(Gpu::None, &site(temporary.path())?, async |page| {
        // The browser measures by the clock: on two cores a task is also long when something else had the processor. What the page itself
        // does too long is long in every visit.
        let mut visits = Vec::new();
        for _ in 0..VISITS {
            let long = long_tasks(page, &large).await?;
            println!("tasks above 50 ms (start, milliseconds): {long}");
            if long.as_array().context("tasks")?.is_empty() {
                return Ok(());
            }
            visits.push(long);
        }
        anyhow::bail!("the main thread was busy in every visit: {visits:?}")
    })
}

/// Visits of which one must be free of long tasks.
const VISITS: usize = 4;

/// Returns the long tasks of a visit in which everything is tried.
async fn long_tasks(page: &Page, large: &std::path::Path) -> Result<Value> {
    page.open("").await?;
    let script = "window.long = []; new PerformanceObserver((list) => { for (const task of list.getEntries()) \
        window.long.push([Math.round(task.startTime), Math.round(task.duration)]); }).observe({type: 'longtask', buffered: true})";
    page.run(script, vec![]).await?;
    page.upload(large).await?;
    for tab in ["channels", "mix", "reencode", "operate"] {
        page.click(&format!("#tab-{tab}")).await?;
        page.rest().await?;
    }
    for step in 0..20 {
        page.set("amount", &format!("{}", f64::from(step) / 20.0)).await?;
    }
    page.rest().await?;
    page.click("#tab-refine").await?;
    page.set("refine-steps", "10").await?;
    page.click("#refine").await?;
    page.rest().await?;
    page.run("return window.long", vec![]).await
}

/// On the processor, at 224 pixels, all five layers are there within 4 s, and what a slider does within 0.7 s: the best of a few, since a
/// machine that does something else as well is slow for reasons of its own.
#[test]
fn nobody_waits_long_at_the_usual_size() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let layers = ["pool1", "fire3", "fire5", "fire9", "scores"];
    in_only_browser(Gpu::None, &site_of(temporary.path(), &layers)?, async |page| {
        page.open("?device=cpu#side=224").await?;
        let mut filled = f64::INFINITY;
        for example in ["flowers", "chairs", "cat"] {
            page.click(&format!("[data-example='{example}']")).await?;
            page.until(&format!("deepsim.state.example === '{example}'")).await?;
            page.rest().await?;
            filled = page.data("filledAfter").await?.parse::<f64>()?.min(filled);
        }
        println!("five layers after {filled:.0} ms");
        ensure!(filled < 4000.0, "{filled} ms for five layers");

        let mut drawn = f64::INFINITY;
        for amount in ["0.3", "0.7", "0.4"] {
            let script = "const [amount, done] = arguments; const canvas = document.querySelector('[data-name=result] canvas'); \
                const before = canvas.dataset.drawn; const begun = performance.now(); \
                new MutationObserver((_, observer) => { if (canvas.dataset.drawn === before) return; \
                    observer.disconnect(); done(performance.now() - begun); }).observe(canvas, {attributes: true}); \
                const slider = document.getElementById('amount'); slider.value = amount; slider.dispatchEvent(new Event('input'))";
            let after = page.client.execute_async(script, vec![json!(amount)]).await?;
            drawn = after.as_f64().context("milliseconds")?.min(drawn);
            page.rest().await?;
        }
        println!("an edit of fire9 drawn after {drawn:.0} ms");
        ensure!(drawn < 700.0, "{drawn} ms for an edit");
        Ok(())
    })
}

/// axe-core finds nothing serious, on any tab, light or dark, on a phone or not.
#[test]
fn nobody_is_shut_out() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let packed = fs::File::open(workspace().join("tests/axe/axe.min.js.gz"))?;
    let axe = std::io::read_to_string(flate2::read::GzDecoder::new(packed))?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("#side=128").await?;
        page.client.execute(&axe, vec![]).await?;
        for scheme in ["light", "dark"] {
            page.emulate(1440, 900, scheme).await?;
            for tab in [
                "tab-operate",
                "tab-channels",
                "tab-mix",
                "tab-reencode",
                "tab-refine",
                "tab-dream",
                "view-generate",
                "view-restyle",
                "view-enlarge",
                "view-train",
            ] {
                page.click(&format!("#{tab}")).await?;
                page.rest().await?;
                let script = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(({violations}) => \
                    done(violations.map(({id, impact, nodes}) => [id, impact, nodes.map((node) => node.html).slice(0, 3)])))";
                let found = page.client.execute_async(script, vec![]).await?;
                let serious: Vec<&Value> = found
                    .as_array()
                    .context("violations")?
                    .iter()
                    .filter(|violation| violation[1] == "serious" || violation[1] == "critical")
                    .collect();
                println!("{scheme}, {tab}: {found}");
                ensure!(serious.is_empty(), "{serious:?}");
            }
            page.click("#view-invert").await?;
        }
        Ok(())
    })
}

/// The tabs are one stop of the tab key, and the arrow keys go from one to the next.
#[test]
fn the_tabs_go_by_keyboard() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("#side=128").await?;
        let key = "document.getElementById('tab-operate').focus(); \
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true})); return document.activeElement.id";
        ensure!(page.run(key, vec![]).await? == "tab-dream");
        let stops = "return document.querySelectorAll('#tabs [role=tab][tabindex=\"0\"]').length";
        ensure!(page.run(stops, vec![]).await? == 1);
        ensure!(page.run("return document.getElementById('panel-dream').hidden", vec![]).await? == false);
        // From the last view the arrow leads to the first.
        let key = "document.getElementById('view-train').focus(); \
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})); return document.activeElement.id";
        ensure!(page.run(key, vec![]).await? == "view-invert");
        // Everything that can be clicked can be reached.
        let script = "return [...document.querySelectorAll('button, select, input, summary, a')].filter((each) => each.tabIndex < 0 && each.getAttribute('role') !== 'tab').length";
        ensure!(page.run(script, vec![]).await? == 0);
        Ok(())
    })
}

/// The views, and what holds when each of them shows something.
const VIEWS: [(&str, &str); 5] = [
    ("invert", "document.body.dataset.filledAfter"),
    ("generate", "document.body.dataset.drawnAfter"),
    ("restyle", "Number(document.getElementById('restyle-canvas').dataset.drawn) > 0"),
    ("enlarge", "document.body.dataset.enlargedAfter"),
    ("train", "true"),
];

/// Pictures of the page for a person to look at; nothing is wider than the screen.
#[test]
fn the_page_fits_its_screens() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        for (name, width, height) in [("desktop", 1280, 900), ("tablet", 768, 1024), ("phone", 390, 844)] {
            for scheme in ["light", "dark"] {
                page.emulate(width, height, scheme).await?;
                page.open("").await?;
                for (view, shown) in VIEWS {
                    page.click(&format!("#view-{view}")).await?;
                    page.until(shown).await?;
                    page.rest().await?;
                    page.fits(&format!("{name}, {view}")).await?;
                    page.run("scrollTo(0, 0)", vec![]).await?;
                    page.screenshot(&format!("page-{name}-{scheme}-{view}.png")).await?;
                }
                page.click("#view-invert").await?;
                for section in ["layers", "experiments", "how"] {
                    page.run("document.getElementById(arguments[0]).scrollIntoView()", vec![json!(section)]).await?;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    page.screenshot(&format!("page-{name}-{scheme}-{section}.png")).await?;
                }
            }
        }
        let usual = page.run("return deepsim.state.side", vec![]).await?;
        ensure!(usual == 128, "a phone begins with {usual} pixels");
        Ok(())
    })
}
