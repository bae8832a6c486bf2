//! What a visitor can do, done as a person does it, and compared with what the native library makes of the same: pictures to 40 dB, errors
//! to a thousandth. Each on the processor and on WebGPU.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use deepsim::Picture;
use deepsim::lab::Seen;
use deepsim::surgery::{Edit, mix};
use deepsim_tests::chromium::Gpu;
use deepsim_tests::native::{Native, now};
use deepsim_tests::on_both_devices;
use deepsim_tests::page::{Page, in_browser, open};
use deepsim_tests::site::{site, site_of};
use deepsim_tests::workspace;
use serde_json::json;
use trainer::metrics::psnr;

/// Side of the pictures: small, since a software adapter is slow.
const SIDE: usize = 128;
/// How alike pictures of two machines are, in dB.
const ALIKE: f64 = 40.0;

fn ensure_alike(what: &str, found: &Picture, wanted: &Picture) -> Result<()> {
    ensure!(found.width() == wanted.width(), "{what}: {} pixels, not {}", found.width(), wanted.width());
    let likeness = psnr(found, wanted);
    println!("{what}: {likeness:.1} dB");
    ensure!(likeness >= ALIKE, "{what}: {likeness} dB from the native one, not {ALIKE}");
    Ok(())
}

/// Opens the page with these inverters (with all if none is named) on a device with an example, and gives what the native library sees in the same pixels.
fn with_page(gpu: Gpu, inverters: &[&str], state: &str, body: impl AsyncFnOnce(&Page, &Native, &Seen) -> Result<()>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let site = if inverters.is_empty() { site(temporary.path())? } else { site_of(temporary.path(), inverters)? };
    let native = Native::load(&site)?;
    let query = if gpu == Gpu::Software { "?device=webgpu" } else { "" };
    in_browser(gpu, &site, async |page| {
        page.open(&format!("{query}#side={SIDE}&{state}")).await?;
        ensure!(page.data("device").await? == if gpu == Gpu::Software { "webgpu" } else { "cpu" });
        // The same pixels: browsers decode a JPEG a little differently.
        let seen = native.lab.see(page.card("original").await?)?;
        body(page, &native, &seen).await
    })
}

/// The result's card shows this picture, and these errors stand below it.
async fn ensure_result(page: &Page, native: &Native, seen: &Seen, name: &str, what: &str, wanted: &Picture) -> Result<()> {
    ensure_alike(what, &page.card("result").await?, wanted)?;
    let errors = now(native.lab.errors(name, seen, &native.lab.see(wanted.clone())?))?;
    let (picture, feature, _) = page.judged("result").await?;
    let (off, much) = ((picture - f64::from(errors.picture)).abs(), (feature - f64::from(errors.feature)).abs());
    ensure!(off < 1e-3 && much < 1e-3, "{what}: errors {picture}, {feature}, natively {errors:?}");
    Ok(())
}

fn layers(gpu: Gpu) -> Result<()> {
    with_page(gpu, &[], "", async |page, native, seen| {
        ensure_alike("the example", seen.picture(), &Native::example("cat", SIDE)?)?;
        for name in &native.names {
            let wanted = now(native.lab.invert(name, seen, None))?;
            ensure_alike(name, &page.card(name).await?, &wanted)?;
            let again = native.lab.see(wanted)?;
            let errors = now(native.lab.errors(name, seen, &again))?;
            let (picture, feature, classes) = page.judged(name).await?;
            let off = (picture - f64::from(errors.picture)).abs().max((feature - f64::from(errors.feature)).abs());
            ensure!(off < 1e-3, "{name}: {picture}, {feature}, natively {errors:?}");
            let wanted: Vec<u64> = now(native.lab.classes(&again, 5))?.iter().map(|class| class.0 as u64).collect();
            // The likeliest; further ones may be equally likely.
            ensure!(classes.len() == 5 && classes[0] == wanted[0], "{name}: classes {classes:?}, natively {wanted:?}");
        }
        // The comparison shows two of them, parted where the slider stands.
        page.click("[data-name='fire5'] .picture").await?;
        page.set("compare-place", "25").await?;
        ensure!(page.canvas("#compare-over").await? == *seen.picture());
        ensure!(page.canvas("#compare-under").await? == page.card("fire5").await?);
        let parted = page.run("return document.getElementById('compare-over').style.clipPath", vec![]).await?;
        ensure!(parted == "inset(0px 75% 0px 0px)", "{parted}");
        page.set("compare-right", "fire9").await?;
        ensure!(page.canvas("#compare-under").await? == page.card("fire9").await?);
        page.click("#compare button").await
    })
}

fn operations(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire9"], "amount=0.6", async |page, native, seen| {
        let features = now(native.lab.features("fire9", seen))?;
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
            let wanted = now(native.lab.invert("fire9", seen, Some(&edit.apply(features.clone()))))?;
            ensure_result(page, native, seen, "fire9", name, &wanted).await?;
        }
        // Another random choice, and back to a link's.
        page.click("#seed").await?;
        page.rest().await?;
        let edit = Edit::Noise { amount: 1.2, seed: 2 };
        let wanted = now(native.lab.invert("fire9", seen, Some(&edit.apply(features.clone()))))?;
        ensure_result(page, native, seen, "fire9", "another seed", &wanted).await?;

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
        let wanted = now(native.lab.invert("fire9", seen, None))?;
        ensure_result(page, native, seen, "fire9", "all channels", &wanted).await
    })
}

fn channels(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire9"], "tab=channels", async |page, native, seen| {
        let features = now(native.lab.features("fire9", seen))?;
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
        let wanted = now(native.lab.invert("fire9", seen, Some(&edited)))?;
        ensure_result(page, native, seen, "fire9", "two channels", &wanted).await?;
        page.click("#channels-reset").await?;
        page.rest().await?;
        ensure_alike("as they were", &page.card("result").await?, &now(native.lab.invert("fire9", seen, None))?)
    })
}

fn mixtures(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire5"], "tab=mix&inverter=fire5&share=0.3", async |page, native, seen| {
        page.set("mix", "portrait").await?;
        page.rest().await?;
        let portrait = native.lab.see(Native::example("portrait", SIDE)?)?;
        let (first, second) = (now(native.lab.features("fire5", seen))?, now(native.lab.features("fire5", &portrait))?);
        let wanted = now(native.lab.invert("fire5", seen, Some(&mix(&first, &second, 0.3))))?;
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
    })
}

fn rounds(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire5"], "tab=reencode&inverter=fire5&rounds=3", async |page, native, seen| {
        let mut round = native.lab.see(seen.picture().clone())?;
        let mut frames = Vec::new();
        for number in 1..=3 {
            round = now(native.lab.again("fire5", &round))?;
            let error = now(native.lab.errors("fire5", seen, &round))?.feature;
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
        page.click("#keep-animation").await?;
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
    })
}

fn refinement(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire5"], "tab=refine&inverter=fire5", async |page, native, seen| {
        let inverted = page.card("fire5").await?;
        let (_, before, _) = page.judged("fire5").await?;
        page.set("refine-steps", "10").await?;
        page.click("#refine").await?;
        page.until("document.getElementById('refine').textContent === 'Refine' && document.querySelector('#refine-curve svg')").await?;
        page.rest().await?;
        let (_, after, _) = page.judged("result").await?;
        let mut refinement = native.lab.refine("fire5", seen, &inverted)?;
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
    })
}

fn keeping(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire5", "fire9"], "edit=noise&amount=0.4&seed=7", async |page, native, _| {
        page.catch_saved().await?;
        page.click("[data-name='fire9'] button.small").await?;
        ensure!(open(&page.saved(1).await?)? == page.card("fire9").await?);
        page.click("#save-sheet").await?;
        let sheet = open(&page.saved(2).await?)?;
        // The picture, all inversions and the result, four in a row, labels below.
        let rows = (native.names.len() + 2).div_ceil(4);
        ensure!((sheet.width(), sheet.height()) == (4 * 232 + 8, rows * 272 + 8), "{}x{}", sheet.width(), sheet.height());
        // A link restores what was shown.
        let result = page.card("result").await?;
        page.set("inverter", "fire5").await?;
        page.click("#tab-mix").await?;
        page.set("share", "0.25").await?;
        page.rest().await?;
        let mixed = page.card("result").await?;
        ensure!(mixed != result);
        page.click("#copy-link").await?;
        let link = page.run("return location.href", vec![]).await?;
        let link = link.as_str().context("a link")?;
        println!("{link}");
        page.client.goto("about:blank").await?;
        page.client.goto(link).await?;
        page.rest().await?;
        ensure_alike("the link's", &page.card("result").await?, &mixed)?;
        // An own picture is not in it, and that is said.
        page.upload(&workspace().join("tests/pictures/cat.jpg")).await?;
        page.click("#copy-link").await?;
        page.until("document.getElementById('status').textContent.includes('not your photo')").await?;
        let link = page.run("return location.hash", vec![]).await?;
        ensure!(link.as_str().is_some_and(|link| link.contains("example=&")), "{link}");
        Ok(())
    })
}

fn bringing(gpu: Gpu) -> Result<()> {
    with_page(gpu, &["fire9"], "", async |page, _, _| {
        let cat = workspace().join("tests/pictures/cat.jpg");
        let whole = open(&std::fs::read(&cat)?)?;
        page.upload(&cat).await?;
        let chosen = page.card("original").await?;
        let likeness = psnr(&chosen, &whole.centre_crop(SIDE)?);
        ensure!(likeness >= 35.0, "chosen: {likeness} dB");
        page.click("[data-example='chairs']").await?;
        page.until("deepsim.state.example === 'chairs'").await?;
        page.rest().await?;
        ensure!(psnr(&page.card("original").await?, &Native::example("chairs", SIDE)?) >= 35.0);
        for event in ["drop", "paste"] {
            page.give(event, &cat).await.context(event)?;
            ensure!(page.card("original").await? == chosen, "{event}: another picture");
        }
        // Half as wide, at the left: by keyboard, by wheel, by mouse.
        let script = "const crop = document.getElementById('crop'); \
            const zoom = document.getElementById('zoom'); zoom.value = '2'; zoom.dispatchEvent(new Event('input')); \
            for (let i = 0; i < 40; i++) crop.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', cancelable: true}))";
        let before = page.picture_name().await?;
        page.run(script, vec![]).await?;
        page.another_picture(&before).await?;
        let size = whole.width().min(whole.height()) as f64 / 2.0;
        let crop = deepsim::picture::Crop { left: 0.0, top: whole.height() as f64 / 2.0 - size / 2.0, width: size, height: size };
        let likeness = psnr(&page.card("original").await?, &whole.crop_resize(crop, SIDE)?);
        ensure!(likeness >= 35.0, "cropped: {likeness} dB");
        let script = "const crop = document.getElementById('crop'); const event = (type, more) => crop.dispatchEvent(new (type === 'wheel' ? WheelEvent : PointerEvent)(type, {cancelable: true, ...more})); \
            event('wheel', {deltaY: -1}); event('pointermove', {buttons: 1, movementX: -50, movementY: 0}); return deepsim.cropper.square()";
        let before = page.picture_name().await?;
        let square = page.run(script, vec![]).await?;
        ensure!(square["left"].as_f64() > Some(1.0) && square["size"].as_f64() < Some(size), "{square}");
        page.another_picture(&before).await?;
        // The webcam's picture: Chromium's test pattern, which is mostly green.
        page.click("#webcam").await?;
        page.until("document.getElementById('video').videoWidth > 0").await?;
        let before = page.picture_name().await?;
        page.click("#shoot").await?;
        page.another_picture(&before).await?;
        ensure!(page.run("return deepsim.source.name", vec![]).await? == "webcam");
        let picture = page.card("original").await?;
        let green = picture.rgb().chunks(3).filter(|pixel| pixel[1] > pixel[0] && pixel[1] > pixel[2]).count();
        ensure!(green * 2 > SIDE * SIDE, "{green} green pixels");
        Ok(())
    })
}

on_both_devices! {
    bringing: pictures_come_from_everywhere, pictures_come_from_everywhere_on_webgpu;
    layers: every_layer_is_the_native_one, every_layer_is_the_native_one_on_webgpu;
    rounds: rounds_are_the_native_ones, rounds_are_the_native_ones_on_webgpu;
    operations: operations_are_the_native_ones, operations_are_the_native_ones_on_webgpu;
    channels: channels_are_silenced_and_amplified, channels_are_silenced_and_amplified_on_webgpu;
    mixtures: features_are_mixed, features_are_mixed_on_webgpu;
    refinement: an_inversion_is_refined, an_inversion_is_refined_on_webgpu;
    keeping: what_is_shown_can_be_kept, what_is_shown_can_be_kept_on_webgpu;
}

/// Larger and smaller pictures, as the visitor chooses.
#[test]
fn the_size_can_be_chosen() -> Result<()> {
    with_page(Gpu::None, &[], "", async |page, native, _| {
        for side in [128, 224, 320, 448] {
            page.set("size", &side.to_string()).await?;
            page.until(&format!("deepsim.gallery.original.shown?.side === {side}")).await?;
            page.rest().await?;
            let seen = native.lab.see(page.card("original").await?)?;
            for name in &native.names {
                ensure_alike(&format!("{name} at {side}"), &page.card(name).await?, &now(native.lab.invert(name, &seen, None))?)?;
            }
        }
        Ok(())
    })
}
