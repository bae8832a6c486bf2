//! The page's experiments, done as a person does them, and compared with what the native library makes of the same: pictures to 40 dB, errors
//! to a thousandth. Each on the processor and on WebGPU.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use deepsim::lab::Analysis;
use deepsim::surgery::{Edit, mix};
use deepsim_tests::beside::{SIDE, ensure_alike, ensure_result, turn, with_page};
use deepsim_tests::browser::Gpu;
use deepsim_tests::native::{Native, now};
use deepsim_tests::page::Page;
use deepsim_tests::workspace;
use serde_json::json;
use trainer::measure::psnr;

use crate::lab::layers;

/// What a link says for each experiment.
const OPERATIONS: &str = "amount=0.6";
const CHANNELS: &str = "tab=channels";
const MIXTURES: &str = "tab=mix&inverter=fire5&share=0.3";
const ROUNDS: &str = "tab=reencode&inverter=fire5&rounds=3";
const REFINEMENT: &str = "tab=refine&inverter=fire5";

async fn operations(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    let features = now(native.lab.features("fire9", analysis))?;
    // At 0.6 of the way from 1 to the 512 channels, or to all of their 49 places.
    let (channels, places) = (512f64.powf(0.6).round() as usize, (512f64 * 49.0).powf(0.6).round() as usize);
    for (name, edit) in [
        ("keep-channels", Edit::KeepChannels { k: channels }),
        ("keep-top", Edit::KeepTop { k: places }),
        ("drop-top", Edit::DropTop { k: places }),
        ("binarise", Edit::Binarise),
        ("drop-random", Edit::DropRandom { share: 0.6, seed: 1 }),
        ("noise", Edit::Noise { amount: 1.2, seed: 1 }),
    ] {
        page.set("edit", name).await?;
        page.rest().await?;
        let wanted = now(native.lab.invert("fire9", analysis, Some(&edit.apply(features.clone()))))?;
        ensure_result(page, native, analysis, "fire9", name, &wanted).await?;
    }
    // Another random choice, and back to a link's.
    page.click("#seed").await?;
    page.rest().await?;
    let edit = Edit::Noise { amount: 1.2, seed: 2 };
    let wanted = now(native.lab.invert("fire9", analysis, Some(&edit.apply(features.clone()))))?;
    ensure_result(page, native, analysis, "fire9", "another seed", &wanted).await?;

    // The newest of many wishes wins, and most of the others are not computed.
    page.set("edit", "keep-channels").await?;
    page.rest().await?;
    let script = "const slider = document.getElementById('amount'); const canvas = document.querySelector('[data-name=result] canvas'); \
        const before = Number(canvas.dataset.drawn); \
        for (let step = 0; step <= 40; step++) { slider.value = step / 40; slider.dispatchEvent(new Event('input')); } return before";
    let before = page.run(script, vec![]).await?.as_u64().context("a number")?;
    page.rest().await?;
    let drawn = page.run("return Number(document.querySelector('[data-name=result] canvas').dataset.drawn)", vec![]).await?;
    let drawn = drawn.as_u64().context("a number")? - before;
    println!("41 wishes, {drawn} pictures");
    ensure!((1..=3).contains(&drawn), "{drawn} pictures for 41 wishes");
    let wanted = now(native.lab.invert("fire9", analysis, None))?;
    ensure_result(page, native, analysis, "fire9", "all channels", &wanted).await
}

async fn channels(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    let features = now(native.lab.features("fire9", analysis))?;
    let strongest: Vec<usize> = features.strongest(24).into_iter().map(|(channel, _)| channel).collect();
    let shown = page
        .run("return [...document.querySelectorAll('#channels [data-factor=\"0\"]')].map((b) => Number(b.dataset.channel))", vec![])
        .await?;
    ensure!(shown == json!(strongest), "{shown}, natively {strongest:?}");
    let map = page.canvas("#channels canvas").await?;
    ensure!(map.width() == features.grid(), "a map of {}", map.width());
    let most = features.channel(strongest[0]).iter().copied().fold(0.0, f32::max);
    for (pixel, value) in map.rgb().chunks(3).zip(features.channel(strongest[0])) {
        ensure!((f32::from(pixel[0]) - value / most * 255.0).abs() <= 1.01, "{pixel:?} for {value} of {most}");
    }
    let (first, second) = (strongest[0], strongest[1]);
    page.click(&format!("#channels [data-channel='{first}'][data-factor='0']")).await?;
    page.click(&format!("#channels [data-channel='{second}'][data-factor='3']")).await?;
    page.rest().await?;
    let edited = Edit::Amplify { channel: first, factor: 0.0 }.apply(features);
    let edited = Edit::Amplify { channel: second, factor: 3.0 }.apply(edited);
    let wanted = now(native.lab.invert("fire9", analysis, Some(&edited)))?;
    ensure_result(page, native, analysis, "fire9", "two channels", &wanted).await?;
    page.click("#channels-reset").await?;
    page.rest().await?;
    ensure_alike("as they were", &page.card("result").await?, &now(native.lab.invert("fire9", analysis, None))?)
}

async fn mixtures(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    page.set("mix", "portrait").await?;
    page.rest().await?;
    let portrait = native.lab.analyse(Native::example("portrait", SIDE)?)?;
    let (first, second) = (now(native.lab.features("fire5", analysis))?, now(native.lab.features("fire5", &portrait))?);
    let wanted = now(native.lab.invert("fire5", analysis, Some(&mix(&first, &second, 0.3))))?;
    // Browsers decode the other picture's JPEG a little differently.
    let likeness = psnr(&page.card("result").await?, &wanted);
    println!("a mixture with a JPEG: {likeness:.1} dB");
    ensure!(likeness >= 35.0, "{likeness} dB");
    page.choose("mix-file", &workspace().join("tests/pictures/two-frames.gif")).await?;
    page.until("document.getElementById('mix').value === ''").await?;
    page.set("share", "1").await?;
    page.rest().await?;
    let red = page.card("result").await?;
    let sum = |channel: usize| red.rgb().iter().skip(channel).step_by(3).map(|&value| u64::from(value)).sum::<u64>();
    ensure!(sum(0) > 2 * sum(2), "the features of a red picture are not inverted to red");
    Ok(())
}

async fn rounds(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    let mut round = native.lab.analyse(analysis.picture().clone())?;
    let mut frames = Vec::new();
    for number in 1..=3 {
        round = now(native.lab.reencode("fire5", &round))?;
        let error = now(native.lab.errors("fire5", analysis, &round))?.feature;
        page.set("round", &number.to_string()).await?;
        ensure_alike(&format!("round {number}"), &page.card("result").await?, round.picture())?;
        let script = "return deepsim && document.getElementById('round-error').textContent";
        let said = page.run(script, vec![]).await?;
        let percent = format!("{:.0} %", error * 100.0);
        ensure!(said.as_str().is_some_and(|said| said.starts_with(&format!("Round {number}:"))), "{said}");
        println!("{said}, natively {percent}");
        frames.push(page.card("result").await?);
    }
    let errors =
        page.run("return document.querySelector('#rounds-curve svg').getAttribute('aria-label').split(', ').length", vec![]).await?;
    ensure!(errors == 3, "{errors} errors in the curve");
    // Played, each is shown in turn.
    page.set("round", "3").await?;
    page.click("#play").await?;
    page.until("document.getElementById('round').value === '1'").await?;
    page.until("document.getElementById('round').value === '2'").await?;
    page.click("#play").await?;
    // Kept, as an animation of the same frames.
    page.catch_saved().await?;
    page.click("#save-animation").await?;
    let bytes = page.saved(1).await?;
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
    ensure!(reader.info().animation_control().is_some_and(|control| control.num_frames == 3));
    for frame in &frames {
        let mut pixels = vec![0; SIDE * SIDE * 3];
        reader.next_frame(&mut pixels)?;
        ensure!(pixels == frame.rgb(), "another frame in the animation");
    }
    // More rounds go on from there.
    page.set("rounds", "5").await?;
    page.rest().await?;
    let count = page.run("return document.querySelectorAll('#strip li').length", vec![]).await?;
    ensure!(count == 5, "{count} rounds");
    Ok(())
}

async fn refinement(page: &Page, native: &Native, analysis: &Analysis) -> Result<()> {
    let inverted = page.card("fire5").await?;
    let (_, before, _) = page.judged("fire5").await?;
    page.set("refine-steps", "10").await?;
    page.click("#refine").await?;
    page.until("document.getElementById('refine').textContent === 'Refine' && document.querySelector('#refine-curve svg')").await?;
    page.rest().await?;
    let (_, after, _) = page.judged("result").await?;
    let mut refinement = native.lab.refine("fire5", analysis, &inverted)?;
    for _ in 0..10 {
        refinement.step(0.02);
    }
    let wanted = deepsim::picture::from_data(&refinement.pictures().into_data())?.pop().context("a picture")?;
    ensure_alike("ten steps", &page.card("result").await?, &wanted)?;
    println!("feature error {before} before, {after} after ten steps");
    ensure!(after < 0.9 * before, "{before} before, {after} after ten steps");
    // Stopped at any time.
    page.set("refine-steps", "200").await?;
    page.click("#refine").await?;
    page.until("document.getElementById('refine').textContent === 'Stop'").await?;
    page.until("document.getElementById('refine-error').textContent.startsWith('Step 4')").await?;
    page.click("#refine").await?;
    page.rest().await?;
    let steps = page.text("#refine-error").await?;
    let step: usize = steps.split_once(' ').and_then(|(_, rest)| rest.split_once(':')).context(steps.clone())?.0.parse()?;
    ensure!(step < 60, "{steps}");
    Ok(())
}

#[test]
fn operations_are_the_native_ones() -> Result<()> {
    with_page(Gpu::None, &["fire9"], OPERATIONS, operations)
}

#[test]
fn channels_are_silenced_and_amplified() -> Result<()> {
    with_page(Gpu::None, &["fire9"], CHANNELS, channels)
}

#[test]
fn features_are_mixed() -> Result<()> {
    with_page(Gpu::None, &["fire5"], MIXTURES, mixtures)
}

#[test]
fn rounds_are_the_native_ones() -> Result<()> {
    with_page(Gpu::None, &["fire5"], ROUNDS, rounds)
}

#[test]
fn an_inversion_is_refined() -> Result<()> {
    with_page(Gpu::None, &["fire5"], REFINEMENT, refinement)
}

/// One after the other on one page: a software adapter needs half a minute to compile what a page computes with.
#[test]
fn layers_and_experiments_are_the_native_ones_on_webgpu() -> Result<()> {
    with_page(Gpu::Software, &[], "tab=refine", async |page, native, analysis| {
        layers(page, native, analysis).await?;
        operations(page, native, &turn(page, native, OPERATIONS).await?).await?;
        channels(page, native, &turn(page, native, CHANNELS).await?).await?;
        mixtures(page, native, &turn(page, native, MIXTURES).await?).await?;
        rounds(page, native, &turn(page, native, ROUNDS).await?).await?;
        refinement(page, native, &turn(page, native, REFINEMENT).await?).await
    })
}
