//! The parts of a training step, on every device that the machine has (or those named in `DEEPSIM_BENCH_DEVICES`).
//!
//!     cargo xtask bench
//!
//! Names are `device/part/size`; criterion leaves its estimates in `target/criterion`.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use deepsim::Layer;
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::inversion::Inversion;
use deepsim::loss::{DeepSimLoss, Offset, Weights, mean_square};
use deepsim::model_file::ModelFile;
use deepsim::training::gate::Gate;
use deepsim::training::state::TrainState;
use deepsim::training::step::Setup;
use trainer::config::choices::CropChoice;
use trainer::data::Dataset;
use trainer::data::loader::{Crops, Loader, Plan, Share, Source};
use trainer::device::{Backend, prepare_environment};
use trainer::models::locate::locate;

const LAYER: Layer = Layer::Fire5;
const BATCH: usize = 16;
const SIZES: [usize; 2] = [64, 128];

fn main() -> Result<()> {
    prepare_environment();
    let mut criterion = Criterion::default().configure_from_args();
    data(&mut criterion)?;
    model_file(&mut criterion)?;
    for backend in devices()? {
        backend.make_default();
        for size in SIZES {
            networks(&mut criterion, backend, size)?;
        }
        inversion(&mut criterion, backend)?;
    }
    criterion.final_summary();
    Ok(())
}

/// Returns the processor, and a hardware GPU where there is one.
fn devices() -> Result<Vec<Backend>> {
    if let Ok(names) = std::env::var("DEEPSIM_BENCH_DEVICES") {
        let parse = |name: &str| name.parse().map_err(anyhow::Error::from);
        return names.split(',').map(parse).collect();
    }
    let best = Backend::Auto.resolve()?;
    Ok(if best == Backend::Flex { vec![best] } else { vec![Backend::Flex, best] })
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group
}

const PLAN: Plan = Plan { seed: 0, batch: BATCH, share: Share::ALL };

fn source(size: usize) -> Result<Arc<dyn Source>> {
    let dataset = Arc::new(Dataset::open(&locate("data/photos-train.tar.gz")?)?);
    Ok(Arc::new(Crops { dataset, side: size, crop: CropChoice::Altered }))
}

/// Times decoding and augmenting on one thread.
fn data(criterion: &mut Criterion) -> Result<()> {
    let mut group = group(criterion, "data");
    for size in SIZES {
        let mut loader = Loader::start(&source(size)?, PLAN, 0, 1);
        group.bench_function(format!("batch/{size}"), |bench| bench.iter(|| loader.wait()));
    }
    Ok(())
}

fn model_file(criterion: &mut Criterion) -> Result<()> {
    let bytes = std::fs::read(locate("models/fire5.safetensors")?)?;
    group(criterion, "model file").bench_function("read", |bench| bench.iter(|| ModelFile::from_bytes(black_box(&bytes))));
    Ok(())
}

fn networks(criterion: &mut Criterion, backend: Backend, size: usize) -> Result<()> {
    let device = backend.open();
    let pictures = Loader::start(&source(size)?, PLAN, 0, 1).wait()?.pictures;
    let encoder = trainer::models::squeezenet(&device)?;
    let train_state = TrainState::new(LAYER, 0.998, &device);
    let on = |data: &TensorData| Tensor::<4>::from_data(data.clone(), &device);
    let features = encoder.features(on(&pictures), LAYER).div_scalar(64.0);
    let (inverter, discriminator) = (train_state.generator.clone(), train_state.discriminator.clone());
    let (plain, judge) = (inverter.valid(), discriminator.valid());

    let mut group = group(criterion, &backend.to_string());
    let mut bench = |part: &str, mut work: Box<dyn FnMut() -> Tensor<1> + '_>| {
        group.bench_function(format!("{part}/{size}"), |bench| bench.iter(|| finish(work())));
    };
    let sum = |x: Tensor<4>| mean_square(x);
    bench("squeezenet forward to fire9", Box::new(|| sum(encoder.features(on(&pictures), Layer::Fire9))));
    bench(
        "squeezenet forward and backward to its input",
        Box::new(|| {
            let input = Tensor::<4>::from_data(pictures.clone(), &device.clone().autodiff()).require_grad();
            let gradients = sum(encoder.features(input.clone(), Layer::Fire9)).backward();
            input.grad(&gradients).map_or_else(|| Tensor::zeros([1], &device), mean_square)
        }),
    );
    bench("inverter forward", Box::new(|| sum(plain.forward(features.clone()))));
    bench(
        "inverter forward and backward",
        Box::new(|| {
            let loss = sum(inverter.forward(features.clone()));
            drop(loss.backward());
            loss.inner()
        }),
    );
    bench("discriminator forward", Box::new(|| judge.forward(on(&pictures), Some(features.clone())).mean()));
    bench(
        "discriminator forward and backward",
        Box::new(|| {
            let loss = discriminator.forward(on(&pictures), Some(features.clone())).mean();
            drop(loss.backward());
            loss.inner()
        }),
    );

    let scaled = |layer, scale| ScaledPlace { place: Place::Layer(layer), scale };
    let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
    let comparator = Comparator::at(encoder.clone(), &[scaled(Layer::Fire5, 64.0), scaled(Layer::Fire9, 9.0)])?;
    let loss = DeepSimLoss::new(comparator, weights);
    let setup = Setup { encoder: encoder.clone(), layer: LAYER, scale: 64.0, loss, translation: None };
    let mut train_state = Some(train_state);
    group.bench_function(format!("whole step/{size}"), |bench| {
        bench.iter(|| {
            let now = TrainState { gate: Gate::OPEN, ..train_state.take().expect("the last step put it back") };
            let (then, losses) = now.step(&setup, on(&pictures), Offset { left: 3, top: 5 }, 1e-4);
            train_state = Some(then);
            losses
        });
    });
    Ok(())
}

/// Times what the page does: one photo of 224 pixels.
fn inversion(criterion: &mut Criterion, backend: Backend) -> Result<()> {
    let device = backend.open();
    let read = |name: &str| trainer::models::read(&locate(name)?);
    let inversion = Inversion::new(&read("models/squeezenet.safetensors")?, &read("models/fire5.safetensors")?, &device)?;
    let picture = Tensor::<4>::zeros([1, 3, 224, 224], &device);
    let mut group = group(criterion, &backend.to_string());
    group.bench_function("inversion/224", |bench| bench.iter(|| finish(mean_square(inversion.invert(picture.clone())))));
    Ok(())
}

/// Waits for a device that works behind our back.
fn finish(result: Tensor<1>) -> f32 {
    result.into_scalar::<f32>()
}
