//! DeePSiM as the loss of a burn module of one's own: a small autoencoder learns to reproduce photographs, compared in SqueezeNet's features.
//!
//!     cargo run --release --example perceptual_loss -- 200

use std::error::Error;

use deepsim::burn::module::Module;
use deepsim::burn::nn::PaddingConfig2d;
use deepsim::burn::nn::conv::{Conv2d, Conv2dConfig};
use deepsim::burn::nn::interpolate::{Interpolate2d, Interpolate2dConfig, InterpolateMode};
use deepsim::burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use deepsim::burn::tensor::activation::relu;
use deepsim::burn::tensor::{Device, Tensor};
use deepsim::comparator::Comparator;
use deepsim::loss::{Border, DeepSimLoss, Offset, Weights};
use deepsim::model_file::ModelFile;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{Picture, to_tensor};

const SIDE: usize = 64;

/// 3 x 64 x 64 numbers to 8 x 16 x 16, and back.
#[derive(Module, Debug)]
struct Autoencoder {
    convolutions: Vec<Conv2d>,
    doubling: Interpolate2d,
}

impl Autoencoder {
    fn new(device: &Device) -> Self {
        let conv = |input, output, stride| {
            let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
            Conv2dConfig::new([input, output], [3, 3]).with_stride([stride, stride]).with_padding(padding).init(device)
        };
        let convolutions = vec![conv(3, 32, 2), conv(32, 8, 2), conv(8, 32, 1), conv(32, 32, 1), conv(32, 3, 1)];
        let doubling = Interpolate2dConfig::new().with_scale_factor(Some([2.0, 2.0])).with_mode(InterpolateMode::Nearest).init();
        Self { convolutions, doubling }
    }

    fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        let [one, two, three, four, five] = std::array::from_fn(|at| &self.convolutions[at]);
        let code = two.forward(relu(one.forward(pictures))); // [batch, 8, 16, 16]
        let x = relu(three.forward(self.doubling.forward(code))); // [batch, 32, 32, 32]
        let x = relu(four.forward(self.doubling.forward(x))); // [batch, 32, 64, 64]
        five.forward(x) // [batch, 3, 64, 64]
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps: u32 = std::env::args().nth(1).map_or(Ok(200), |steps| steps.parse())?;
    // This thread computes, too.
    deepsim::kernels::join_pool();
    let device = Device::flex();
    device.seed(1);
    let pictures = photographs(&device)?; // [6, 3, 64, 64]

    let file = ModelFile::from_bytes(&std::fs::read("models/squeezenet.safetensors")?)?;
    let squeezenet = file.apply(SqueezeNet::new(&device))?.no_grad();
    let comparator = Comparator::measured(squeezenet, &["fire3", "fire5"], pictures.clone())?;
    let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.0 };
    let loss = DeepSimLoss::new(comparator, weights).with_border(Border::Mirrored);

    let mut autoencoder = Autoencoder::new(&device.autodiff());
    let mut optimizer = ModuleOptimizer::from(AdamConfig::new().build());
    for step in 0..steps {
        let made = autoencoder.forward(pictures.clone().autodiff()); // [6, 3, 64, 64]
        // Another offset at each step: the comparator's grid leaves no trace in the pictures.
        let offset = Offset { left: step as usize % 8, top: step as usize / 8 % 8 };
        let terms = loss.terms(made, pictures.clone(), None, offset);
        if step % 50 == 0 || step + 1 == steps {
            let read = |term: &Tensor<1>| term.clone().inner().into_scalar::<f32>();
            println!("step {step}  image {:.3}  feature {:.3}", read(&terms.image), read(&terms.feature));
        }
        let gradients = GradientsParams::from_grads(loss.total(&terms).backward(), &autoencoder);
        autoencoder = optimizer.step(2e-3, autoencoder, gradients);
    }
    Ok(())
}

/// Returns the page's examples, `[6, 3, 64, 64]`.
fn photographs(device: &Device) -> Result<Tensor<4>, Box<dyn Error>> {
    let mut pictures = Vec::new();
    for name in ["cabins", "cat", "chairs", "flowers", "glasses", "portrait"] {
        let photo = image::open(format!("web/examples/{name}.jpg"))?.into_rgb8();
        pictures.push(Picture::from_rgb(photo.width() as usize, photo.height() as usize, photo.into_raw())?.centre_crop(SIDE)?);
    }
    Ok(to_tensor(&pictures, device)?)
}
