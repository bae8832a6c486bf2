//! The page's wasm beside onnxruntime-web, UpscalerJS and a style transformer in one browser, in turns. Run by `cargo xtask bench --peers`, which prepares the site.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deepsim_tests::browser::{Browser, Gpu};
use serde_json::{Value, json};
use xtask::serve::Server;

/// (work, ours, theirs, runs of each). "fused": with relaxed SIMD.
const PAIRS: [(&str, &str, &str, usize); 16] = [
    ("inversion", "deepsim cpu, 1 thread", "onnxruntime-web wasm, 1 thread", 15),
    ("inversion", "deepsim cpu, 1 thread, fused", "onnxruntime-web wasm, 1 thread", 15),
    ("inversion", "deepsim cpu, threads", "onnxruntime-web wasm, threads", 15),
    ("inversion", "deepsim webgpu", "onnxruntime-web webgpu", 3),
    ("enlarge", "deepsim cpu, 1 thread", "UpscalerJS esrgan-slim, tfjs wasm, 1 thread", 9),
    ("enlarge", "deepsim cpu, 1 thread, fused", "UpscalerJS esrgan-slim, tfjs wasm, 1 thread", 9),
    ("enlarge", "deepsim cpu, threads", "UpscalerJS esrgan-slim, tfjs wasm, threads", 9),
    ("enlarge", "deepsim webgpu", "UpscalerJS esrgan-slim, tfjs webgpu", 3),
    ("style", "deepsim cpu, 1 thread", "arbitrary-image-stylization separable, tfjs wasm, 1 thread", 9),
    ("style", "deepsim cpu, 1 thread, fused", "arbitrary-image-stylization separable, tfjs wasm, 1 thread", 9),
    ("style", "deepsim cpu, threads", "arbitrary-image-stylization separable, tfjs wasm, threads", 9),
    ("style", "deepsim webgpu", "arbitrary-image-stylization separable, tfjs webgpu", 3),
    // Of TensorFlow.js's backends for the processor only the one in JavaScript has the gradient of a convolution's weights.
    ("training step", "deepsim cpu, 1 thread", "tfjs cpu", 5),
    ("training step", "deepsim cpu, 1 thread, fused", "tfjs cpu", 5),
    ("training step", "deepsim cpu, threads", "tfjs cpu", 5),
    ("training step", "deepsim webgpu", "tfjs webgpu", 3),
];

/// The least agreement of two inversions, in dB: 8-bit pictures of the same weights. Enlargements and paintings are of different networks.
const AGREEMENT: f64 = 40.0;

#[tokio::test]
#[ignore = "a measurement, and it needs the peers: `cargo xtask bench --peers`"]
async fn the_same_work_in_turns() -> Result<()> {
    let site = PathBuf::from(std::env::var_os("DEEPSIM_PEERS").context("`cargo xtask bench --peers` names the site")?);
    let server = Server::start_isolated(&site, 0)?;
    let mut rows = Vec::new();
    for (work, ours, theirs, runs) in PAIRS {
        // A browser for each pair: what one leaves running would slow the next.
        let browser = Browser::start(Gpu::Software).await?;
        let client = browser.client();
        client.goto(&format!("{}/peers/browser.html", server.address())).await?;
        let call = async |function: &str, name: &str| -> Result<Value> {
            let script = "const [call, name, done] = arguments; window[call](name).then(done, (error) => done({error: String(error)}))";
            let value = client.execute_async(script, vec![json!(function), json!(name)]).await?;
            ensure!(value.get("error").is_none(), "{name}: {}", value["error"]);
            Ok(value)
        };
        let [ours, theirs] = [ours, theirs].map(|name| format!("{work}, {name}"));
        let mut pictures = Vec::new();
        for name in [&ours, &theirs] {
            match call("prepare", name).await {
                Ok(picture) => pictures.push(serde_json::from_value::<Vec<u8>>(picture)?),
                // Not every library runs everywhere: what does not is named and left out.
                Err(error) if *name == theirs => eprintln!("{name} does not run here: {error:#}"),
                Err(error) => return Err(error),
            }
        }
        let [our_picture, their_picture] = &pictures[..] else {
            browser.close().await?;
            continue;
        };
        ensure!(our_picture.len() == their_picture.len(), "{theirs} makes a picture of another size");
        let agreement = psnr(our_picture, their_picture);
        if work == "inversion" {
            ensure!(agreement >= AGREEMENT, "{ours} and {theirs} agree to {agreement:.1} dB only: a fast wrong answer does not count");
        }
        let mut times = BTreeMap::<&str, Vec<f64>>::new();
        for _ in 0..runs {
            for name in [&ours, &theirs] {
                times.entry(name).or_default().push(call("once", name).await?.as_f64().context("milliseconds")?);
            }
        }
        let (our_times, their_times) = (times[ours.as_str()].clone(), times[theirs.as_str()].clone());
        let ratios = their_times.iter().zip(&our_times).map(|(theirs, ours)| theirs / ours).collect();
        rows.push(json!({
            "ours": ours, "theirs": theirs, "agreement_db": agreement,
            "our_milliseconds": median(our_times), "their_milliseconds": median(their_times),
            "ratio": median(ratios),
        }));
        browser.close().await?;
    }
    println!("peers: {}", Value::from(rows));
    Ok(())
}

/// Enlarges with UpscalerJS the pictures of the folder `DEEPSIM_SMALL` into folders below `DEEPSIM_LARGE`, for `trainer eval --enlarged`.
#[tokio::test]
#[ignore = "not a test, and it needs the peers: docs/results/enlarge.md has the command"]
async fn upscalerjs_enlarges_a_folder() -> Result<()> {
    let path = |name: &str| Ok::<_, anyhow::Error>(PathBuf::from(std::env::var_os(name).with_context(|| format!("{name} is not set"))?));
    let (site, small, large) = (path("DEEPSIM_PEERS")?, path("DEEPSIM_SMALL")?, path("DEEPSIM_LARGE")?);
    let server = Server::start_isolated(&site, 0)?;
    for size in ["slim", "medium"] {
        let browser = Browser::start(Gpu::None).await?;
        let client = browser.client();
        client.goto(&format!("{}/peers/browser.html", server.address())).await?;
        let folder = large.join(format!("esrgan-{size}"));
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&small)? {
            let entry = entry?;
            let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(fs::read(entry.path())?));
            let script = "const [size, url, done] = arguments; upscaleFile(size, url).then(done, (error) => done(`error: ${error}`))";
            let answer = client.execute_async(script, vec![json!(size), json!(url)]).await?;
            let answer = answer.as_str().context("no answer")?;
            let png = answer.strip_prefix("data:image/png;base64,").with_context(|| answer.to_owned())?;
            fs::write(folder.join(entry.file_name()), BASE64_STANDARD.decode(png)?)?;
        }
        browser.close().await?;
    }
    Ok(())
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.len() as f64 / sum.max(1e-9)).log10()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
