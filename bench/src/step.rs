//! The whole DeePSiM training step; `bench/peers/torch_step.py` repeats it in PyTorch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::Tensor;
use clap::Args;
use deepsim::Layer;
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::inversion::inverter_of;
use deepsim::loss::{Border, DeepSimLoss, Offset, Weights};
use deepsim::model_file::InverterCard;
use serde_json::{Value, json};
use trainer::choices::CropChoice;
use trainer::data::Dataset;
use trainer::data::loader::{Crops, Loader, Plan, Source};
use trainer::device::Backend;
use trainer::gate::Gate;
use trainer::locate::locate;
use trainer::scale::measure_scales;
use trainer::step::Setup;
use trainer::trainee::Trainee;

use crate::state::State;

const LEARNING_RATE: f64 = 3e-4;
const AVERAGE: f64 = 0.998;
const WEIGHTS: Weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
const OFFSET: Offset = Offset { left: 3, top: 5 };

#[derive(Args)]
pub(crate) struct Options {
    /// Side of the crops
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// Crops in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Steps timed
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Steps before those
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Where to compute
    #[arg(long, default_value = "flex")]
    device: Backend,
    /// Write pictures, weights, settings and the first step's losses there
    #[arg(long)]
    state: Option<PathBuf>,
}

/// Times steps on one batch, discriminator and inverter both learning.
pub(crate) fn measure(options: &Options) -> Result<Value> {
    let backend = options.device.resolve()?;
    backend.make_default();
    let device = backend.open();
    device.seed(0);
    let encoder = trainer::model::squeezenet(&device)?;
    let dataset = Arc::new(Dataset::open(&locate("data/photos-train.tar.gz")?)?);
    let plan = Plan { seed: 0, batch: options.batch };
    let source: Arc<dyn Source> = Arc::new(Crops { dataset: Arc::clone(&dataset), side: options.size, crop: CropChoice::Altered });
    let pictures = Loader::start(&source, plan, 0, 1).wait()?.pictures;

    let file = trainer::model::read(&locate("models/fire5.safetensors")?)?;
    let InverterCard { layer, feature_scale: scale, width } = inverter_of(file.card())?;
    let fresh = Trainee::new(layer, width, AVERAGE, &device);
    let inverter = file.apply(fresh.generator.clone())?;
    let mut trainee = fresh.starting_from(inverter, AVERAGE);
    let layers = [Layer::Fire5, Layer::Fire9];
    let scales = measure_scales(&dataset, |pictures| encoder.features_of(pictures, &layers), options.size, &device)?;
    // The model's own scale where there is one, as in a run that goes on from a model.
    let known = |(at, measured)| ScaledPlace { place: Place::Layer(at), scale: if at == layer { scale } else { measured } };
    let places: Vec<_> = layers.into_iter().zip(scales).map(known).collect();

    let mut state = State::default();
    state.put("pictures", pictures.clone());
    state.put_network("inverter", &trainee.generator);
    state.put_network("discriminator", &trainee.discriminator);
    // Pixels, exact in f32.
    state.put("crop", [OFFSET.top, OFFSET.left, options.size - Border::Cropped.range(options.size)].map(|v| v as f32));
    state.put("scales", places.iter().map(|scaled| scaled.scale).collect::<Vec<_>>().as_slice());
    state.put("learning_rate", [LEARNING_RATE as f32]);

    let loss = DeepSimLoss::new(Comparator::squeezenet(encoder.clone(), &places), WEIGHTS);
    let setup = Setup { encoder, layer, scale, loss };
    let mut seconds = Vec::new();
    let mut first = None;
    for step in 0..1 + options.warmup + options.steps {
        let started = Instant::now();
        let losses;
        trainee.gate = Gate::OPEN;
        (trainee, losses) = trainee.step(&setup, Tensor::from_data(pictures.clone(), &device), OFFSET, LEARNING_RATE);
        if step == 0 {
            let losses = [losses.image, losses.feature, losses.adversarial, losses.real, losses.inverted];
            state.put("losses", losses);
            first = Some(losses);
        }
        if step > options.warmup {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    if let Some(path) = &options.state {
        state.write(path)?;
    }
    Ok(json!({ "seconds": seconds, "peak_mib": peak_mib(), "losses": first }))
}

/// The most memory this process has held, in MiB; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    peak.unwrap_or(0) / 1024
}
