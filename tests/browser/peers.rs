//! The page's wasm beside onnxruntime-web in one browser, in turns. Run by `cargo xtask bench --peers`, which prepares the site.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use deepsim_tests::chromium::{Chromium, Gpu};
use serde_json::{Value, json};
use xtask::serve::Server;

/// (ours, theirs, runs of each)
const PAIRS: [(&str, &str, usize); 3] = [
    ("deepsim cpu", "onnxruntime-web wasm, 1 thread", 15),
    ("deepsim cpu", "onnxruntime-web wasm, threads", 15),
    ("deepsim webgpu", "onnxruntime-web webgpu", 3),
];

/// The least agreement of two inversions, in dB: 8-bit pictures of the same weights in f16 and f32.
const AGREEMENT: f64 = 40.0;

#[tokio::test]
#[ignore = "a measurement, and it needs the peers: `cargo xtask bench --peers`"]
async fn inversions_in_turns() -> Result<()> {
    let site = PathBuf::from(std::env::var_os("DEEPSIM_PEERS").context("`cargo xtask bench --peers` names the site")?);
    let server = Server::start_isolated(&site, 0)?;
    let mut rows = Vec::new();
    for (ours, theirs, runs) in PAIRS {
        // A browser for each pair: what one leaves running would slow the next.
        let browser = Chromium::start(Gpu::Software).await?;
        let client = browser.client();
        client.goto(&format!("{}/peers/browser.html", server.address())).await?;
        let call = async |function: &str, name: &str| -> Result<Value> {
            let script = "const [call, name, done] = arguments; window[call](name).then(done, (error) => done({error: String(error)}))";
            let value = client.execute_async(script, vec![json!(function), json!(name)]).await?;
            ensure!(value.get("error").is_none(), "{name}: {}", value["error"]);
            Ok(value)
        };
        let mut pictures = Vec::new();
        for name in [ours, theirs] {
            pictures.push(serde_json::from_value::<Vec<u8>>(call("prepare", name).await?)?);
        }
        let agreement = psnr(&pictures[0], &pictures[1]);
        ensure!(agreement >= AGREEMENT, "{ours} and {theirs} agree to {agreement:.1} dB only: a fast wrong answer does not count");
        let mut times = BTreeMap::<&str, Vec<f64>>::new();
        for _ in 0..runs {
            for name in [ours, theirs] {
                times.entry(name).or_default().push(call("once", name).await?.as_f64().context("milliseconds")?);
            }
        }
        let ratios = times[theirs].iter().zip(&times[ours]).map(|(theirs, ours)| theirs / ours).collect();
        rows.push(json!({
            "ours": ours, "theirs": theirs, "agreement_db": agreement,
            "our_milliseconds": median(times[ours].clone()), "their_milliseconds": median(times[theirs].clone()),
            "ratio": median(ratios),
        }));
        browser.close().await?;
    }
    println!("peers: {}", Value::from(rows));
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
