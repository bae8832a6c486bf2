//! `trainer stylize`: pictures in a style or a mixture of styles, by a network or by optimisation.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deepsim::restyle::Restyler;

use super::each_picture::each_picture;
use crate::config::style::StyleTerms;
use crate::data::builtin::open_training;
use crate::device::Backend;
use crate::measure::method::Descent;
use crate::models;
use crate::system::style::optimise::optimise;
use crate::system::style::picture::{content_scale, loss, read};

/// Side of the pictures on which the content's features are scaled.
const SCALED_AT: usize = 256;

/// How `trainer stylize` paints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// One pass through a trained network
    Network,
    /// Gradient descent on the pixels (Gatys et al. 2016), for the picture that --painting names
    Optimise,
}

/// Options of `trainer stylize`.
#[derive(Debug, Clone, Args)]
pub struct StylizeOptions {
    /// Model file of a style network
    #[arg(required_if_eq("method", "network"))]
    pub model: Option<PathBuf>,

    /// How to paint
    #[arg(long, value_enum, default_value_t = How::Network)]
    pub method: How,

    /// Pictures, and folders of pictures with their subfolders, by their endings in any case; links to pictures are followed, links to folders and hidden
    /// files are passed over
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub input: Vec<PathBuf>,

    /// Styles of the network and their weights, such as wave or wave:2,the_scream:1 [default: the first style]
    #[arg(long, value_delimiter = ',', value_name = "NAME[:WEIGHT]")]
    pub style: Vec<Share>,

    /// Picture whose style `--method optimise` takes
    #[arg(long, value_name = "FILE", required_if_eq("method", "optimise"))]
    pub painting: Option<PathBuf>,

    /// Longer side to which that picture is resized
    #[arg(long, default_value_t = 320, value_name = "PIXELS")]
    pub style_size: usize,

    /// Folder for the pictures; it is made if it does not exist
    #[arg(long, default_value = "stylized", value_name = "DIR")]
    pub output: PathBuf,

    /// Of `--method optimise`.
    #[command(flatten)]
    pub terms: StyleTerms,

    /// Of `--method optimise`.
    #[command(flatten)]
    pub descent: Descent,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// A style and its weight in a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    name: String,
    weight: f32,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (name, weight) = match word.split_once(':') {
            Some((name, weight)) => (name, weight.parse().map_err(|_| format!("{weight} is no weight"))?),
            None => (word, 1.0),
        };
        if name.is_empty() || !(weight >= 0.0 && f32::is_finite(weight)) {
            return Err("write a style's name, or NAME:WEIGHT with a weight of at least 0".to_owned());
        }
        Ok(Self { name: name.to_owned(), weight })
    }
}

/// Paints pictures and writes `STEM.png` for each, at its own size.
///
/// # Errors
/// If the model, a style or the folder cannot be used, or any picture could not be read; the others are painted all the same.
pub fn stylize(options: &StylizeOptions, device: &Device) -> Result<()> {
    if options.method == How::Optimise {
        let painting = options.painting.as_ref().context("--method optimise: name the style's picture with --painting")?;
        let style = read(painting, options.style_size)?;
        let scale = content_scale(&options.terms, &open_training()?, SCALED_AT, device)?;
        let loss = loss(&options.terms, scale, device)?;
        return each_picture(&options.input, &options.output, |picture| {
            Ok(optimise(&loss, &style, picture, options.descent.steps, device)?.0)
        });
    }
    let path = options.model.as_ref().context("a style network is needed: name its model file")?;
    let restyler = Restyler::new(&models::read(path)?, device).with_context(|| path.display().to_string())?;
    let weights = weights(&options.style, restyler.names())?;
    each_picture(&options.input, &options.output, |picture| Ok(restyler.restyle(picture, &weights)?))
}

/// Returns the weight of each style of a network.
fn weights(mix: &[Share], names: &[String]) -> Result<Vec<f32>> {
    let mut weights = vec![0.0; names.len()];
    for Share { name, weight } in mix {
        let Some(place) = names.iter().position(|known| known == name) else {
            bail!("--style {name}: the network has the styles {}", names.join(", "));
        };
        weights[place] += weight;
    }
    if mix.is_empty() {
        weights[0] = 1.0;
    }
    ensure!(weights.iter().any(|weight| *weight > 0.0), "--style: no style has a weight above zero");
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixtures_are_read() {
        let names = ["wave", "scream", "night"].map(String::from);
        let read = |words: &[&str]| weights(&words.iter().map(|word| word.parse().unwrap()).collect::<Vec<_>>(), &names);
        assert_eq!(read(&[]).unwrap(), [1.0, 0.0, 0.0]);
        assert_eq!(read(&["scream"]).unwrap(), [0.0, 1.0, 0.0]);
        assert_eq!(read(&["night:2", "wave:0.5"]).unwrap(), [0.5, 0.0, 2.0]);
        assert!(read(&["monet"]).unwrap_err().to_string().contains("wave, scream, night"));
        assert!(read(&["wave:0"]).is_err());
        for word in ["", ":1", "wave:", "wave:-1", "wave:nan"] {
            assert!(word.parse::<Share>().is_err(), "{word}");
        }
    }
}
