//! `trainer bench`: how fast a device makes training steps, and whether it makes the same ones as the processor.

pub mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use clap::Args;
use deepsim::Layer;
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::inversion::inverter_of;
use deepsim::loss::{Border, DeepSimLoss, Offset, Weights};
use deepsim::model_file::InverterCard;
use deepsim::nets::inverter::InverterShape;
use serde::Serialize;

use crate::config::choices::CropChoice;
use crate::data::Dataset;
use crate::data::loader::{Crops, Loader, Plan, Share, Source};
use crate::device::Backend;
use crate::models;
use crate::models::locate::locate;
use crate::train::scale::measure_scales;
use deepsim::training::average::Average;
use deepsim::training::gate::Gate;
use deepsim::training::losses::Losses;
use deepsim::training::state::TrainState;
use deepsim::training::step::Setup;

use state::State;

const LEARNING_RATE: f64 = 3e-4;
const AVERAGE: f64 = 0.998;
const WEIGHTS: Weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
const OFFSET: Offset = Offset { left: 3, top: 5 };
/// Where the comparator compares.
const LAYERS: [Layer; 2] = [Layer::Fire5, Layer::Fire9];
/// Multiplications of a step for one picture of 128 pixels: inverter 1.54 billion (forward, and twice backward), discriminator 1.52, SqueezeNet
/// 0.29.
const MULTIPLICATIONS: f64 = 3.35e9;
/// The relative difference from the processor's losses that `--agree` allows.
const AGREEMENT: f32 = 1e-2;

/// Options of `trainer bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchOptions {
    /// Side of the crops, a multiple of 16
    #[arg(long, default_value_t = 128, value_name = "PIXELS")]
    pub size: usize,

    /// Crops a step
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,

    /// Steps that are timed
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub steps: usize,

    /// Steps before those, besides the first, which compiles and tunes kernels
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub warmup: usize,

    /// Write pictures, weights, settings and the first step's losses there, for another implementation to repeat the step
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Instead of timing, make so many steps on the device and on flex from the same weights, and fail if a loss differs by more than 1 %
    #[arg(long, value_name = "STEPS")]
    pub agree: Option<usize>,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// What was measured. Seconds are of one step.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The first step, with everything that is prepared once.
    pub first_seconds: f64,
    /// Each of the timed steps, its losses read back.
    pub seconds: Vec<f64>,
    /// The mean of as many steps whose losses are not read, the last one's excepted: what the read-backs cost is the difference.
    pub unread_seconds: f64,
    /// Pictures a second, from the median of `seconds`.
    pub pictures_per_second: f64,
    /// Floating-point operations a second of the convolutions, in 10^12, from the same.
    pub tera_flops: f64,
    /// The most memory that this process has held on the host, MiB; 0 where the system does not tell.
    pub peak_mib: u64,
    /// The first step's losses: image, feature, adversarial, real, inverted.
    pub losses: [f32; 5],
}

/// Prints what was measured as one line of JSON, or checks that the device agrees with the processor.
///
/// # Errors
/// If models or pictures cannot be used, or the losses differ.
pub fn bench(options: &BenchOptions, device: &Device) -> Result<()> {
    match options.agree {
        Some(steps) => {
            let worst = agree(options, steps, device)?;
            println!("{steps} steps agree with flex: losses differ by {worst:.1e} at most");
        }
        None => println!("{}", serde_json::to_string(&measure(options, device)?)?),
    }
    Ok(())
}

/// Networks, loss and one batch, from the shipped fire5 inverter and a discriminator drawn on the processor, so that every device starts from
/// the same weights.
struct Start {
    setup: Setup,
    train_state: TrainState,
    pictures: TensorData,
    places: Vec<ScaledPlace>,
}

impl Start {
    fn new(options: &BenchOptions, device: &Device) -> Result<Self> {
        let dataset = Arc::new(Dataset::open(&locate("data/photos-train.tar.gz")?)?);
        let plan = Plan { seed: 0, batch: options.batch, share: Share::ALL };
        let source: Arc<dyn Source> = Arc::new(Crops { dataset: Arc::clone(&dataset), side: options.size, crop: CropChoice::Altered });
        let pictures = Loader::start(&source, plan, 0, 1).wait()?.pictures;

        let file = models::read(&locate("models/fire5.safetensors")?)?;
        let InverterCard { shape, feature_scale: scale } = inverter_of(file.card())?;
        let flex = Device::flex();
        flex.seed(0);
        let fresh = TrainState::new(shape, AVERAGE, &flex);
        let inverter = file.apply(fresh.generator.clone())?;
        let train_state = on_device(&fresh.starting_from(inverter, AVERAGE), shape, device);
        let encoder = models::squeezenet(device)?;
        let scales = measure_scales(&dataset, |pictures| encoder.features_of(pictures, &LAYERS), options.size, device)?;
        // The model's own scale where there is one, as in a run that goes on from a model.
        let known = |(at, measured)| ScaledPlace { place: Place::Layer(at), scale: if at == shape.layer { scale } else { measured } };
        let places: Vec<_> = LAYERS.into_iter().zip(scales).map(known).collect();
        let loss = DeepSimLoss::new(Comparator::at(encoder.clone(), &places)?, WEIGHTS);
        let setup = Setup { encoder, layer: shape.layer, scale, loss, translation: None };
        Ok(Self { setup, train_state, pictures, places })
    }

    /// Returns what another implementation needs to repeat the first step.
    fn state(&self, size: usize) -> State {
        let mut state = State::default();
        state.put("pictures", self.pictures.clone());
        state.put_network("inverter", &self.train_state.generator);
        state.put_network("discriminator", &self.train_state.discriminator);
        // Pixels, exact in f32.
        state.put("crop", [OFFSET.top, OFFSET.left, size - Border::Cropped.range(size)].map(|v| v as f32));
        state.put("scales", self.places.iter().map(|scaled| scaled.scale).collect::<Vec<_>>().as_slice());
        state.put("learning_rate", [LEARNING_RATE as f32]);
        state
    }
}

/// Returns networks with these weights on another device; optimizers begin anew.
fn on_device(train_state: &TrainState, shape: InverterShape, device: &Device) -> TrainState {
    // First of all: weights are drawn when they are first read, and those of the new networks may come from the same generator.
    let [generator, average] = [(), ()].map(|()| train_state.generator.valid().into_record());
    let discriminator = train_state.discriminator.valid().into_record();
    let fresh = TrainState::new(shape, AVERAGE, device);
    TrainState {
        average: Average::new(fresh.average.module().clone().load_record(average), AVERAGE, 0),
        generator: fresh.generator.load_record(generator),
        discriminator: fresh.discriminator.load_record(discriminator),
        ..fresh
    }
}

/// Times steps on one batch, discriminator and inverter both learning.
///
/// # Errors
/// If models or pictures cannot be used, or the state not be written.
pub fn measure(options: &BenchOptions, device: &Device) -> Result<Report> {
    ensure!(options.steps > 0 && options.batch > 0, "--steps and --batch must be above zero");
    let start = Start::new(options, device)?;
    let state = options.state.as_ref().map(|path| (path, start.state(options.size)));
    let Start { setup, mut train_state, pictures, .. } = start;
    let batch = || Tensor::from_data(pictures.clone(), device); // [batch, 3, side, side]
    let (mut seconds, mut first_seconds, mut first) = (Vec::new(), 0.0, None);
    for step in 0..1 + options.warmup + options.steps {
        let started = Instant::now();
        let losses;
        // A rounding error must not decide who trains.
        train_state.gate = Gate::OPEN;
        (train_state, losses) = train_state.step(&setup, batch(), OFFSET, LEARNING_RATE);
        let taken = started.elapsed().as_secs_f64();
        if step == 0 {
            first = Some(five(&losses));
            first_seconds = taken;
        } else if step > options.warmup {
            seconds.push(taken);
        }
    }
    let started = Instant::now();
    let mut last = None;
    for _ in 0..options.steps {
        let pending;
        (train_state, pending) = train_state.launch(&setup, batch(), OFFSET, LEARNING_RATE);
        last = Some(pending);
    }
    last.context("no step was made")?.read();
    let unread_seconds = started.elapsed().as_secs_f64() / options.steps as f64;

    let losses = first.context("no step was made")?;
    if let Some((path, mut state)) = state {
        state.put("losses", losses);
        state.write(path)?;
    }
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let pictures_per_second = options.batch as f64 / sorted[sorted.len() / 2];
    let a_picture = 2.0 * MULTIPLICATIONS * (options.size as f64 / 128.0).powi(2);
    let tera_flops = pictures_per_second * a_picture / 1e12;
    Ok(Report { first_seconds, seconds, unread_seconds, pictures_per_second, tera_flops, peak_mib: peak_mib(), losses })
}

/// Makes steps on the device and on flex from the same weights. Returns the largest relative difference of a loss.
///
/// # Errors
/// If models or pictures cannot be used, or a loss differs by more than a hundredth.
pub fn agree(options: &BenchOptions, steps: usize, device: &Device) -> Result<f32> {
    let losses_on = |device: &Device| -> Result<Vec<[f32; 5]>> {
        let Start { setup, mut train_state, pictures, .. } = Start::new(options, device)?;
        let mut all = Vec::new();
        for _ in 0..steps {
            let losses;
            train_state.gate = Gate::OPEN;
            (train_state, losses) = train_state.step(&setup, Tensor::from_data(pictures.clone(), device), OFFSET, LEARNING_RATE);
            all.push(five(&losses));
        }
        Ok(all)
    };
    let (wanted, found) = (losses_on(&Device::flex())?, losses_on(device)?);
    let mut worst = 0.0f32;
    for (step, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        for (wanted_loss, found_loss) in wanted.iter().zip(found) {
            let off = (wanted_loss - found_loss).abs() / wanted_loss.abs();
            ensure!(off <= AGREEMENT, "step {step}: the losses are {found:?}, and {wanted:?} on flex");
            worst = worst.max(off);
        }
    }
    Ok(worst)
}

const fn five(losses: &Losses) -> [f32; 5] {
    [losses.image, losses.feature, losses.adversarial, losses.real, losses.inverted]
}

/// Returns the most memory that this process has held, in MiB; 0 where the system does not tell.
pub fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    peak.unwrap_or(0) / 1024
}
