//! A server that fails at one of the page's files: each time the page works without it, or says what is wrong; and it works when the server does.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepsim_tests::browser::{Cdp, Gpu};
use deepsim_tests::faults::{Fault, Faults};
use deepsim_tests::in_browser::{in_browser, in_browser_with_faults};
use deepsim_tests::page::Page;
use deepsim_tests::site::site_of;
use deepsim_tests::workspace;
use serde_json::json;

/// What the page needs before its first inversion. The wasm is that of a browser with threads and relaxed SIMD.
const FILES: [&str; 13] = [
    "app.js",
    "common/page.js",
    "invert/view.js",
    "worker.js",
    "worker/session.js",
    "wasm/cpu-threads-relaxed/deepsim-web.js",
    "wasm/cpu-threads-relaxed/deepsim-web_bg.wasm",
    "models.json",
    "models/squeezenet.safetensors",
    "models/fire5.safetensors",
    "invert/classes.txt",
    "examples/cat.jpg",
    "sw.js",
];
/// As part of the tests, and in `cargo xtask torture`.
const SHORT: [Fault; 2] = [Fault::Html, Fault::Cut];
const LONG: [Fault; 5] = [Fault::Missing, Fault::Unavailable, Fault::Html, Fault::Empty, Fault::Cut];
/// Longer than the page waits for a connection.
const LONGEST: Duration = Duration::from_secs(100);

/// A state that needs little, on the processor.
const STATE: &str = "?device=cpu#side=128&example=cat&tab=refine";

/// Empties everything that a browser keeps of the page.
async fn forget(page: &Page) -> Result<()> {
    let script = "const done = arguments[0]; (async () => { \
        for (const each of await navigator.serviceWorker.getRegistrations()) await each.unregister(); \
        for (const name of await caches.keys()) await caches.delete(name); })().then(() => done(), (error) => done(String(error)))";
    let answer = page.client.execute_async(script, vec![]).await?;
    ensure!(answer.is_null(), "{answer}");
    Ok(())
}

/// Waits until the page works or says something. Returns what it says; nothing if it works.
async fn outcome(page: &Page) -> Result<String> {
    let script = "const seen = (id) => { const it = document.getElementById(id); \
            return it && !it.hidden && getComputedStyle(it).visibility === 'visible' ? it.textContent.trim() : ''; }; \
        const works = document.body?.dataset.state === 'done' && document.querySelector('[data-name=fire5] canvas')?.dataset.drawn; \
        const waits = seen('status').includes('reload') || seen('status').includes('Reload') ? seen('status') : ''; \
        return seen('not-started') || seen('problem') || waits || (works ? 'works' : '')";
    let begun = Instant::now();
    loop {
        let found = page.run(script, vec![]).await?;
        match found.as_str().context("a sentence")? {
            "" => ensure!(begun.elapsed() < LONGEST, "the page neither works nor says anything"),
            "works" => return Ok(String::new()),
            said => return Ok(said.to_owned()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Opens the page with a fault, and again without.
async fn survives(page: &Page, faults: &Faults, file: &str, fault: Fault) -> Result<()> {
    faults.set(file, fault);
    page.client.goto("about:blank").await?;
    // The browser waits for the whole page to load, which a stalled file never lets happen.
    let address = format!("{}{STATE}", page.address);
    page.run("location.assign(arguments[0])", vec![json!(address)]).await?;
    page.until("location.href !== 'about:blank' && document.body").await?;
    let said = outcome(page).await?;
    println!("{file}, {fault:?}: {}", if said.is_empty() { "works" } else { &said });
    faults.clear();
    page.client.goto("about:blank").await?;
    page.open(STATE).await.context("without the fault")?;
    let said = outcome(page).await?;
    ensure!(said.is_empty(), "without the fault: {said}");
    forget(page).await
}

/// Opens a tab before a release, and another one after it.
#[test]
fn two_tabs_of_different_releases_both_work() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire5"])?;
    in_browser(Gpu::None, &site, async |page| {
        page.open(STATE).await?;
        page.until("navigator.serviceWorker.controller").await?;
        let old = page.client.window().await?;
        let words = site.join("invert/words.js");
        fs::write(&words, fs::read_to_string(&words)?.replace("What does a network keep of your photo?", "A new release"))?;
        xtask::site::stamp(&site)?;
        let new = page.client.new_window(true).await?.handle;
        page.client.switch_to_window(new).await?;
        page.open(STATE).await?;
        ensure!(page.text("h1").await? == "A new release");
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        page.client.switch_to_window(old).await?;
        page.wait_for_problem("updated").await?;
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        page.client.refresh().await?;
        page.rest().await?;
        ensure!(page.text("h1").await? == "A new release");
        Ok(())
    })
}

#[test]
fn a_full_storage_and_a_wrong_clock_change_nothing() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire5"])?, async |page| {
        page.client.goto(&format!("{}version.txt", page.address)).await?;
        let origin = page.address.trim_end_matches("some-path/");
        page.client.issue_cmd(Cdp("Storage.overrideQuotaForOrigin", json!({ "origin": origin, "quotaSize": 1000 }))).await?;
        page.open(STATE).await?;
        let script = "const done = arguments[0]; caches.keys().then(async (names) => { let count = 0; for (const name of names) count += (await (await caches.open(name)).keys()).length; done(count); })";
        ensure!(page.client.execute_async(script, vec![]).await? == json!(0), "there was room");
        for year in ["1970", "2100"] {
            page.run("Date.now = () => new Date(arguments[0]).getTime()", vec![json!(year)]).await?;
            page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        }
        Ok(())
    })
}

#[test]
fn a_file_that_the_server_does_not_give_is_survived() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let tried: &[Fault] = if std::env::var_os("DEEPSIM_TORTURE_SECONDS").is_some() { &LONG } else { &SHORT };
    in_browser_with_faults(&site_of(temporary.path(), &["fire5"])?, async |page, faults| {
        for file in FILES {
            for &fault in tried {
                survives(page, faults, file, fault).await.with_context(|| format!("{file}, {fault:?}"))?;
            }
        }
        Ok(())
    })
}

#[test]
fn a_file_that_never_comes_is_survived() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser_with_faults(&site_of(temporary.path(), &["fire5"])?, async |page, faults| {
        for file in ["worker.js", "wasm/cpu-threads-relaxed/deepsim-web_bg.wasm", "models/fire5.safetensors", "common/page.js"] {
            survives(page, faults, file, Fault::Stalled).await.with_context(|| file.to_owned())?;
        }
        Ok(())
    })
}

#[test]
fn a_network_that_is_loaded_later_is_not_taken_for_the_program() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire5"])?, async |page| {
        page.open(STATE).await?;
        // Half a minute later a sentence about the program would follow; the test does not wait for it.
        let script = "const set = globalThis.setTimeout; let long = 0; \
            globalThis.setTimeout = (work, time, ...more) => { if (time >= 30000) long += 1; return set(work, time, ...more); }; \
            deepsim.engine.dispatchEvent(new CustomEvent('progress', { detail: { name: 'fire5', done: 1, total: 1 } })); \
            const ready = long; deepsim.engine.dispatchEvent(new CustomEvent('lost', { detail: { kind: 'crashed', detail: '' } })); \
            globalThis.setTimeout = set; return [ready, long]";
        ensure!(page.run(script, vec![]).await? == json!([0, 1]));
        Ok(())
    })
}

#[test]
fn without_the_module_for_webgpu_the_processor_computes() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = site_of(temporary.path(), &["fire5"])?;
    fs::remove_dir_all(site.join("wasm/webgpu"))?;
    in_browser(Gpu::Software, &site, async |page| {
        page.open(&STATE.replace("cpu", "webgpu")).await?;
        ensure!(page.data("device").await? == "cpu");
        let said = page.text("#device").await?;
        ensure!(said.contains("the module for WebGPU could not be loaded"), "{said}");
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await
    })
}
