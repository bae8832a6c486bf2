//! What can be compared in, or inverted: a fixed network with named places that give features.
//!
//! The networks of this crate implement [`FeatureNetwork`], and a burn module of one's own can, too: then it can be the comparator of
//! [`DeepSimLoss`](crate::loss::DeepSimLoss), and its features can be inverted.

use std::fmt::Debug;

use burn::tensor::Tensor;

use crate::Layer;
use crate::nets::efficientnet::{self, EfficientNet};
use crate::nets::exemplar::{self, ExemplarCnn};
use crate::nets::squeezenet::SqueezeNet;

/// A place in a network and the shape of the features that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureMap {
    /// The place's name.
    pub name: String,
    /// Channels of the features.
    pub channels: usize,
    /// Pixels from one position of the grid to the next; `None` for features without a grid, whose tensors are `[batch, channels, 1, 1]`.
    pub stride: Option<usize>,
    /// Positions that a side lacks because convolutions are not padded: a picture of side n has a grid of n / stride - lacking.
    pub lacking: usize,
}

impl FeatureMap {
    /// Creates a place with a grid of n / stride positions along a side of n pixels.
    pub fn padded(name: impl Into<String>, channels: usize, stride: usize) -> Self {
        Self { name: name.into(), channels, stride: Some(stride), lacking: 0 }
    }

    /// Returns the number of positions along a side of a picture of `side` pixels; 1 without a grid.
    pub const fn grid(&self, side: usize) -> usize {
        match self.stride {
            Some(stride) => (side / stride).saturating_sub(self.lacking),
            None => 1,
        }
    }
}

/// A network without a place of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the network has no place `{name}`: it has {}", known.join(", "))]
pub struct UnknownPlace {
    /// The name.
    pub name: String,
    /// The names of the network's places.
    pub known: Vec<String>,
}

/// A fixed network with named places that give features.
///
/// To be constant it lives on a plain device (no autodiff). Gradients still reach its input.
pub trait FeatureNetwork: Debug + Send + Sync {
    /// Returns the network's places, from the picture upwards.
    fn feature_maps(&self) -> Vec<FeatureMap>;

    /// Returns the features `[batch, channels, grid, grid]` at places, in the order of `names`, for pictures `[batch, 3, side, side]` in [-1, 1].
    /// It is called with names of [`feature_maps`](Self::feature_maps) only.
    fn features_at(&self, pictures: Tensor<4>, names: &[&str]) -> Vec<Tensor<4>>;

    /// Returns the place of a name.
    ///
    /// # Errors
    /// If the network has none of that name.
    fn feature_map(&self, name: &str) -> Result<FeatureMap, UnknownPlace> {
        let maps = self.feature_maps();
        let known = || maps.iter().map(|map| map.name.clone()).collect();
        maps.iter().find(|map| map.name == name).cloned().ok_or_else(|| UnknownPlace { name: name.to_owned(), known: known() })
    }
}

impl FeatureNetwork for SqueezeNet {
    fn feature_maps(&self) -> Vec<FeatureMap> {
        let map = |layer: Layer| FeatureMap {
            name: layer.name().to_owned(),
            channels: layer.channels(),
            stride: layer.stride(),
            lacking: usize::from(layer.stride().is_some()),
        };
        Layer::ALL.map(map).into()
    }

    fn features_at(&self, pictures: Tensor<4>, names: &[&str]) -> Vec<Tensor<4>> {
        let layers: Vec<Layer> = names.iter().filter_map(|name| name.parse().ok()).collect();
        self.features_of(pictures, &layers)
    }
}

impl FeatureNetwork for EfficientNet {
    fn feature_maps(&self) -> Vec<FeatureMap> {
        let mut stride = 2;
        let map = |(number, (_, _, by, _, _, channels)): (usize, (usize, usize, usize, usize, usize, usize))| {
            stride *= by;
            FeatureMap::padded(stage_name(number + 1), channels, stride)
        };
        efficientnet::STAGES.into_iter().enumerate().map(map).collect()
    }

    fn features_at(&self, pictures: Tensor<4>, names: &[&str]) -> Vec<Tensor<4>> {
        self.features_of(pictures, &stages(names))
    }
}

impl FeatureNetwork for ExemplarCnn {
    fn feature_maps(&self) -> Vec<FeatureMap> {
        let mut stride = 1;
        let mut lacking = 0;
        let map = |(number, (_, channels, _, by, pooled)): (usize, (usize, usize, usize, usize, bool))| {
            stride *= by * if pooled { 2 } else { 1 };
            // Pools are not padded.
            lacking |= usize::from(pooled);
            FeatureMap { lacking, ..FeatureMap::padded(stage_name(number + 1), channels, stride) }
        };
        exemplar::STAGES.into_iter().enumerate().map(map).collect()
    }

    fn features_at(&self, pictures: Tensor<4>, names: &[&str]) -> Vec<Tensor<4>> {
        self.features_of(pictures, &stages(names))
    }
}

/// Returns the name of a stage, counted from 1.
fn stage_name(number: usize) -> String {
    format!("stage{number}")
}

/// Returns the numbers of stages, counted from 1.
fn stages(names: &[&str]) -> Vec<usize> {
    names.iter().filter_map(|name| name.strip_prefix("stage")?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// Every network's tensors have the shapes that its places promise.
    #[test]
    fn features_have_the_promised_shapes() {
        let device = Device::flex();
        let networks: [Box<dyn FeatureNetwork>; 3] =
            [Box::new(SqueezeNet::new(&device)), Box::new(EfficientNet::new(&device)), Box::new(ExemplarCnn::new(&device))];
        for network in networks {
            let maps = network.feature_maps();
            let names: Vec<&str> = maps.iter().rev().map(|map| map.name.as_str()).collect();
            for side in [64, 96] {
                let features = network.features_at(Tensor::zeros([1, 3, side, side], &device), &names);
                let promised: Vec<[usize; 4]> = maps.iter().rev().map(|map| [1, map.channels, map.grid(side), map.grid(side)]).collect();
                assert_eq!(features.iter().map(Tensor::dims).collect::<Vec<_>>(), promised, "{names:?} at {side}");
            }
        }
    }

    #[test]
    fn a_missing_place_is_named_with_those_that_exist() {
        let error = ExemplarCnn::new(&Device::flex()).feature_map("fire5").unwrap_err();
        assert_eq!(error.to_string(), "the network has no place `fire5`: it has stage1, stage2, stage3, stage4");
    }
}
