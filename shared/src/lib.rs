//! Inverts the features of convolutional networks: networks that turn features back into pictures, and the loss that trains them (DeePSiM,
//! Dosovitskiy & Brox, *Generating Images with Perceptual Similarity Metrics based on Deep Networks*, 2016).
//!
//! Why: an inversion shows what a layer of a network keeps of a picture. The same loss trains autoencoders and other networks whose output is a
//! picture: it compares pictures in the features of a fixed network, so that edges and textures count and not only pixels.
//!
//! # Quick start
//!
//! Model files are not in this crate; they lie in the [repository](https://github.com/deepsim/deepsim)'s folder `models/`, and the `trainer`
//! there makes others.
//!
//! ```no_run
//! use deepsim::burn::tensor::Device;
//! use deepsim::inversion::Inversion;
//! use deepsim::model_file::ModelFile;
//! use deepsim::picture::{Picture, from_data, to_tensor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (width, height, rgb) = (224, 224, vec![0; 224 * 224 * 3]);
//! let model = |name| Ok::<_, Box<dyn std::error::Error>>(ModelFile::from_bytes(&std::fs::read(name)?)?);
//! let device = Device::flex();
//! let inversion = Inversion::new(&model("models/squeezenet.safetensors")?, &model("models/fire5.safetensors")?, &device)?;
//! let photo = Picture::from_rgb(width, height, rgb)?.centre_crop(224)?;
//! let inverted = inversion.invert(to_tensor(&[photo], &device)?); // [1, 3, 224, 224]
//! let inverted = from_data(&inverted.into_data())?;
//! # Ok(())
//! # }
//! ```
//!
//! The loss needs no model file but the comparator's; here a network of one's own is the comparator:
//!
//! ```
//! use deepsim::burn::tensor::{Device, Tensor};
//! use deepsim::comparator::Comparator;
//! use deepsim::loss::{DeepSimLoss, Offset, Weights};
//! use deepsim::nets::squeezenet::SqueezeNet;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::flex();
//! let pictures = Tensor::<4>::zeros([1, 3, 64, 64], &device);
//! let comparator = Comparator::measured(SqueezeNet::random(1, &device), &["fire3", "fire5"], pictures.clone())?;
//! let loss = DeepSimLoss::new(comparator, Weights { image: 1.0, feature: 1.0, adversarial: 0.0 });
//! let terms = loss.terms(pictures.clone() + 0.1, pictures, None, Offset { left: 3, top: 5 });
//! assert!(loss.total(&terms).into_scalar::<f32>() > 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/` has three complete programs: a photo inverted, DeePSiM as the loss of somebody's own network, and an own network inverted.
//!
//! # How data flows
//!
//! ```text
//! RGB bytes -> Picture -> tensor [batch, 3, side, side] -> FeatureNetwork -> features of one place -> Inverter -> picture tensor
//!                                                             |                                        |
//!                                                             +--> DeepSimLoss: feature + adversarial + image terms
//! ```
//!
//! * [`picture`]: bytes to tensors and back; crop and resize.
//! * [`network`]: [`FeatureNetwork`](network::FeatureNetwork), what can be compared in or inverted: any fixed network with named places.
//! * [`layer`]: the layers of SqueezeNet that are inverted.
//! * [`nets`]: the networks, each in a file of its own, none generic over a backend.
//! * [`comparator`]: the fixed network in whose features the loss compares.
//! * [`loss`]: the three terms of DeePSiM.
//! * [`inversion`]: picture -> features -> picture.
//! * [`enlarge`]: a picture -> the picture four times as large, in tiles.
//! * [`generation`]: codes -> pictures; codes drawn, joined and moved.
//! * [`pyramid`], [`lapgan`]: the Laplacian pyramid; noise -> pictures, from coarse to fine.
//! * [`optimise`]: inversion by gradient descent on the pixels.
//! * [`dream`]: a picture of a class, by gradient ascent on features.
//! * [`restyle`]: a picture in the style of another, by a network or by optimisation.
//! * [`surgery`]: edits of features before they are inverted.
//! * [`model_file`]: weights and a card that says where they come from, in one `.safetensors` file.
//! * [`lab`]: what the project's page does with them.
//! * [`kernels`]: convolution and pooling, with their own code for the processor.
//!
//! Nothing here touches the file system, the command line or the DOM. The crate builds for `wasm32-unknown-unknown`.
//!
//! # Features and versions
//!
//! * `ndarray`: burn's older backend for the processor, as a reference to compare with.
//! * `webgpu`: the browser's GPU, in a build for wasm.
//! * `relaxed-simd`: fused multiplication and addition in a build for wasm, for browsers that have it.
//!
//! A build for wasm with the target feature `atomics` computes on rayon's threads.
//!
//! Rust 1.95 or later. burn is re-exported as [`burn`](mod@burn), so that versions agree.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

pub mod comparator;
pub mod dream;
pub mod enlarge;
pub mod generation;
pub mod inversion;
pub mod kernels;
pub mod lab;
pub mod lapgan;
pub mod layer;
pub mod loss;
pub mod model_file;
pub mod nets;
pub mod network;
pub mod optimise;
pub mod picture;
pub mod pyramid;
pub mod random;
pub mod restyle;
pub mod surgery;
pub mod training;

pub use burn;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub use kernels::enable_relaxed_simd;
pub use layer::Layer;
pub use picture::Picture;
