//! A training step of the style network, with one style; `bench/peers/torch_restyle.py` repeats it in PyTorch.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use deepsim::loss::Border;
use deepsim::picture;
use deepsim::training::offset::offset;
use serde_json::Value;
use trainer::command::bench::state::State;
use trainer::models::locate::locate;
use trainer::system::style::picture::read;
use trainer::system::style::train::StyleTask;

use crate::step::{Begun, Options, begin, time};

/// The style that is learned.
const PAINTING: &str = "data/styles/wave.jpg";

pub(crate) fn measure(options: &Options) -> Result<Value> {
    let device = Device::flex();
    let path = locate(PAINTING)?;
    let style = path.to_str().context("the folder's name is not UTF-8")?;
    let Begun { task, config, batch, .. } = begin::<StyleTask>(&["--task", "style", "--style", style], options, &device)?;
    let mut state = State::default();
    let painting: Tensor<4> = picture::to_tensor(&[read(&path, config.styles.style_size)?], &device)?; // [1, 3, height, width]
    state.put("painting", painting.into_data());
    state.put_network("network", task.network());
    let range = Border::Cropped.range(options.size);
    let offset = offset(config.seed, 0, range);
    // Pixels, exact in f32.
    state.put("crop", [offset.top, offset.left, options.size - range].map(|v| v as f32));
    state.put("content_scale", [task.content_scale()]);
    let weights = config.styles.terms.weights();
    // A double has more digits than a weight.
    state.put("weights", [weights.content, weights.style, weights.variation].map(|v| v as f32));
    time(task, &config, &batch, state, options, |_| ())
}
