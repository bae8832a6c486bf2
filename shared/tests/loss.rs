//! The loss: zero where it should be, no gradient where there should be none, and the right one everywhere else.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use deepsim::Layer;
use deepsim::burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use deepsim::burn::nn::Initializer;
use deepsim::burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::loss::{Border, DeepSimLoss, Offset, Weights};
use deepsim::nets::discriminator::Discriminator;
use deepsim::nets::inverter::Inverter;
use deepsim::nets::squeezenet::SqueezeNet;

const SIDE: usize = 48;
const OFFSET: Offset = Offset { left: 3, top: 5 };
const LAYERS: [Layer; 2] = [Layer::Fire5, Layer::Fire9];

/// Returns numbers that are the same in every run, whatever other tests draw from burn's one generator: a hash of the index, uniform in
/// [-1, 1].
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let number = |index: u64| {
        let mixed = (index.wrapping_add(seed << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 32)) % 20_001) as f32 / 10_000.0 - 1.0
    };
    (0..count as u64).map(number).collect()
}

/// Weights of [`noise`], as large as He et al.'s; biases small.
struct Noise(u64);

impl ModuleMapper for Noise {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (device, shape) = (param.lazy_device(), param.lazy_shape());
        let inputs = shape[1..].iter().product::<usize>();
        let spread = if D > 1 { (6.0 / inputs as f32).sqrt() } else { 0.01 };
        let values = noise(shape.num_elements(), self.0).into_iter().map(|value| value * spread).collect::<Vec<_>>();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
        Param::initialized(param.id, if device.is_autodiff() { tensor.require_grad() } else { tensor })
    }
}

/// Returns a SqueezeNet whose features are about as large as its input, 0..255.
fn comparator(device: &Device) -> SqueezeNet {
    SqueezeNet::new(device).map(&mut Noise(1000))
}

fn loss(device: &Device) -> DeepSimLoss {
    let places = LAYERS.map(|layer| ScaledPlace { place: Place::Layer(layer), scale: 100.0 });
    DeepSimLoss::new(Comparator::at(comparator(device), &places).unwrap(), Weights { image: 1.0, feature: 1.0, adversarial: 0.02 })
}

fn random_pictures(device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(noise(2 * 3 * SIDE * SIDE, 7), [2, 3, SIDE, SIDE]), device)
}

fn number(tensor: Tensor<1>) -> f32 {
    tensor.into_scalar::<f32>()
}

#[test]
fn a_picture_equal_to_its_target_costs_nothing() {
    let device = Device::flex();
    let pictures = random_pictures(&device);
    let loss = loss(&device);
    let terms = loss.terms(pictures.clone(), pictures.clone(), Some(Tensor::zeros([2, 1], &device)), OFFSET);
    assert_eq!((number(terms.image), number(terms.feature)), (0.0, 0.0));
    // An undecided discriminator costs log 2.
    assert!((number(terms.adversarial) - 2f32.ln()).abs() < 1e-6);
    let other = loss.terms(pictures.clone().flip([3]), pictures, Some(Tensor::zeros([2, 1], &device)), OFFSET);
    assert!(number(other.image) > 0.1 && number(other.feature) > 1e-3);
}

#[test]
fn terms_are_relative_errors() {
    let device = Device::flex();
    let black = Tensor::full([1, 3, SIDE, SIDE], -1.0, &device);
    let grey = Tensor::full([1, 3, SIDE, SIDE], -0.5, &device);
    // A difference of 0.5 has a mean square of 0.25, the unit of the image term; black does no harm.
    let terms = loss(&device).terms(grey, black, Some(Tensor::zeros([1, 1], &device)), OFFSET);
    assert!((number(terms.image) - 1.0).abs() < 1e-6);
    assert!(number(terms.feature).is_finite());
}

#[test]
fn errors_that_repeat_cost_more_with_the_periodic_term() {
    let device = Device::flex();
    let pictures = Tensor::zeros([1, 3, SIDE, SIDE], &device);
    let columns = Tensor::<1, Int>::arange(0..SIDE as i64, &device).float(); // [48]
    // Of the same mean square, 0.25: one with a period of 4 pixels, one that never repeats.
    let stripes = columns.clone().div_scalar(2.0).floor().remainder_scalar(2.0).sub_scalar(0.5); // [48]
    let halves = columns.greater_equal_elem(SIDE as f32 / 2.0).float().sub_scalar(0.5); // [48]
    let image = |loss: DeepSimLoss, errors: Tensor<1>| {
        let errors = errors.reshape([1, 1, 1, SIDE]).expand([1, 3, SIDE, SIDE]); // [1, 3, 48, 48]
        number(loss.terms(errors, pictures.clone(), None, OFFSET).image)
    };
    assert!((image(loss(&device), stripes.clone()) - 1.0).abs() < 1e-5);
    assert!((image(loss(&device).with_periodic(3.0), stripes) - 4.0).abs() < 1e-5);
    assert!(image(loss(&device).with_periodic(3.0), halves) < 1.5);
}

/// Counts a module's parameters that have a gradient, and those that have none.
struct Count<'a>(&'a Gradients, usize, usize);

impl ModuleVisitor for Count<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        match param.val().grad(self.0) {
            Some(_) => self.1 += 1,
            None => self.2 += 1,
        }
    }
}

fn count(module: &impl Module, gradients: &Gradients) -> (usize, usize) {
    let mut count = Count(gradients, 0, 0);
    module.visit(&mut count);
    (count.1, count.2)
}

#[test]
fn only_the_inverter_gets_a_gradient() {
    let device = Device::flex();
    let trained = device.clone().autodiff();
    let inverter = Inverter::new(Layer::Fire5, &trained).map(&mut Noise(2000));
    let discriminator = Discriminator::of_inversions(Layer::Fire5, &trained).map(&mut Noise(3000));
    let encoder = comparator(&device);
    let loss = loss(&device);

    let pictures = random_pictures(&device);
    let features = encoder.features(pictures.clone(), Layer::Fire5).div_scalar(100.0);
    let inverted = inverter.forward(features.clone());
    let logits = discriminator.valid().forward(inverted.clone(), Some(features));
    let gradients = loss.total(&loss.terms(inverted, pictures, Some(logits), OFFSET)).backward();
    let (with, without) = count(&inverter, &gradients);
    assert!(with > 10 && without == 0, "inverter: {with} with, {without} without");
    assert_eq!(count(&discriminator, &gradients).0, 0, "discriminator");
    assert_eq!(count(&encoder, &gradients).0, 0, "encoder");
}

/// The gradient of the whole loss in the direction of a weight tensor equals the loss's change per step in that direction, by
/// central differences. Leaky ReLU and max-pool have corners, so the step is small and the tolerance not tiny.
#[test]
fn gradients_equal_finite_differences() {
    let device = Device::flex();
    let trained = device.clone().autodiff();
    let inverter = Inverter::new(Layer::Pool1, &trained).map(&mut Noise(2000));
    let discriminator = Discriminator::of_inversions(Layer::Pool1, &device).map(&mut Noise(3000));
    let encoder = comparator(&device);
    let loss = loss(&device);
    let pictures = random_pictures(&device);
    let features = encoder.features(pictures.clone(), Layer::Pool1).div_scalar(100.0);

    let total = |inverter: &Inverter| {
        let inverted = inverter.forward(features.clone());
        let logits = discriminator.forward(inverted.clone(), Some(features.clone()));
        loss.total(&loss.terms(inverted, pictures.clone(), Some(logits), OFFSET))
    };
    let gradients = total(&inverter).backward();

    /// Reads each parameter's gradient.
    struct Read<'a>(&'a Gradients, Vec<Vec<f32>>);
    impl ModuleVisitor for Read<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.push(param.val().grad(self.0).unwrap().into_data().iter().collect());
        }
    }
    /// Moves one parameter against its gradient's direction.
    struct Move<'a> {
        place: usize,
        wanted: usize,
        direction: &'a [f32],
        step: f32,
    }
    impl ModuleMapper for Move<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.place += 1;
            if self.place - 1 != self.wanted {
                return param;
            }
            let value = param.val();
            let shape = value.shape();
            let by = Tensor::<D>::from_data(TensorData::new(self.direction.to_vec(), shape), &value.device());
            Param::initialized(param.id, value + by.mul_scalar(self.step))
        }
    }

    let mut read = Read(&gradients, Vec::new());
    inverter.visit(&mut read);
    let plain = inverter.valid();
    for (wanted, gradient) in read.1.iter().enumerate() {
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        assert!(norm > 0.0, "parameter {wanted} has a gradient of zero");
        let direction: Vec<f32> = gradient.iter().map(|g| g / norm).collect();
        let at = |step| {
            let mut mover = Move { place: 0, wanted, direction: &direction, step };
            f64::from(number(total(&plain.clone().map(&mut mover))))
        };
        let step = 1e-3;
        let slope = (at(step) - at(-step)) / (2.0 * f64::from(step));
        let error = (slope - f64::from(norm)).abs() / f64::from(norm);
        assert!(error < 0.02, "parameter {wanted}: gradient {norm}, finite difference {slope}");
    }
}

#[test]
fn offsets_stay_inside() {
    for (side, cropped, mirrored) in [(8, 0, 7), (32, 1, 8), (48, 15, 8), (128, 15, 8)] {
        assert_eq!(Border::Cropped.range(side), cropped);
        assert_eq!(Border::Mirrored.range(side), mirrored);
    }
    let device = Device::flex();
    let smallest: Tensor<4> = Initializer::Zeros.init([1, 3, 32, 32], &device).into_value();
    let far = Offset { left: 99, top: 99 };
    for border in [Border::Cropped, Border::Mirrored] {
        let loss = loss(&device).with_border(border);
        let terms = loss.terms(smallest.clone(), smallest.clone(), Some(Tensor::zeros([1, 1], &device)), far);
        assert_eq!(number(terms.feature), 0.0);
    }
}

#[test]
fn a_mirrored_border_is_compared_and_a_cropped_one_is_not() {
    let device = Device::flex();
    let pictures = random_pictures(&device);
    // Another first row: 8 pixels are off, at this offset all of them above what is left.
    let inked = pictures.clone().slice_assign([0..2, 0..3, 0..1, 0..SIDE], Tensor::ones([2, 3, 1, SIDE], &device));
    let below = Offset { left: 8, top: 8 };
    for (border, seen) in [(Border::Cropped, false), (Border::Mirrored, true)] {
        let terms = loss(&device).with_border(border).terms(inked.clone(), pictures.clone(), None, below);
        assert_eq!(number(terms.feature) > 0.0, seen, "{border:?}");
    }
}
