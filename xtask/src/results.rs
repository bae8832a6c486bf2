//! `cargo xtask results`: the tables and pictures of `docs/results/`, from model files in the repository.
//!
//! The text of those pages is written by hand; what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is written here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::announce::{cargo, root, run, step, target};
use crate::bench::trainer;

/// What is measured, and on which page it stands.
struct Section {
    /// The name of the page and between its markers.
    name: &'static str,
    /// Folder of the models, and how their names begin.
    models: (&'static str, &'static [&'static str]),
    /// Arguments of the trainer before the models.
    arguments: &'static [&'static str],
    /// A sheet that it leaves in the output folder, beside NAME.md.
    sheets: bool,
    /// Curves that it leaves in the output folder.
    curves: &'static [&'static str],
}

const LAYERS: &[&str] = &["pool1", "fire3", "fire5", "fire9", "scores"];

const SECTIONS: [Section; 7] = [
    Section {
        name: "inverters",
        models: ("models", LAYERS),
        arguments: &["eval", "--crops", "4", "--baseline", "mean,ridge"],
        sheets: true,
        curves: &[],
    },
    Section {
        name: "optimisation",
        models: ("models", &["fire9"]),
        arguments: &["eval", "--baseline", "optimise", "--steps", "500", "--variation", "1000"],
        sheets: true,
        curves: &[],
    },
    Section {
        name: "reencode",
        models: ("models", LAYERS),
        arguments: &["experiment", "reencode"],
        sheets: false,
        curves: &["reencode-error.svg", "reencode-judge.svg"],
    },
    Section {
        name: "styles",
        models: ("models", &["styles"]),
        arguments: &["eval", "--style", "data/styles", "--most", "2", "--steps", "500"],
        sheets: true,
        curves: &[],
    },
    Section { name: "generation", models: ("models", &["emoji-vae"]), arguments: &["eval"], sheets: true, curves: &[] },
    Section {
        name: "lapgan",
        models: ("models", &["emoji-lapgan"]),
        arguments: &["eval", "--code", "models/emoji-vae.safetensors"],
        sheets: true,
        curves: &[],
    },
    Section {
        name: "surgery",
        models: ("models", &["fire9", "scores"]),
        arguments: &["experiment", "surgery"],
        sheets: false,
        curves: &[],
    },
];

/// Tables of models that are too large for the repository: they are kept as `docs/results/tables/NAME.md` when the models are trained and measured
/// (`models/train.sh`), and only put into the documents here.
const KEPT: [&str; 4] = ["losses", "comparators", "divergence", "codes"];

/// Measures everything, or only the sections of these names, and puts tables and sheets into `docs/results`.
///
/// # Errors
/// If a name is unknown, a build or a measurement fails, or a page has no place for a table.
pub fn results(only: &[String]) -> Result<()> {
    let root = root()?;
    for name in only {
        let known = SECTIONS.iter().map(|section| section.name).chain(KEPT).any(|known| known == name);
        ensure!(known, "no section {name} in the results");
    }
    step("Build");
    run(cargo().current_dir(&root).args(["build", "--release", "--workspace"]))?;
    let (output, pages) = (target()?.join("results"), root.join("docs/results"));
    fs::create_dir_all(&output)?;
    for section in SECTIONS.iter().filter(|section| only.is_empty() || only.iter().any(|name| name == section.name)) {
        step(&format!("Results: {}", section.name));
        let models = models(&root.join(section.models.0), section.models.1)?;
        if models.is_empty() {
            println!("    no models in {}: the section stays as it is", section.models.0);
            continue;
        }
        let table = output.join(format!("{}.md", section.name));
        let mut command = Command::new(trainer()?);
        let is_experiment = section.arguments[0] == "experiment";
        command.current_dir(&root).args(section.arguments).args(&models);
        if is_experiment {
            command.arg("--output").arg(&output);
        } else {
            command.arg("--markdown").arg(&table).arg("--json").arg(output.join(format!("{}.json", section.name)));
            if section.sheets {
                command.arg("--sheet").arg(pages.join(format!("{}.jpg", section.name)));
            }
        }
        run(&mut command)?;
        if is_experiment {
            // Of a twin that was trained with pixels alone the table says enough; sheets are large.
            for model in models.iter().filter(|model| !stem(model).ends_with("-image")) {
                let sheet = format!("{}-{}.jpg", section.name, stem(model));
                fs::copy(output.join(&sheet), pages.join(&sheet)).with_context(|| sheet.clone())?;
            }
            for curve in section.curves {
                fs::copy(output.join(curve), pages.join(curve)).with_context(|| (*curve).to_owned())?;
            }
        }
        put(&pages, section.name, &table)?;
    }
    for name in KEPT.into_iter().filter(|name| only.is_empty() || only.iter().any(|wanted| wanted == name)) {
        put(&pages, name, &pages.join("tables").join(name).with_extension("md"))?;
    }
    println!("\n{}", pages.display());
    Ok(())
}

/// Returns the model files in a folder whose names begin with one of these, in the order of these and then of their names.
fn models(folder: &Path, begin: &[&str]) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    found.sort();
    let is_of = |name: &str, word: &str| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let of = |word: &&str| found.iter().filter(|path| is_of(&stem(path), word)).cloned().collect::<Vec<_>>();
    Ok(begin.iter().flat_map(of).collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Puts the table of a file between the markers of a section's page.
fn put(pages: &Path, name: &str, table: &Path) -> Result<()> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| path.display().to_string());
    let page = pages.join(name).with_extension("md");
    fs::write(&page, with_section(&read(&page)?, name, &read(table)?)?)?;
    Ok(())
}

/// Replaces the table between a section's markers in the document.
fn with_section(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let missing = || format!("docs/results/{name}.md has no place for its table");
    let start = text.find(&begin).with_context(missing)? + begin.len();
    let stop = start + text[start..].find(&end).with_context(missing)?;
    Ok(format!("{}{}\n{}", &text[..start], table.trim_end(), &text[stop..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() -> Result<()> {
        let text = "words\n<!-- begin a -->\nold\n<!-- end a -->\nmore\n<!-- begin b -->\n<!-- end b -->\n";
        let once = with_section(text, "a", "| new |\n")?;
        assert_eq!(once, "words\n<!-- begin a -->\n| new |\n<!-- end a -->\nmore\n<!-- begin b -->\n<!-- end b -->\n");
        assert_eq!(with_section(&once, "a", "| new |\n")?, once);
        assert!(with_section(text, "c", "").is_err());
        Ok(())
    }
}
