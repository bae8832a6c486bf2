//! How much is done, counted and not timed: what these limits catch, a stopwatch on a busy machine would not.
//!
//! Each limit is about 10 % above what is reached. Raise one only with a sentence here that says what the work is for.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::alloc::System;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::burn;
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::loss::{DeepSimLoss, Offset, Weights};
use deepsim::training::state::TrainState;
use deepsim::training::step::Setup;
use deepsim_tests::{dist, succeed, trainer, workspace};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls of the allocator in one training step at 32 pixels, batch 2.
const ALLOCATIONS: usize = 13_300;
/// Bytes that it gave.
const BYTES: usize = 149_000_000;
/// Instructions of `peer inversion --size 64`, weights read and verified included, with AVX2 (valgrind has no AVX-512).
const INSTRUCTIONS: u64 = 355_000_000;
/// Those of them in the convolutions' tiles. It was 58.9 million before minimal filtering, and 72.8 when tiles of four channels by three vectors kept two sums
/// in memory.
const TILE_INSTRUCTIONS: u64 = 38_000_000;
/// Kernels launched on wgpu in one training step at 32 pixels, batch 2, without fusion.
const KERNELS: usize = 1_770;
/// Bytes of the page's modules. Gradients, for refining, have the way back through each operation (WebGPU's was 8.3 MB without). Those for the processor are
/// below 500 kB after `brotli -q 11`.
const WASM: [(&str, u64); 5] = [
    ("webgpu", 15_800_000),
    ("cpu", 2_600_000),
    ("cpu-threads", 2_700_000),
    ("cpu-threads-relaxed", 2_720_000),
    ("train-threads-relaxed", 3_500_000),
];
/// Bytes of all models that the page can load. It loads each when it is wanted.
const MODELS: u64 = 30_000_000;

/// Returns the binary that times our side of comparisons: beside the trainer.
fn peer() -> PathBuf {
    PathBuf::from(trainer().get_program()).with_file_name("peer").with_extension(std::env::consts::EXE_EXTENSION)
}

#[test]
fn a_training_step_allocates_no_more_than_it_did() -> Result<()> {
    let device = Device::flex();
    device.seed(0);
    let encoder = trainer::models::squeezenet(&device)?;
    let scaled = |layer| ScaledPlace { place: Place::Layer(layer), scale: 50.0 };
    let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
    let loss = DeepSimLoss::new(Comparator::at(encoder.clone(), &[scaled(Layer::Fire5), scaled(Layer::Fire9)])?, weights);
    let setup = Setup { encoder, layer: Layer::Fire5, scale: 50.0, loss, translation: None };
    let mut train_state = TrainState::new(Layer::Fire5, 0.998, &device);
    let pictures = Tensor::<4>::ones([2, 3, 32, 32], &device);
    let mut counted = None;
    for _ in 0..3 {
        let region = Region::new(ALLOCATOR);
        (train_state, _) = train_state.step(&setup, pictures.clone(), Offset { left: 0, top: 0 }, 1e-4);
        counted = Some(region.change());
    }
    let counted = counted.context("three steps were done")?;
    let (calls, bytes) = (counted.allocations + counted.reallocations, counted.bytes_allocated);
    println!("a step of 2 pictures of 32 pixels: {calls} allocations, {bytes} bytes");
    ensure!(calls <= ALLOCATIONS, "{calls} allocations, more than {ALLOCATIONS}");
    ensure!(bytes <= BYTES, "{bytes} bytes, more than {BYTES}");
    Ok(())
}

#[test]
fn an_inversion_takes_no_more_instructions_than_it_did() -> Result<()> {
    if let Some(instructions) = instructions_of_an_inversion(&[])? {
        println!("an inversion at 64 with AVX2: {instructions} instructions");
        ensure!(instructions <= INSTRUCTIONS, "{instructions} instructions, more than {INSTRUCTIONS}");
    }
    Ok(())
}

/// A tile that keeps a sum in memory loads and stores it at every tap: a quarter more instructions.
#[test]
fn the_tiles_of_an_inversion_keep_their_sums_in_registers() -> Result<()> {
    if let Some(instructions) = instructions_of_an_inversion(&["--toggle-collect=deepsim::kernels::conv::tile::*"])? {
        println!("of them in tiles: {instructions}");
        ensure!(instructions > TILE_INSTRUCTIONS / 2, "{instructions} instructions cannot be all tiles: has the function's name changed?");
        ensure!(instructions <= TILE_INSTRUCTIONS, "{instructions} instructions, more than {TILE_INSTRUCTIONS}");
    }
    Ok(())
}

/// Counts the instructions of `peer inversion --size 64` with valgrind; nothing where that cannot be had.
fn instructions_of_an_inversion(options: &[&str]) -> Result<Option<u64>> {
    if cfg!(not(target_arch = "x86_64")) || Command::new("valgrind").arg("--version").output().is_err() {
        println!("not counted: no valgrind, or another processor than the limit is for");
        return Ok(None);
    }
    let mut command = Command::new("valgrind");
    command.current_dir(workspace()).env("RAYON_NUM_THREADS", "1").args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.args(options).arg(peer());
    let output = succeed(command.args(["inversion", "--size", "64", "--warmup", "0", "--runs", "1"]))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let collected = printed.lines().find_map(|line| line.split_once("Collected : ")).context("callgrind counted nothing")?.1;
    Ok(Some(collected.split_whitespace().next().context("callgrind counted nothing")?.parse()?))
}

#[test]
fn a_training_step_on_wgpu_launches_no_more_kernels_than_it_did() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    // cubecl writes a line of its table for each kernel it launches.
    let launched = |steps: &str| -> Result<usize> {
        let log = temporary.path().join(steps);
        let mut command = trainer();
        command.env("CUBECL_DEBUG_LOG", &log).env("CUBECL_DEBUG_OPTION", "profile");
        succeed(command.args(["bench", "--device", "wgpu", "--size", "32", "--batch", "2", "--agree", steps]))?;
        Ok(std::fs::read_to_string(log)?.lines().filter(|line| line.starts_with("| ")).count())
    };
    let kernels = launched("2")? - launched("1")?;
    println!("a step of 2 pictures of 32 pixels on wgpu: {kernels} kernels");
    ensure!(kernels > 100, "{kernels} kernels cannot be a whole step: has cubecl's log changed?");
    ensure!(kernels <= KERNELS, "{kernels} kernels, more than {KERNELS}");
    Ok(())
}

/// Ensures that a tar may be larger than memory: of its pictures only names and places are kept.
#[test]
fn the_pictures_of_a_tar_stay_on_the_disk() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let path = temporary.path().join("large.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path)?);
    let content = vec![7; 1 << 20];
    for number in 0..100 {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, format!("{number}.jpg"), &content[..])?;
    }
    drop(tar.into_inner()?);
    let region = Region::new(ALLOCATOR);
    let dataset = trainer::data::Dataset::open(&path)?;
    let bytes = region.change().bytes_allocated;
    println!("{} pictures of a MiB each are known after {bytes} bytes were allocated", dataset.len());
    ensure!(dataset.len() == 100 && bytes < 1 << 20, "{} pictures, {bytes} bytes", dataset.len());
    Ok(())
}

#[test]
fn the_page_is_no_larger_than_it_was() -> Result<()> {
    for (build, most) in WASM {
        let bytes = dist()?.join("wasm").join(build).join("deepsim-web_bg.wasm").metadata()?.len();
        println!("the page's module {build}: {bytes} bytes");
        ensure!(bytes <= most, "{build}: {bytes} bytes of wasm, more than {most}");
    }
    Ok(())
}

#[test]
fn the_models_that_the_page_can_load_take_no_more_than_thirty_megabytes() -> Result<()> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dist()?.join("models"))? {
        bytes += file?.metadata()?.len();
    }
    println!("the page's models: {bytes} bytes");
    ensure!(bytes <= MODELS, "{bytes} bytes of models, more than {MODELS}");
    Ok(())
}
