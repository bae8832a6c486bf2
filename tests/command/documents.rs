//! The documents name what is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim_tests::workspace;

/// Returns where the links and pictures of a Markdown text point inside the repository.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    links
        .filter(|link| !link.contains("://"))
        .map(|link| link.split_once('#').map_or(link, |(path, _)| path))
        .filter(|path| !path.is_empty())
}

#[test]
fn every_file_that_a_document_shows_or_links_is_there() -> Result<()> {
    let mut found = 0;
    let mut documents = Vec::new();
    for folder in [".", "docs", "docs/results", "models", "data"] {
        for entry in fs::read_dir(workspace().join(folder))? {
            documents.push(entry?.path());
        }
    }
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    for path in documents {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for link in named(&text) {
            ensure!(folder.join(link).exists(), "{} names {link}, which is not there", path.display());
            found += 1;
        }
    }
    ensure!(found >= 40, "only {found} links were found");
    Ok(())
}
