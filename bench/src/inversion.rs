//! The inversion of one photo on the processor; `bench/peers/torch_inversion.py` repeats it in PyTorch.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use clap::Args;
use deepsim::inversion::Inversion;
use deepsim::picture;
use serde_json::{Value, json};
use trainer::command::bench::state::State;
use trainer::data::open_picture;
use trainer::models;
use trainer::models::locate::locate;

#[derive(Args)]
pub(crate) struct Options {
    /// Side of the photo, a multiple of 16
    #[arg(long, default_value_t = 224)]
    size: usize,
    /// Inversions timed
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// Inversions before those
    #[arg(long, default_value_t = 3)]
    warmup: usize,
    /// Write picture and inversion there
    #[arg(long)]
    state: Option<PathBuf>,
}

pub(crate) fn measure(options: &Options) -> Result<Value> {
    let device = Device::flex();
    let read = |name: &str| models::read(&locate(name)?);
    let inversion = Inversion::new(&read("models/squeezenet.safetensors")?, &read("models/fire5.safetensors")?, &device)?;
    let photo = open_picture(&locate("tests/pictures/cat.jpg")?)?.centre_crop(options.size)?;
    let picture: Tensor<4> = picture::to_tensor(std::slice::from_ref(&photo), &device)?; // [1, 3, side, side]
    let mut seconds = Vec::new();
    let mut inverted = picture.clone(); // [1, 3, side, side]
    for _ in 0..options.warmup + options.runs {
        let begun = Instant::now();
        inverted = inversion.invert(picture.clone());
        seconds.push(begun.elapsed().as_secs_f64());
    }
    if let Some(path) = &options.state {
        let mut state = State::default();
        state.put("picture", picture.into_data());
        state.put("inversion", inverted.into_data());
        state.write(path)?;
    }
    Ok(json!({ "seconds": seconds[options.warmup..] }))
}
