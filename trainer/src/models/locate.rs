//! Finding what the project ships (`data/`, `models/`) without being told where it is.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Finds a file of the project by its path inside the repository, such as `data/photos-train.tar.gz`. It is searched for beside the current
/// folder, beside the executable, in the folders above both, and where the workspace was when this was built.
///
/// # Errors
/// If it is in none of these; the message says what to do.
pub fn locate(relative: &str) -> Result<PathBuf> {
    let here = std::env::current_dir().ok();
    let executable = std::env::current_exe().ok();
    let built = Path::new(option_env!("DEEPSIM_CHECKOUT").unwrap_or(env!("CARGO_MANIFEST_DIR"))).to_owned();
    for start in [here, executable, Some(built)].into_iter().flatten() {
        if let Some(found) = start.ancestors().map(|folder| folder.join(relative)).find(|path| path.is_file()) {
            return Ok(found);
        }
    }
    bail!("cannot find {relative}: run trainer inside a checkout of deepsim, or put that file beside the executable")
}
