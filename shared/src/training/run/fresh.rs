//! The beginning of a run: scales of features, first weights.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{COMPARATOR, PictureSet, RunError, RunOptions, average_decay};
use crate::Layer;
use crate::comparator::{Place, ScaledPlace};
use crate::inversion::inverter_of;
use crate::model_file::{InverterCard, ModelFile};
use crate::nets::discriminator::Discriminator;
use crate::nets::he_gain;
use crate::nets::he_normal::HeNormal;
use crate::nets::inverter::Inverter;
use crate::nets::squeezenet::SqueezeNet;
use crate::picture;
use crate::training::numbers::{numbers_of, with_numbers};
use crate::training::state::TrainState;

/// Training pictures that scales are measured on, at most, and how many at a time.
const MEASURED: (usize, usize) = (64, 16);

/// Returns the scale of the inverted layer's features and the comparator's places with theirs: the roots of their mean squares over centre crops of
/// training pictures.
pub(super) async fn scales(
    squeezenet: &SqueezeNet,
    options: &RunOptions,
    pictures: &PictureSet,
    device: &Device,
) -> Result<(f32, Vec<ScaledPlace>), RunError> {
    let places = COMPARATOR.usual_places();
    let compared = places.iter().filter_map(|place| if let Place::Layer(layer) = place { Some(*layer) } else { None });
    let layers: Vec<Layer> = std::iter::once(options.shape.layer).chain(compared).collect();
    let (most, chunk) = MEASURED;
    let pictures = pictures.training.iter().take(most).map(|picture| picture.centre_crop(options.size));
    let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
    let mut sums = vec![0.0; layers.len()];
    for chunk in pictures.chunks(chunk) {
        let features = squeezenet.features_of(picture::to_tensor(chunk, device)?, &layers);
        let means: Vec<Tensor<1>> = features.into_iter().map(|features| features.square().mean()).collect(); // each [1]
        let means = Tensor::cat(means, 0).into_data_async().await?; // [layers]
        for (sum, mean) in sums.iter_mut().zip(means.iter::<f32>()) {
            *sum += f64::from(mean) * chunk.len() as f64;
        }
    }
    // An f32 has more digits than the measurement.
    let mut scales = sums.into_iter().map(|sum| ((sum / pictures.len() as f64).sqrt() as f32).max(f32::MIN_POSITIVE));
    let scale = scales.next().unwrap_or(1.0);
    Ok((scale, places.iter().zip(scales).map(|(&place, scale)| ScaledPlace { place, scale }).collect()))
}

/// Returns networks with random weights, which depend on the seed alone and not on the device.
pub(super) async fn state(options: &RunOptions, device: &Device) -> Result<TrainState, RunError> {
    let (processor, decay, gain_squared) = (Device::flex(), average_decay(options.batch), he_gain().powi(2));
    let drawn = Inverter::new(options.shape, &processor).map(&mut HeNormal::new(options.seed, gain_squared).with_picture("picture"));
    let generator = numbers_of(&drawn).await?;
    let layer = options.shape.layer;
    let drawn = Discriminator::of_inversions(layer, &processor).map(&mut HeNormal::new(!options.seed, gain_squared));
    let discriminator = numbers_of(&drawn).await?;
    let mut state = TrainState::new(options.shape, decay, device);
    let other = || RunError::Saved("weights of another shape".into());
    state.discriminator = with_numbers(state.discriminator, &discriminator).ok_or_else(other)?;
    let generator = with_numbers(state.generator.clone(), &generator).ok_or_else(other)?;
    Ok(state.starting_from(generator, decay))
}

/// Returns the state with the weights of an inverter's model file, and the scale of the features that it takes.
pub(super) fn with_weights_of(state: TrainState, file: &ModelFile, options: &RunOptions) -> Result<(TrainState, f32), RunError> {
    let InverterCard { shape, feature_scale } = inverter_of(file.card())?;
    if shape != options.shape {
        return Err(RunError::Options(format!("the model inverts {} at {} times the usual width", shape.layer, shape.width)));
    }
    let inverter = file.apply(state.generator.clone())?;
    Ok((state.starting_from(inverter, average_decay(options.batch)), feature_scale))
}
