//! The page's memory does not grow with the pictures that are looked at.

use anyhow::{Context, Result, ensure};
use deepsim_tests::browser::Gpu;
use deepsim_tests::in_browser::in_browser;
use deepsim_tests::page::Page;
use deepsim_tests::picture;
use deepsim_tests::site::site;

/// Pictures in a row, and how many of them are looked at before memory is taken for settled.
const PICTURES: u32 = 50;
const SETTLING: u32 = 10;

/// Bytes of the program and of JavaScript's objects.
async fn memory(page: &Page) -> Result<(u64, u64)> {
    let script =
        "const done = arguments[0]; deepsim.engine.ask('memory').then((bytes) => done([bytes, performance.memory?.usedJSHeapSize ?? 0]))";
    let found = page.client.execute_async(script, vec![]).await?;
    serde_json::from_value(found).context("two numbers")
}

#[test]
fn memory_does_not_grow_with_the_pictures() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let pictures = tempfile::tempdir()?;
    let side: u32 = std::env::var("DEEPSIM_MEMORY_SIDE").map_or(Ok(128), |side| side.parse())?;
    in_browser(Gpu::None, &site(temporary.path())?, async |page| {
        page.open(&format!("#side={side}&tab=refine")).await?;
        let mut settled = (0, 0);
        for each in 0..PICTURES {
            let path = pictures.path().join(format!("{each}.png"));
            // Of many sizes, the largest first: memory once taken is kept.
            let (width, height) = if each == 0 { (1000, 800) } else { (300 + each * 37 % 700, 300 + each * 53 % 500) };
            picture(width, height, each).save(&path)?;
            page.upload(&path).await?;
            if each + 1 == SETTLING {
                settled = memory(page).await?;
            }
        }
        let last = memory(page).await?;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        println!("{side} pixels, {SETTLING} pictures: {:.1} MiB of wasm, {:.1} of objects", mib(settled.0), mib(settled.1));
        println!("{side} pixels, {PICTURES} pictures: {:.1} MiB of wasm, {:.1} of objects", mib(last.0), mib(last.1));
        // A thread that meets the largest layer late takes its buffer late, once. Half of a picture's floats for each picture would be more than that.
        let leaked = u64::from(PICTURES - SETTLING) * u64::from(side).pow(2) * 3 * 4 / 2;
        ensure!(last.0 < settled.0 + leaked, "wasm grew from {} to {} bytes", settled.0, last.0);
        Ok(())
    })
}
