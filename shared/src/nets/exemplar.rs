//! An Exemplar-CNN (Dosovitskiy, Springenberg, Riedmiller & Brox 2014): features learned without labels, by telling altered pieces of one
//! photograph from those of all others. DeePSiM compares with it beside AlexNet.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv::Conv;
use super::he_gain;
use crate::kernels::conv::Geometry;
use crate::kernels::pool::max_pool;

/// (input channels, output channels, kernel, stride, whether a pool of stride 2 comes first). The original's 64c5-64c5-128c5-256c5, with a
/// stride for its first pool, so that large pictures cost less.
pub(crate) const STAGES: [(usize, usize, usize, usize, bool); 4] =
    [(3, 64, 5, 2, false), (64, 64, 5, 1, true), (64, 128, 3, 1, false), (128, 192, 3, 1, true)];

/// Stages of the network.
pub(crate) const DEPTH: usize = STAGES.len();

/// The network whose features are compared, without its classifier.
#[derive(Module, Debug)]
pub struct ExemplarCnn {
    convs: Vec<Conv>,
}

impl ExemplarCnn {
    /// Creates the network with random weights from the device's generator.
    pub fn new(device: &Device) -> Self {
        let conv = |(input, output, kernel, stride, _)| {
            let geometry = Geometry::new(kernel, kernel / 2).with_stride(stride);
            Conv::new([input, output], geometry, he_gain(), device).activated(0.0)
        };
        Self { convs: STAGES.map(conv).into() }
    }

    /// Returns what several stages (counted from 1) make of pictures `[batch, 3, side, side]` in [-1, 1], in the order asked for: at
    /// strides 2, 4, 4 and 8. Nothing past the deepest is computed.
    pub fn features_of(&self, pictures: Tensor<4>, stages: &[usize]) -> Vec<Tensor<4>> {
        let mut x = pictures;
        let mut seen = Vec::new();
        let deepest = stages.iter().copied().max().unwrap_or(0);
        for (conv, (.., pooled)) in self.convs.iter().zip(STAGES).take(deepest) {
            x = if pooled { max_pool(x) } else { x }; // [batch, input, h, w]
            x = conv.forward(x); // [batch, output, h, w]
            seen.push(x.clone());
        }
        stages.iter().filter_map(|stage| seen.get(stage.checked_sub(1)?).cloned()).collect()
    }
}

/// The network and what it is trained with: a class for each photograph.
#[derive(Module, Debug)]
pub struct ExemplarLearner {
    /// The network.
    pub network: ExemplarCnn,
    classifier: Linear,
}

impl ExemplarLearner {
    /// Creates random weights from the device's generator.
    pub fn new(classes: usize, device: &Device) -> Self {
        let (.., channels, _, _, _) = STAGES[DEPTH - 1];
        let classifier = LinearConfig::new(channels, classes).init(device);
        Self { network: ExemplarCnn::new(device), classifier }
    }

    /// Returns logits `[batch, classes]` for pictures `[batch, 3, side, side]` in [-1, 1].
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let mut features = self.network.features_of(pictures, &[DEPTH]);
        let last = features.swap_remove(0); // [batch, 192, side / 8, side / 8]
        let pooled = last.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2); // [batch, 192]
        self.classifier.forward(pooled) // [batch, classes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_in_the_order_asked_for() {
        let device = Device::flex();
        let network = ExemplarCnn::new(&device);
        let features = network.features_of(Tensor::zeros([2, 3, 64, 64], &device), &[4, 1]);
        assert_eq!(features.iter().map(Tensor::dims).collect::<Vec<_>>(), [[2, 192, 7, 7], [2, 64, 32, 32]]);
        let logits = ExemplarLearner::new(5, &device).forward(Tensor::zeros([2, 3, 32, 32], &device));
        assert_eq!(logits.dims(), [2, 5]);
    }
}
