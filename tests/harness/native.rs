//! What the native library makes of the same pictures.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::Result;
use deepsim::Picture;
use deepsim::burn::tensor::Device;
use deepsim::lab::Lab;
use deepsim::model_file::ModelFile;
use serde_json::Value;

use crate::page::open;
use crate::workspace;

/// The native laboratory on the processor, with every inverter that the page has.
pub struct Native {
    /// The laboratory.
    pub lab: Lab,
    /// The names of its inverters.
    pub names: Vec<String>,
}

impl Native {
    /// Loads what the page in `site` would load.
    ///
    /// # Errors
    /// If a file is damaged.
    pub fn load(site: &Path) -> Result<Self> {
        let model = |name: &str| -> Result<ModelFile> {
            Ok(ModelFile::from_bytes(&fs::read(site.join("models").join(name).with_added_extension("safetensors"))?)?)
        };
        let mut lab = Lab::new(&model("squeezenet")?, &Device::flex())?;
        let listed: Vec<Value> = serde_json::from_slice(&fs::read(site.join("models.json"))?)?;
        let mut names = Vec::new();
        for name in listed.iter().filter(|entry| entry["layer"] != "").filter_map(|entry| entry["name"].as_str()) {
            lab.add(name, &model(name)?)?;
            names.push(name.to_owned());
        }
        Ok(Self { lab, names })
    }

    /// Returns the middle square of an example of the page.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn example(name: &str, side: usize) -> Result<Picture> {
        Ok(open(&fs::read(workspace().join("web/examples").join(name).with_added_extension("jpg"))?)?.centre_crop(side)?)
    }
}

/// Returns the value of a future that never waits, as none does on the processor.
///
/// # Panics
/// If it waits after all.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the processor does not make anybody wait"),
    }
}
