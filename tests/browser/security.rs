//! What is not the page's own does not run in it, and reaches nothing outside of it. That no page asks another origin for anything is checked
//! after each test of this program.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepsim::Layer;
use deepsim::burn::tensor::Device;
use deepsim::model_file::{Card, InverterCard, Kind, ModelFile, Precision};
use deepsim::nets::inverter::Inverter;
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_browser;
use deepsim_tests::page::Page;
use deepsim_tests::site::site_of;
use serde_json::json;
use xtask::serve::Server;

/// Markup that sets a mark when a browser takes it for more than text.
const HOSTILE: &str = "<img src=x onerror=\"document.body.dataset.hostile=1\"><script>document.body.dataset.hostile=1</script>";

/// Runs an expression in the page and returns the name of the error that it throws, or its value as text.
async fn outcome(page: &Page, expression: &str) -> Result<String> {
    let script = format!(
        "const done = arguments[0]; (async () => {expression})().then((value) => done(String(value)), (error) => done(error.name))"
    );
    let found = page.client.execute_async(&script, vec![]).await?;
    Ok(found.as_str().context("no text")?.to_owned())
}

#[test]
fn no_string_becomes_a_program() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire5"])?, async |page| {
        page.open("#side=128&tab=refine&inverter=fire5").await?;
        for (expression, wanted) in [
            ("document.body.innerHTML = '<b>bold</b>'", "TypeError"),
            ("document.body.insertAdjacentHTML('beforeend', '<b>bold</b>')", "TypeError"),
            ("new DOMParser().parseFromString('<b>bold</b>', 'text/html')", "TypeError"),
            ("Object.assign(document.createElement('script'), { text: '1' })", "TypeError"),
            ("new Worker('worker.js')", "TypeError"),
            ("trustedTypes.createPolicy('other', {}).name", "TypeError"),
            ("trustedTypes.createPolicy('deepsim', {}).name", "TypeError"),
        ] {
            ensure!(outcome(page, expression).await? == wanted, "{expression}: {}", outcome(page, expression).await?);
        }
        // Nor an attribute.
        let inline = "(() => { const made = document.createElement('div'); made.setAttribute('onclick', 'document.body.dataset.hostile = 1'); \
            document.body.append(made); made.click(); made.remove(); return document.body.dataset.hostile ?? 'nothing'; })()";
        ensure!(outcome(page, inline).await? == "TypeError");
        Ok(())
    })
}

/// Each attempt fails; and none of them may be in the network log, which is read after the test: without the policy a browser would send the request
/// before it refuses the answer.
#[test]
fn nothing_is_sent_elsewhere() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let elsewhere = tempfile::tempdir()?;
    fs::write(elsewhere.path().join("picture.png"), "")?;
    let other = Server::start(elsewhere.path(), 0)?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire5"])?, async |page| {
        page.open("#side=128&tab=refine&inverter=fire5").await?;
        let address = format!("{}/picture.png", other.address());
        for (expression, wanted) in [
            (format!("(await fetch('{address}')).status"), "TypeError"),
            (
                format!(
                    "new Promise((resolve, reject) => {{ const it = new Image(); it.onload = resolve; it.onerror = () => reject(new RangeError()); it.src = '{address}'; }})"
                ),
                "RangeError",
            ),
            (format!("await import('{address}')"), "TypeError"),
            (
                format!(
                    "new Promise((resolve, reject) => {{ const it = new EventSource('{address}'); it.onerror = () => reject(new RangeError()); it.onopen = resolve; }})"
                ),
                "RangeError",
            ),
        ] {
            let found = outcome(page, &expression).await?;
            ensure!(found == wanted, "{expression}: {found}");
        }
        Ok(())
    })
}

#[test]
fn names_and_cards_are_text() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let device = Device::flex();
    device.seed(1);
    let kind = Kind::Inverter(InverterCard { shape: Layer::Pool1.into(), feature_scale: 1.0 });
    // A card of megabytes, full of markup.
    let card = Card { source: Some(HOSTILE.repeat(20_000)), ..Card::new(kind) };
    let model = ModelFile::from_module(&Inverter::new(Layer::Pool1, &device), card, Precision::F16).to_bytes()?;
    let text = temporary.path().join("<img src=x onerror=document.body.dataset.hostile=1>.png");
    fs::write(&text, "no picture")?;
    let named = temporary.path().join("<script>alert(1)<script>.safetensors");
    fs::write(&named, model)?;
    in_browser(Gpu::None, &site_of(temporary.path(), &["fire5"])?, async |page| {
        page.open("#side=128&tab=refine&inverter=fire5").await?;
        page.choose("file", &text).await?;
        page.wait_for_problem("not-a-picture").await?;
        ensure!(page.problem().await?.contains("<img src=x"), "{}", page.problem().await?);
        page.choose("file", &named).await?;
        page.until("deepsim.view('invert').gallery.cards.size === 2").await?;
        page.rest().await?;
        // A link that asks for markup.
        page.turn(&format!("side=128&tab=refine&inverter={HOSTILE}&example={HOSTILE}")).await?;
        ensure!(page.run("return document.body.dataset.hostile ?? null", vec![]).await? == json!(null));
        ensure!(page.run("return document.querySelectorAll('main img[src=x]').length", vec![]).await? == 0);
        Ok(())
    })
}
