//! The computations of the page's view Invert: one analysis of a picture, then any number of inversions of its features, edited or not.
//!
//! Everything that reads from the device is asynchronous, because a browser's GPU cannot be waited for. A picture's features stay on the
//! device; what an edit needs as plain numbers is read once.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

use crate::Layer;
use crate::dream::{self, Dream};
use crate::inversion::inverter_of;
use crate::kernels::in_pool;
use crate::layer::is_valid_side;
use crate::loss::mean_square;
use crate::model_file::{InverterCard, Kind, ModelFile, ModelFileError};
use crate::nets::inverter::{Inverter, SCORES_SIDE};
use crate::nets::squeezenet::SqueezeNet;
use crate::optimise::{Optimisation, Prior};
use crate::picture::{self, Picture, PictureError};
use crate::surgery::Features;

/// Why the laboratory cannot do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A model file that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// A picture that cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// No inverter of that name.
    #[error("no inverter `{0}` is loaded")]
    Unknown(String),
    /// A side that the networks cannot take.
    #[error("the side {0} is not a multiple of 16, or below 32")]
    Side(usize),
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
}

impl From<ExecutionError> for LabError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(format!("{error:?}"))
    }
}

/// The classes of SqueezeNet.
const CLASSES: usize = 1000;
/// Priors of a refinement: a tenth of those of an inversion that begins with nothing.
const REFINING: Prior = Prior { variation: 0.1, range: 0.02 };

/// The networks, on a device.
#[derive(Debug)]
pub struct Lab {
    squeezenet: SqueezeNet,
    inverters: BTreeMap<String, Loaded>,
    device: Device,
}

#[derive(Debug)]
struct Loaded {
    layer: Layer,
    scale: f32,
    inverter: Inverter,
}

/// A picture and what SqueezeNet sees in it.
#[derive(Debug, Clone)]
pub struct Analysis {
    picture: Picture,
    tensor: Tensor<4>,
    /// In the order of [`Layer::ALL`], unscaled.
    features: Vec<Tensor<4>>,
}

impl Analysis {
    /// Returns the picture.
    pub const fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Returns its features at a layer, unscaled, `[1, channels, grid, grid]`.
    pub fn features(&self, layer: Layer) -> Tensor<4> {
        let place = Layer::ALL.iter().position(|&other| other == layer).unwrap_or(0);
        self.features[place].clone()
    }
}

/// How far an inversion is from its picture: root of the mean squared difference / root of the mean square, of pixels in [-1, 1] as their
/// distance from middle grey, and of features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// Of pixels.
    pub picture: f32,
    /// Of the inverted layer's features.
    pub feature: f32,
}

impl Lab {
    /// Creates a laboratory that holds no inverter yet.
    ///
    /// # Errors
    /// If the file does not hold SqueezeNet.
    pub fn new(squeezenet: &ModelFile, device: &Device) -> Result<Self, LabError> {
        squeezenet.expect_kind(Kind::Squeezenet)?;
        let squeezenet = squeezenet.apply(SqueezeNet::new(device))?.no_grad();
        Ok(Self { squeezenet, inverters: BTreeMap::new(), device: device.clone() })
    }

    /// Puts an inverter on the device, under a name. One of the same name is replaced.
    ///
    /// # Errors
    /// If the file does not hold an inverter.
    pub fn add(&mut self, name: &str, file: &ModelFile) -> Result<(), LabError> {
        let InverterCard { shape, feature_scale: scale } = inverter_of(file.card())?;
        let layer = shape.layer;
        let inverter = file.apply(Inverter::new(shape, &self.device))?.no_grad();
        self.inverters.insert(name.to_owned(), Loaded { layer, scale, inverter });
        Ok(())
    }

    /// Returns the network that is inverted.
    pub const fn squeezenet(&self) -> &SqueezeNet {
        &self.squeezenet
    }

    /// Returns the layer that an inverter inverts, and whether there is one of that name.
    pub fn layer_of(&self, name: &str) -> Option<Layer> {
        self.inverters.get(name).map(|loaded| loaded.layer)
    }

    /// Computes every layer's features of a square picture in one pass.
    ///
    /// # Errors
    /// If its side is not a multiple of 16.
    pub fn analyse(&self, picture: Picture) -> Result<Analysis, LabError> {
        let tensor = self.tensor_of(&picture)?; // [1, 3, side, side]
        let features = in_pool(|| self.squeezenet.features_of(tensor.clone(), &Layer::ALL));
        Ok(Analysis { picture, tensor, features })
    }

    /// Returns the features that an inverter takes, as plain numbers to be edited: scaled.
    ///
    /// # Errors
    /// If there is no such inverter, or the device fails.
    pub async fn features(&self, name: &str, analysis: &Analysis) -> Result<Features, LabError> {
        let Loaded { layer, scale, .. } = self.loaded(name)?;
        let data = analysis.features(*layer).div_scalar(*scale).into_data_async().await?; // [1, channels, grid, grid]
        Features::of(&data).pop().ok_or_else(|| LabError::Device("no features came back".into()))
    }

    /// Returns the picture that an inverter makes of a picture's features, or of edited ones.
    ///
    /// # Errors
    /// If there is no such inverter, or the device fails.
    pub async fn invert(&self, name: &str, analysis: &Analysis, edited: Option<&Features>) -> Result<Picture, LabError> {
        let Loaded { layer, scale, inverter } = self.loaded(name)?;
        let features = match edited {
            Some(features) => Tensor::from_data(Features::to_data(std::slice::from_ref(features)), &self.device), // [1, channels, grid, grid]
            None => analysis.features(*layer).div_scalar(*scale), // [1, channels, grid, grid]
        };
        picture_of(inverter, features).await
    }

    /// Inverts a square picture at once, without an analysis that would be kept: no layer past the inverter's is computed.
    ///
    /// # Errors
    /// If there is no such inverter, the side is not a multiple of 16, or the device fails.
    pub async fn invert_picture(&self, name: &str, picture: &Picture) -> Result<Picture, LabError> {
        let Loaded { layer, scale, inverter } = self.loaded(name)?;
        let picture = self.tensor_of(picture)?; // [1, 3, side, side]
        let features = in_pool(|| self.squeezenet.features(picture, *layer)); // [1, channels, grid, grid]
        picture_of(inverter, features.div_scalar(*scale)).await
    }

    /// Returns a picture as the networks take it, `[1, 3, side, side]`.
    fn tensor_of(&self, picture: &Picture) -> Result<Tensor<4>, LabError> {
        if !is_valid_side(picture.width()) || picture.width() != picture.height() {
            return Err(LabError::Side(picture.width()));
        }
        Ok(picture::to_tensor(std::slice::from_ref(picture), &self.device)?)
    }

    /// Makes one round of re-encoding (DeePSiM, section 4.3): inverts the features and computes those of the inversion.
    ///
    /// # Errors
    /// If there is no such inverter, or the device fails.
    pub async fn reencode(&self, name: &str, analysis: &Analysis) -> Result<Analysis, LabError> {
        self.analyse(self.invert(name, analysis, None).await?)
    }

    /// Prepares gradient descent on the pixels of an inversion towards the features that its inverter was given, with a weak prior: the
    /// start is a picture already.
    ///
    /// # Errors
    /// If there is no such inverter, or the inversion is of another side than the picture.
    pub fn refine(&self, name: &str, analysis: &Analysis, inversion: &Picture) -> Result<Optimisation, LabError> {
        let layer = self.loaded(name)?.layer;
        if layer.stride().is_some() && inversion.width() != analysis.picture.width() {
            return Err(LabError::Side(inversion.width()));
        }
        let start = picture::to_tensor(std::slice::from_ref(inversion), &self.device)?; // [1, 3, side, side]
        Ok(Optimisation::new(&self.squeezenet, layer.name(), analysis.features(layer), start, REFINING))
    }

    /// Begins a dream of a class: at a picture's features, or at random ones of a picture of its side.
    ///
    /// # Errors
    /// If there is no such inverter.
    pub fn dream(&self, name: &str, analysis: &Analysis, class: usize, noise: Option<u64>) -> Result<Dream, LabError> {
        let Loaded { layer, scale, inverter } = self.loaded(name)?;
        let start = match noise {
            Some(seed) => dream::noise(seed, layer.channels(), layer.grid(analysis.picture.width()), &self.device), // [1, channels, grid, grid]
            None => analysis.features(*layer).div_scalar(*scale), // [1, channels, grid, grid]
        };
        Ok(Dream::new(&self.squeezenet, inverter, start, class.min(CLASSES - 1), noise.unwrap_or(0)))
    }

    /// Computes the errors of an inversion. An inversion of the scores is compared with the picture at the inversion's side.
    ///
    /// # Errors
    /// If there is no such inverter, or the device fails.
    pub async fn errors(&self, name: &str, analysis: &Analysis, inversion: &Analysis) -> Result<Errors, LabError> {
        let layer = self.loaded(name)?.layer;
        let resized;
        let analysis_there = if analysis.picture.width() == inversion.picture.width() {
            analysis
        } else {
            resized = self.analyse(analysis.picture.centre_crop(inversion.picture.width())?)?;
            &resized
        };
        let (pixels, others) = (analysis_there.tensor.clone(), inversion.tensor.clone()); // [1, 3, side, side]
        let (features, found) = (analysis.features(layer), inversion.features(layer)); // [1, channels, grid, grid]
        let squares =
            [mean_square(pixels.clone() - others), mean_square(pixels), mean_square(features.clone() - found), mean_square(features)];
        let data = Tensor::cat(squares.into(), 0).into_data_async().await?; // [4]
        let read: Vec<f32> = data.iter().collect();
        let [pixels, all_pixels, features, all_features] = read[..] else {
            return Err(LabError::Device("no errors came back".into()));
        };
        let ratio = |error: f32, of: f32| (error / of.max(f32::MIN_POSITIVE)).sqrt();
        Ok(Errors { picture: ratio(pixels, all_pixels), feature: ratio(features, all_features) })
    }

    /// Returns the likeliest classes and their probabilities, likeliest first: softmax of the scores.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn classes(&self, analysis: &Analysis, count: usize) -> Result<Vec<(usize, f32)>, LabError> {
        let data: TensorData = analysis.features(Layer::Scores).into_data_async().await?; // [1, 1000, 1, 1]
        let scores: Vec<f32> = data.iter().collect();
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
        let mut classes: Vec<(usize, f32)> = scores.iter().map(|score| (score - highest).exp() / total).enumerate().collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        classes.truncate(count);
        Ok(classes)
    }

    /// Returns the side of what an inverter makes of a picture of this side.
    ///
    /// # Errors
    /// If there is no such inverter.
    pub fn side_of(&self, name: &str, side: usize) -> Result<usize, LabError> {
        Ok(if self.loaded(name)?.layer.stride().is_some() { side } else { SCORES_SIDE })
    }

    fn loaded(&self, name: &str) -> Result<&Loaded, LabError> {
        self.inverters.get(name).ok_or_else(|| LabError::Unknown(name.to_owned()))
    }
}

/// Returns the picture that an inverter makes of features `[1, channels, grid, grid]`.
async fn picture_of(inverter: &Inverter, features: Tensor<4>) -> Result<Picture, LabError> {
    let inverted = in_pool(|| inverter.forward(features)); // [1, 3, side, side]
    let data = inverted.into_data_async().await?;
    picture::from_data(&data)?.pop().ok_or_else(|| LabError::Device("no picture came back".into()))
}
