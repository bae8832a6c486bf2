//! Named activations of a network for a picture: for checking one build or device against another.

use burn::tensor::{Device, Tensor};

use super::efficientnet::EfficientNet;
use super::squeezenet::SqueezeNet;
use crate::Layer;
use crate::model_file::{Kind, ModelFile, ModelFileError};

/// Runs the network of a model file on pictures `[batch, 3, side, side]` in [-1, 1] and names what it gives, flattened: every
/// layer of SqueezeNet, or pooled features and logits of EfficientNet-Lite0. A build for wasm without WebGPU leaves out the latter: its depthwise
/// convolutions would bring burn's own and a tenth of the download, for a network that the page does not use.
///
/// # Errors
/// If the file holds another network, or does not fit its own.
pub fn activations(file: &ModelFile, pictures: Tensor<4>, device: &Device) -> Result<Vec<(String, Tensor<1>)>, ModelFileError> {
    match file.card().kind {
        Kind::Squeezenet => {
            let network = file.apply(SqueezeNet::new(device))?;
            let features = network.features_of(pictures, &Layer::ALL);
            let named = |(layer, features): (Layer, Tensor<4>)| (format!("squeezenet.{layer}"), features.flatten(0, 3));
            Ok(Layer::ALL.into_iter().zip(features).map(named).collect())
        }
        Kind::Efficientnet if cfg!(not(all(target_arch = "wasm32", not(feature = "webgpu")))) => {
            let judgement = file.apply(EfficientNet::new(device))?.judge(pictures);
            Ok(vec![
                ("efficientnet.pooled".to_owned(), judgement.pooled.flatten(0, 1)),
                ("efficientnet.logits".to_owned(), judgement.logits.flatten(0, 1)),
            ])
        }
        other => Err(ModelFileError::Kind { expected: "squeezenet` or `efficientnet", found: other.name() }),
    }
}
