//! A page that is used for long: 2000 inversions and 500 changes of the view. Memory, elements and listeners stay as many as they were.

use anyhow::{Context, Result, ensure};
use deepsim_tests::browser::{Cdp, Gpu};
use deepsim_tests::in_browser::in_only_browser;
use deepsim_tests::page::Page;
use deepsim_tests::site::site;
use serde_json::{Value, json};

const INVERSIONS: usize = 2000;
const CHANGES: usize = 500;

/// What a page holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    wasm: u64,
    heap: u64,
    elements: u64,
    listeners: u64,
}

async fn held(page: &Page) -> Result<Held> {
    let ask = "const done = arguments[0]; deepsim.engine.ask('memory').then(done)";
    let wasm = page.client.execute_async(ask, vec![]).await?.as_u64().context("bytes")?;
    for command in ["HeapProfiler.collectGarbage", "Performance.enable"] {
        page.client.issue_cmd(Cdp(command, json!({}))).await?;
    }
    let metrics = page.client.issue_cmd(Cdp("Performance.getMetrics", json!({}))).await?;
    let of = |name: &str| -> Result<u64> {
        let found = metrics["metrics"].as_array().context("metrics")?.iter().find(|metric| metric["name"] == name).context("a metric")?;
        Ok(found["value"].as_f64().context("a number")? as u64)
    };
    Ok(Held { wasm, heap: of("JSHeapUsedSize")?, elements: of("Nodes")?, listeners: of("JSEventListeners")? })
}

async fn inversions(page: &Page, count: usize) -> Result<Value> {
    let script = "const [count, done] = arguments; (async () => { \
        for (let seed = 0; seed < count; seed++) { \
            const operation = {edits: [{edit: 'noise', amount: 0.5, seed}]}; \
            const {rgba, side} = await deepsim.engine.ask('invert', {name: ['pool1', 'fire3', 'fire5', 'fire9'][seed % 4], slot: 'a', operation}); \
            if (rgba.length !== side * side * 4) throw new Error('no picture'); \
        } })().then(() => done('done'), (error) => done(String(error)))";
    Ok(page.client.execute_async(script, vec![json!(count)]).await?)
}

async fn changes(page: &Page, count: usize) -> Result<()> {
    for change in 0..count {
        let view = ["generate", "restyle", "enlarge", "train", "invert"][change % 5];
        page.run("document.getElementById(`view-${arguments[0]}`).click()", vec![json!(view)]).await?;
        page.until("deepsim.engine.isIdle").await?;
    }
    Ok(())
}

#[test]
#[ignore = "minutes: `cargo xtask torture` runs it"]
fn long_use_leaves_nothing_behind() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    in_only_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open("#side=128&tab=refine").await?;
        // Every network is loaded, every view built.
        ensure!(inversions(page, INVERSIONS / 10).await? == "done");
        changes(page, CHANGES / 10).await?;
        let before = held(page).await?;
        ensure!(inversions(page, INVERSIONS).await? == "done");
        changes(page, CHANGES).await?;
        let after = held(page).await?;
        println!("{INVERSIONS} inversions and {CHANGES} changes of the view: {before:?}, then {after:?}");
        ensure!(page.problem().await?.is_empty(), "{}", page.problem().await?);
        ensure!(after.wasm == before.wasm, "wasm grew");
        ensure!(after.heap < before.heap + before.heap / 5, "objects grew");
        ensure!(after.elements <= before.elements + 10 && after.listeners <= before.listeners + 10, "elements or listeners grew");
        Ok(())
    })
}
