//! Networks that turn the features of a CNN back into pictures, and the loss that trains them.
//!
//! Everything that both sides run lives here: `trainer` trains with it natively, `web` compiles the same code to wasm. Data flows one way:
//!
//! ```text
//! RGB bytes -> Picture -> tensor [batch, 3, side, side] -> SqueezeNet -> features of one Layer -> Inverter -> picture tensor
//!                                                             |                                     |
//!                                                             +--> DeepSimLoss: feature + adversarial + image terms
//! ```
//!
//! * [`picture`]: bytes in, tensors out, and back; the one crop and resize that trainer and page share.
//! * [`layer`]: the places in SqueezeNet whose output is inverted.
//! * [`nets`]: the networks, each in a file of its own, none generic over a backend.
//! * [`kernels`]: convolution and pooling, with their own code for the processor.
//! * [`network`]: what can be compared in or inverted, any fixed network with named places.
//! * [`comparator`]: the fixed network in whose features the loss compares.
//! * [`loss`]: the three terms of DeePSiM (Dosovitskiy & Brox 2016).
//! * [`inversion`]: picture -> features -> picture, what the page and `trainer invert` call.
//! * [`generation`]: codes -> pictures, and codes drawn, joined and moved, what the page and `trainer sample` call.
//! * [`lab`]: what the page does with them: look once, invert as often as wanted, re-encode, refine.
//! * [`optimise`]: the same by gradient descent on the pixels: a baseline, and how the page refines an inversion.
//! * [`surgery`]: edits of the features before they are inverted.
//! * [`model_file`]: weights and a card that says where they come from, in one `.safetensors` file.
//!
//! Nothing here touches the file system, the command line or the DOM.

// wgpu's types nest deeper than the compiler's default limit.
#![recursion_limit = "256"]

pub mod comparator;
pub mod generation;
pub mod inversion;
pub mod kernels;
pub mod lab;
pub mod layer;
pub mod loss;
pub mod model_file;
pub mod nets;
pub mod network;
pub mod optimise;
pub mod picture;
mod random;
pub mod surgery;

pub use burn;
pub use layer::Layer;
pub use picture::Picture;
