//! A training step of the upscaler with the DeePSiM loss; `bench/peers/torch_enlarge.py` repeats it in PyTorch.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use deepsim::loss::Border;
use deepsim::nets::upscaler::bicubic;
use deepsim::training::gate::Gate;
use deepsim::training::offset::offset;
use serde_json::Value;
use trainer::command::bench::state::State;
use trainer::system::enlarge::train::EnlargeTask;

use crate::step::{Begun, Options, begin, time};

pub(crate) fn measure(options: &Options) -> Result<Value> {
    let device = Device::flex();
    let arguments = ["--task", "enlarge", "--loss", "deepsim", "--compare", "pool1,fire3,fire5"];
    let Begun { task, config, batch, .. } = begin::<EnlargeTask>(&arguments, options, &device)?;
    let mut state = State::default();
    let small = batch.inputs.clone().context("the source gives no small pictures")?;
    state.put("small", small.clone());
    state.put("bicubic", bicubic(Tensor::from_data(small, &device)).into_data());
    state.put_network("upscaler", &task.train_state.generator);
    state.put_network("discriminator", &task.train_state.discriminator);
    let range = Border::Cropped.range(options.size);
    let offset = offset(config.seed, 0, range);
    // Pixels, exact in f32.
    state.put("crop", [offset.top, offset.left, options.size - range].map(|v| v as f32));
    state.put("scales", task.places.iter().map(|scaled| scaled.scale).collect::<Vec<_>>().as_slice());
    let weights = config.weights();
    // A double has more digits than a weight.
    state.put("weights", [weights.image, weights.feature, weights.adversarial].map(|v| v as f32));
    // A rounding error must not decide who trains.
    time(task, &config, &batch, state, options, |task| task.train_state.gate = Gate::OPEN)
}
