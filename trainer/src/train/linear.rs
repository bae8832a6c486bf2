//! A linear classifier of codes: multinomial logistic regression, for `trainer classify`.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use deepsim::random::generator_at;
use rand::seq::SliceRandom;

use crate::train::schedule::learning_rate;

/// Passes over the training codes, at least.
const EPOCHS: usize = 20;
/// Steps at least: few codes need more passes, or Adam's short steps do not reach the best line.
const LEAST_STEPS: usize = 2000;
/// Codes a step.
const BATCH: usize = 500;
/// Adam's learning rate, falling to nothing over the whole training.
const RATE: f64 = 5e-3;
/// Separates these random numbers from those of training.
const PURPOSE: u64 = 0xc1a5;

/// Mean and deviation of each number of the training codes: a classifier should not care how large they are.
pub struct Scale(Vec<(f32, f32)>);

impl Scale {
    /// Measures codes, of which there is at least one.
    pub fn of(codes: &[Vec<f32>]) -> Self {
        let width = codes.first().map_or(0, Vec::len);
        let moments = |at: usize| {
            let values = || codes.iter().map(|code| f64::from(code[at]));
            let mean = values().sum::<f64>() / codes.len() as f64;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / codes.len() as f64;
            (mean as f32, (variance.sqrt() as f32).max(1e-6))
        };
        Self((0..width).map(moments).collect())
    }

    /// Returns the codes shifted and divided, each number by its own moments.
    pub fn apply(&self, mut codes: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
        for code in &mut codes {
            for (value, (mean, deviation)) in code.iter_mut().zip(&self.0) {
                *value = (*value - mean) / deviation;
            }
        }
        codes
    }
}

fn tensors(codes: &[Vec<f32>], labels: &[u8], chosen: &[usize], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let width = codes[chosen[0]].len();
    let values: Vec<f32> = chosen.iter().flat_map(|&at| codes[at].iter().copied()).collect();
    let classes: Vec<i32> = chosen.iter().map(|&at| i32::from(labels[at])).collect();
    let count = chosen.len();
    (Tensor::from_data(TensorData::new(values, [count, width]), device), Tensor::from_data(TensorData::new(classes, [count]), device))
}

/// Fits a multinomial logistic regression.
pub fn fit(codes: &[Vec<f32>], labels: &[u8], device: &Device) -> Linear {
    let trained = device.clone().autodiff();
    let classes = labels.iter().copied().max().map_or(1, |most| usize::from(most) + 1);
    // From zero: the problem is convex, and the device's random numbers are shared with whatever else runs in the process.
    let mut classifier = LinearConfig::new(codes[0].len(), classes).with_initializer(Initializer::Zeros).init(&trained);
    let mut optimizer = AdamConfig::new().init();
    let mut order: Vec<usize> = (0..codes.len()).collect();
    let steps = order.len().div_ceil(BATCH);
    let epochs = EPOCHS.max(LEAST_STEPS.div_ceil(steps));
    let total = (epochs * steps) as u64;
    let mut step = 0;
    for epoch in 0..epochs as u64 {
        order.shuffle(&mut generator_at(0, PURPOSE, epoch));
        for chosen in order.chunks(BATCH) {
            let (codes, classes) = tensors(codes, labels, chosen, &trained); // [batch, numbers], [batch]
            let logits = classifier.forward(codes); // [batch, classes]
            let loss = CrossEntropyLossConfig::new().init(&trained).forward(logits, classes); // [1]
            let gradients = GradientsParams::from_grads(loss.backward(), &classifier);
            classifier = optimizer.step(learning_rate(RATE, step, total, 1.0, 0), classifier, gradients);
            step += 1;
        }
    }
    classifier.valid()
}

/// Returns the share of codes whose likeliest class is the right one.
pub fn accuracy(classifier: &Linear, codes: &[Vec<f32>], labels: &[u8], device: &Device) -> f64 {
    let all: Vec<usize> = (0..codes.len()).collect();
    let right: f64 = all
        .chunks(BATCH)
        .map(|chosen| {
            let (codes, classes) = tensors(codes, labels, chosen, device); // [batch, numbers], [batch]
            let found = classifier.forward(codes).argmax(1).flatten::<1>(0, 1); // [batch]
            f64::from(found.equal(classes).float().sum().into_scalar::<f32>())
        })
        .sum();
    right / codes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_parts_is_told_apart_and_nothing_else() {
        let device = Device::flex();
        // Two numbers: the first says the class, on another scale than the second, which says nothing.
        let codes: Vec<Vec<f32>> =
            deepsim::generation::latent(1, 0, 0, 4000).chunks(2).map(|pair| vec![pair[0] * 100.0 + 7.0, pair[1]]).collect();
        let labels: Vec<u8> = codes.iter().map(|code| u8::from(code[0] > 7.0)).collect();
        let chance: Vec<u8> = deepsim::generation::latent(2, 0, 0, 2000).iter().map(|&value| u8::from(value > 0.0)).collect();
        let codes = Scale::of(&codes).apply(codes);
        for (labels, least, most) in [(&labels, 0.97, 1.0), (&chance, 0.45, 0.58)] {
            let found = accuracy(&fit(&codes, labels, &device), &codes, labels, &device);
            assert!((least..=most).contains(&found), "{found}");
        }
    }
}
