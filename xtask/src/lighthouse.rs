//! `cargo xtask lighthouse`: audits the built page as Chrome's Lighthouse does, on a desktop and on a phone.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::announce::{root, run, step, target};
use crate::serve::Server;
use crate::{setup, web};

/// What must be reached, of 100.
const AIM: f64 = 95.0;
const CATEGORIES: [&str; 3] = ["performance", "accessibility", "best-practices"];
/// A screen, and Lighthouse's argument for it.
const SCREENS: [(&str, &str); 2] = [("desktop", "--preset=desktop"), ("phone", "--form-factor=mobile")];
/// Audits of each screen, of which the median counts.
const AUDITS: usize = 3;

/// Installs Lighthouse from npm below the target folder, audits the page, and leaves the reports beside it.
///
/// # Errors
/// If it cannot be installed or run, or a score is below 95.
pub fn lighthouse() -> Result<()> {
    setup::browser()?;
    let dist = web::build()?;
    let folder = target()?.join("lighthouse");
    fs::create_dir_all(&folder)?;
    step("Lighthouse");
    fs::copy(root()?.join("bench/lighthouse/package.json"), folder.join("package.json"))?;
    run(Command::new("npm").current_dir(&folder).args(["install", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    let server = Server::start_isolated(&dist, 0)?;
    let mut low = Vec::new();
    println!(
        "| screen | {} | first paint, ms | largest paint, ms | blocked, ms | shifts |\n|{}",
        CATEGORIES.join(" | "),
        "---|".repeat(CATEGORIES.len() + 5)
    );
    for (screen, argument) in SCREENS {
        let mut reports =
            (0..AUDITS).map(|each| audit(&folder, &server.address(), argument, &format!("{screen}-{each}"))).collect::<Result<Vec<_>>>()?;
        reports.sort_by(|a, b| score(a, CATEGORIES[0]).total_cmp(&score(b, CATEGORIES[0])));
        let report = &reports[AUDITS / 2];
        let scores = CATEGORIES.map(|category| score(report, category));
        low.extend(
            CATEGORIES
                .iter()
                .zip(scores)
                .filter(|(_, score)| *score < AIM)
                .map(|(category, score)| format!("{screen}, {category}: {score:.0}")),
        );
        let measured = |audit: &str| report["audits"][audit]["numericValue"].as_f64().unwrap_or(f64::NAN);
        println!(
            "| {screen} | {} | {:.0} | {:.0} | {:.0} | {:.3} |",
            scores.map(|score| format!("{score:.0}")).join(" | "),
            measured("first-contentful-paint"),
            measured("largest-contentful-paint"),
            measured("total-blocking-time"),
            measured("cumulative-layout-shift"),
        );
    }
    println!("reports: {}", folder.display());
    ensure!(low.is_empty(), "below {AIM}: {}", low.join("; "));
    Ok(())
}

fn audit(folder: &Path, address: &str, argument: &str, name: &str) -> Result<Value> {
    let path = folder.join(name).with_extension("json");
    let chromium = setup::find_program(&setup::CHROMIUM).context("Chromium is missing")?;
    run(Command::new("node")
        .current_dir(folder)
        .arg("node_modules/lighthouse/cli/index.js")
        .args([address, argument, "--quiet", "--output=json", "--chrome-flags=--headless --no-sandbox"])
        .arg(format!("--only-categories={}", CATEGORIES.join(",")))
        .arg(format!("--output-path={}", path.display()))
        .env("CHROME_PATH", chromium))?;
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Returns a category's score, of 100.
fn score(report: &Value, category: &str) -> f64 {
    report["categories"][category]["score"].as_f64().unwrap_or(0.0) * 100.0
}
