//! The adversary's half of a step: the discriminator judges real and made pictures. The generator gets its opinion, and the discriminator its gradients.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Gradients, Tensor};

use crate::loss::{inverted_loss, real_loss};
use crate::nets::discriminator::Decision;
use crate::training::replicas::Averaging;
use crate::training::state::TrainState;

/// The least probability by which a gradient is divided: a discriminator so sure that a picture is made teaches nothing.
const LEAST: f64 = 1e-30;

/// What the discriminator says, by its weights before the step.
#[derive(Debug)]
pub struct Verdict {
    /// Of the made pictures, `[decisions, 1]`; the generator's loss goes back through it to the pictures, and not to the discriminator. Nothing
    /// without a discriminator.
    pub logits: Option<Tensor<2>>,
    /// The discriminator's loss on real pictures, `[1]`, in nats.
    pub real: Tensor<1>,
    /// The discriminator's loss on made pictures, `[1]`, in nats.
    pub made: Tensor<1>,
    /// The gradients of the discriminator's own loss, for [`TrainState::learn`]; nothing while it is paused.
    pub gradients: Option<Averaging>,
}

impl Verdict {
    /// Returns the verdict of no discriminator, for a loss without an adversarial term.
    pub fn none(device: &Device) -> Self {
        let nothing = Tensor::zeros([1], device);
        Self { logits: None, real: nothing.clone(), made: nothing, gradients: None }
    }
}

impl<G: Module> TrainState<G> {
    /// Judges real pictures `[batch, 3, side, side]` on the plain device and made ones of the same size, with the features `[batch, channels, grid,
    /// grid]` that both should show if there are any.
    pub fn oppose(&self, real: Tensor<4>, made: Tensor<4>, features: Option<Tensor<4>>) -> Verdict {
        match self.discriminator.decision() {
            Decision::Whole if self.gate.discriminator && self.gate.generator => self.oppose_once(real, made, features),
            _ => self.oppose_twice(real, made, features),
        }
    }

    /// Goes through the discriminator once for the generator, which takes it for constant, and once for its own loss.
    fn oppose_twice(&self, real: Tensor<4>, made: Tensor<4>, features: Option<Tensor<4>>) -> Verdict {
        let constant = made.clone().inner(); // [batch, 3, side, side]
        let logits = self.discriminator.valid().forward(made, features.clone()); // [decisions, 1]
        if !self.gate.discriminator {
            let real = real_loss(self.discriminator.valid().forward(real, features)); // [1]
            let made = inverted_loss(logits.clone().inner()); // [1]
            return Verdict { logits: Some(logits), real, made, gradients: None };
        }
        let (real, made) = self.judge(real, constant, features);
        let (real, made) = (real_loss(real), inverted_loss(made)); // [1], [1]
        let gradients = (real.clone() + made.clone()).backward();
        Verdict { logits: Some(logits), real: real.inner(), made: made.inner(), gradients: Some(self.started(gradients)) }
    }

    /// Goes through the discriminator once for both losses. Each logit depends on one picture, so the gradients of the two losses at a made picture
    /// differ by a factor: the loss on made pictures has the slope D / batch at its logit l, so the gradient of l itself is known, and
    /// l + (made - constant) * gradient has the value of l and its gradient at the picture.
    fn oppose_once(&self, real: Tensor<4>, made: Tensor<4>, features: Option<Tensor<4>>) -> Verdict {
        let constant = made.clone().inner(); // [batch, 3, side, side]
        let judged = constant.clone().autodiff().require_grad(); // [batch, 3, side, side]
        let [batch, channels, height, width] = constant.dims();
        let (real, logits) = self.judge(real.autodiff(), judged.clone(), features);
        let plain = logits.clone().inner(); // [batch, 1]
        let (real, lost) = (real_loss(real), inverted_loss(logits)); // [1], [1]
        let gradients = (real.clone() + lost.clone()).backward();
        let slope = sigmoid(plain.clone()).clamp_min(LEAST).div_scalar(batch as f64); // [batch, 1]
        let gradient = judged.grad(&gradients).map(|gradient| gradient / slope.reshape([batch, 1, 1, 1])); // [batch, 3, side, side]
        let logits = match gradient {
            Some(gradient) => {
                let change = ((made - constant) * gradient).reshape([batch, channels * height * width]).sum_dim(1); // [batch, 1], zeros
                change + plain // [batch, 1]
            }
            None => plain,
        };
        Verdict { logits: Some(logits), real: real.inner(), made: lost.inner(), gradients: Some(self.started(gradients)) }
    }

    /// Returns the logits of real and of made pictures, in one pass: what a pass costs for each weight is paid once.
    fn judge(&self, real: Tensor<4>, made: Tensor<4>, features: Option<Tensor<4>>) -> (Tensor<2>, Tensor<2>) {
        let counts = [real.dims()[0], made.dims()[0]];
        let features = features.map(|features| Tensor::cat(vec![features.clone(), features], 0)); // [2 batch, channels, grid, grid]
        let logits = self.discriminator.forward(Tensor::cat(vec![real, made], 0), features); // [decisions, 1]
        let all = logits.dims()[0];
        let first = all / (counts[0] + counts[1]) * counts[0];
        (logits.clone().narrow(0, 0, first), logits.narrow(0, first, all - first))
    }

    /// Starts to average the discriminator's gradients, while those of the generator are computed.
    fn started(&self, gradients: Gradients) -> Averaging {
        Averaging::start(GradientsParams::from_grads(gradients, &self.discriminator), &self.discriminator)
    }
}

#[cfg(test)]
mod tests {
    use crate::Layer;
    use crate::nets::discriminator::Discriminator;
    use crate::nets::upscaler::{Upscaler, UpscalerShape};
    use burn::tensor::Distribution;

    use super::*;

    type State = TrainState<Upscaler>;
    type Oppose = fn(&State, Tensor<4>, Tensor<4>, Option<Tensor<4>>) -> Verdict;

    /// Returns the largest difference of two tensors over the largest value.
    fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        let largest = a.clone().abs().max().into_scalar::<f32>();
        (a - b).abs().max().into_scalar::<f32>() / largest
    }

    #[test]
    fn one_pass_gives_the_gradients_of_two() {
        let device = Device::flex();
        let trained = device.clone().autodiff();
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 0.5), &device);
        for (discriminator, features) in [
            (Discriminator::of_pictures(&trained), None),
            (Discriminator::of_inversions(Layer::Fire5, &trained), Some(random([3, Layer::Fire5.channels(), 3, 3]))),
        ] {
            let (real, made) = (random([3, 3, 48, 48]), random([3, 3, 48, 48]));
            let state = || State::of(Upscaler::new(UpscalerShape { channels: 8, blocks: 1 }, &trained), discriminator.clone(), 0.9);
            let outcome = |oppose: Oppose| {
                let made = made.clone().autodiff().require_grad();
                let mut state = state();
                let verdict = oppose(&state, real.clone(), made.clone(), features.clone());
                let logits = verdict.logits.unwrap();
                let gradient = made.grad(&real_loss(logits.clone()).backward()).unwrap();
                state.gate.generator = false;
                let state = state.learn(&Tensor::zeros([1], &device), verdict.gradients, 1e-3);
                let judged = state.discriminator.valid().forward(real.clone(), features.clone());
                (logits.inner(), verdict.real + verdict.made.mul_scalar(10.0), gradient, judged)
            };
            let (once, twice) = (outcome(State::oppose_once), outcome(State::oppose_twice));
            assert!(difference(twice.0, once.0) < 1e-5);
            assert!(difference(twice.1, once.1) < 1e-5);
            assert!(difference(twice.2, once.2) < 1e-4);
            assert!(difference(twice.3, once.3) < 1e-4, "the discriminators learned other things");
        }
    }
}
