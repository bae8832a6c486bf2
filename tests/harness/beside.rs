//! The page beside the native library: what a test looks at in both.

use anyhow::{Result, ensure};
use deepsim::Picture;
use deepsim::lab::Analysis;
use trainer::measure::psnr;

use crate::browser::Gpu;
use crate::in_browser::in_browser;
use crate::native::{Native, now};
use crate::page::Page;
use crate::site::{site, site_of};

/// Side of the pictures: small, since a software adapter is slow.
pub const SIDE: usize = 128;
/// How alike pictures of two machines are, in dB.
const ALIKE: f64 = 40.0;

/// Ensures that two pictures are equal except for rounding.
///
/// # Errors
/// If they are not.
pub fn ensure_alike(what: &str, found: &Picture, wanted: &Picture) -> Result<()> {
    ensure!(found.width() == wanted.width(), "{what}: {} pixels, not {}", found.width(), wanted.width());
    let likeness = psnr(found, wanted);
    println!("{what}: {likeness:.1} dB");
    ensure!(likeness >= ALIKE, "{what}: {likeness} dB from the native one, not {ALIKE}");
    Ok(())
}

/// Opens the page with these inverters (with all if none is named) on a device with an example, and gives what the native library sees in the
/// same pixels. Of the experiments' tabs, `tab=refine` computes nothing before it is asked to.
///
/// # Errors
/// If the body fails.
pub fn with_page(gpu: Gpu, inverters: &[&str], state: &str, body: impl AsyncFnOnce(&Page, &Native, &Analysis) -> Result<()>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = if inverters.is_empty() { site(temporary.path())? } else { site_of(temporary.path(), inverters)? };
    let native = Native::load(&site)?;
    let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
    in_browser(gpu, &site, async |page| {
        page.open(&format!("{query}#side={SIDE}&{state}")).await?;
        ensure!(page.data("device").await? == if gpu == Gpu::Software { "webgpu" } else { "cpu" });
        body(page, &native, &shown(page, &native).await?).await
    })
}

/// Turns an open page to another state, and gives what the native library sees in its picture then.
///
/// # Errors
/// If the page does not come to rest.
pub async fn turn(page: &Page, native: &Native, state: &str) -> Result<Analysis> {
    page.turn(&format!("side={SIDE}&{state}")).await?;
    shown(page, native).await
}

/// Returns the same pixels as the page's: browsers decode a JPEG a little differently.
async fn shown(page: &Page, native: &Native) -> Result<Analysis> {
    Ok(native.lab.analyse(page.card("original").await?)?)
}

/// Ensures that the result's card shows this picture and its errors.
///
/// # Errors
/// If it shows another, or other errors.
pub async fn ensure_result(page: &Page, native: &Native, analysis: &Analysis, name: &str, what: &str, wanted: &Picture) -> Result<()> {
    ensure_alike(what, &page.card("result").await?, wanted)?;
    let errors = now(native.lab.errors(name, analysis, &native.lab.analyse(wanted.clone())?))?;
    let (picture, feature, _) = page.judged("result").await?;
    let (off, much) = ((picture - f64::from(errors.picture)).abs(), (feature - f64::from(errors.feature)).abs());
    ensure!(off < 1e-3 && much < 1e-3, "{what}: errors {picture}, {feature}, natively {errors:?}");
    Ok(())
}
