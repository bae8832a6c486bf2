//! A picture and what is known of it, and what is done to its features.

use std::collections::BTreeMap;

use deepsim::lab::Analysis;
use deepsim::picture::Picture;
use deepsim::surgery::{Edit, Features};
use serde::Deserialize;
use wasm_bindgen::JsError;

/// A picture, and everything known of it at one side.
pub(crate) struct Slot {
    pub(crate) square: Picture,
    pub(crate) analysis: Option<Analysis>,
    /// The features that each inverter takes, as numbers.
    pub(crate) features: BTreeMap<String, Features>,
    /// What SqueezeNet sees in each inverter's inversion of the features as they are.
    pub(crate) inversions: BTreeMap<String, Analysis>,
    /// The newest round of re-encoding with each inverter.
    pub(crate) rounds: BTreeMap<String, Analysis>,
}

/// What is done to the features of a slot before they are inverted.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Operation {
    /// First they are mixed with another slot's.
    pub(crate) mix: Option<Mix>,
    /// Then edited, one edit after the other.
    pub(crate) edits: Vec<Edit>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Mix {
    pub(crate) slot: String,
    /// 0 is this slot's, 1 the other one's.
    pub(crate) share: f32,
}

impl Slot {
    /// Creates a slot of a picture whose features are not computed yet.
    pub(crate) const fn new(square: Picture) -> Self {
        Self { square, analysis: None, features: BTreeMap::new(), inversions: BTreeMap::new(), rounds: BTreeMap::new() }
    }
}

impl Operation {
    pub(crate) fn read(json: &str) -> Result<Self, JsError> {
        Ok(serde_json::from_str(json)?)
    }

    pub(crate) fn does_nothing(&self) -> bool {
        *self == Self::default()
    }
}
