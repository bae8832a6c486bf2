//! A training step of a level of LAPGAN; `bench/peers/torch_lapgan.py` repeats it in PyTorch.

use anyhow::{Context, Result};
use burn::tensor::Device;
use serde_json::Value;
use trainer::command::bench::state::State;
use trainer::data::loader::Share;
use trainer::system::lapgan::train::LapganTask;

use crate::step::{Begun, Options, begin, time};

pub(crate) fn measure(options: &Options) -> Result<Value> {
    let device = Device::flex();
    let side = options.size.to_string();
    let arguments = ["--task", "lapgan", "--level", &side, "--shift", "0"];
    let Begun { task, config, batch, .. } = begin::<LapganTask>(&arguments, options, &device)?;
    let mut state = State::default();
    let level = task.level(options.size).context("a level of this side")?;
    state.put_network("generator", &level.state.generator);
    state.put_network("discriminator", &level.state.discriminator);
    state.put("noise", task.noise_of(0, options.size, options.batch, Share::ALL).into_data());
    // A rounding error must not decide who trains.
    time(task, &config, &batch, state, options, LapganTask::open_gates)
}
