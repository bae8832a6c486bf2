//! The options of LAPGAN.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

/// Which levels of a pyramid are trained, and what their networks are told.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct PyramidOptions {
    /// Train these levels alone, by their sides in pixels; the others stay as --init has them [default: all]
    #[arg(long, value_delimiter = ',', value_name = "SIDES", help_heading = "Pyramid")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub level: Vec<usize>,

    /// Classes of the pictures: a table with a picture's name, a tab and its class in each line, or none [default: the groups of the built-in emoji, the labels beside an IDX file, or none]
    #[arg(long, value_name = "FILE", help_heading = "Pyramid")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<PathBuf>,

    /// Names of the classes that the labels beside an IDX file number
    #[arg(long, value_delimiter = ',', value_name = "NAMES", help_heading = "Pyramid")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,

    /// Show the discriminators pictures that are shifted by up to this share of their side, so that they do not learn them by heart
    #[arg(long, default_value_t = 0.125, value_name = "SHARE", help_heading = "Pyramid")]
    #[serde(default)]
    pub shift: f64,

    /// Standard deviation of the noise on the coarse pictures that finer levels learn from, where white is 1 and black -1: the coarse pictures that they will be given are not perfect
    #[arg(long, default_value_t = 0.0, value_name = "DEVIATION", help_heading = "Pyramid")]
    #[serde(default)]
    pub coarse_noise: f64,
}
