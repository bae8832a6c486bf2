//! A list of paths in `config.toml`. One path is written without brackets, as before there were lists.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

pub(super) fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    match paths {
        [one] => Paths::One(one.clone()),
        several => Paths::Several(several.to_vec()),
    }
    .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    Ok(match Paths::deserialize(deserializer)? {
        Paths::One(one) => vec![one],
        Paths::Several(several) => several,
    })
}
