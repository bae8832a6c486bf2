//! Which configurations make no run, and what to change in them.

use anyhow::{Result, ensure};
use deepsim::layer::is_valid_side;
use deepsim::loss::Weights;
use deepsim::nets::autoencoder;
use deepsim::nets::inverter::{InverterShape, SCORES_SIDE};
use deepsim::nets::lapgan::LapganShape;

use super::Config;
use crate::config::choices::{LossPreset, TaskChoice};

impl Config {
    /// Fails, with what to change, if no run can be made of this.
    ///
    /// # Errors
    /// One line that names the option.
    pub fn check(&self) -> Result<()> {
        let size = self.size;
        ensure!(is_valid_side(size), "--size {size}: pictures need a side that is a multiple of 16 and at least 32, such as 64, 96 or 128");
        ensure!((0.1..=8.0).contains(&self.width), "--width must be between 0.1 and 8");
        ensure!(self.batch > 0, "--batch 0: a step needs at least one picture");
        ensure!(self.epochs > 0, "--epochs 0: nothing to train");
        ensure!(self.learning_rate > 0.0 && self.learning_rate.is_finite(), "--learning-rate must be above zero");
        ensure!(self.pictures != Some(0), "--pictures 0: nothing to train");
        ensure!((0.0..=1.0).contains(&self.decay), "--decay must be between 0 and 1");
        ensure!(self.average_half_life > 0.0, "--average-half-life must be above zero");
        ensure!(self.checkpoint_every > 0 && self.sample_every > 0, "--checkpoint-every and --sample-every must be above zero");
        if self.task.is_generation() {
            ensure!(autoencoder::SIDES.contains(&size), "--size {size}: autoencoders make pictures of 32, 64 or 128 pixels");
            ensure!((1..=1024).contains(&self.latent), "--latent must be between 1 and 1024");
            ensure!(self.width == 1.0, "--width is for inverters");
        }
        if self.task == TaskChoice::Lapgan {
            ensure!(LapganShape::has(size), "--size {size}: a LAPGAN makes pictures of 32, 64 or 128 pixels");
            ensure!(self.weights().adversarial > 0.0, "a LAPGAN needs an adversary: this loss has none");
            ensure!((0.0..=0.5).contains(&self.pyramid.shift), "--shift must be between 0 and 0.5");
            ensure!((0.0..=1.0).contains(&self.pyramid.coarse_noise), "--coarse-noise must be between 0 and 1");
        } else {
            ensure!(
                self.loss != LossPreset::Adversarial,
                "--loss adversarial is for --task lapgan: nothing else tells what a picture should be"
            );
            ensure!(self.pyramid.level.is_empty() && self.pyramid.classes.is_none(), "--level and --classes are for --task lapgan");
        }
        ensure!(
            (self.task == TaskChoice::Style) != self.styles.style.is_empty(),
            "--task style needs --style with the pictures whose styles are learned, and no other task takes it"
        );
        ensure!((0.0..=1.0).contains(&self.degraded), "--degraded must be between 0 and 1");
        ensure!(self.kl_weight >= 0.0 && self.kl_weight.is_finite(), "--kl-weight must not be negative");
        ensure!(self.kl_target.is_none_or(|nats| nats > 0.0), "--kl-target must be above zero");
        ensure!(!self.draws || self.task == TaskChoice::Vae, "--draws is for --task vae: VAE/GAN draws anyway, other codes have no prior");
        for place in &self.compare {
            let fits = self.network().has(*place);
            ensure!(
                fits,
                "--compare {place}: this comparator has no such place; SqueezeNet has layers, EfficientNet stage1 to stage7, the Exemplar-CNN stage1 to stage4"
            );
        }
        ensure!(
            self.task != TaskChoice::Invert || self.layer.stride().is_some() || size == SCORES_SIDE,
            "--layer scores --size {size}: the inverter of the scores makes pictures of {SCORES_SIDE} pixels; give --size {SCORES_SIDE}"
        );
        if let Some(through) = self.through {
            ensure!(self.task == TaskChoice::Invert, "--through is for inverters");
            ensure!(
                InverterShape::passage(self.layer) == Some(through),
                "--through {through}: an inverter of fire9 goes through fire5, one of the scores through fire9, and others through none"
            );
        }
        ensure!(
            self.loss != LossPreset::Translation || self.through.is_some(),
            "--loss translation compares the features of the layer that --through names"
        );
        let weights = [self.image_weight, self.feature_weight, self.adversarial_weight, self.periodic_weight];
        ensure!(weights.iter().all(|w| *w >= 0.0 && w.is_finite()), "the weights of the loss must not be negative");
        let Weights { image, feature, adversarial } = self.weights();
        ensure!(self.periodic_weight == 0.0 || image > 0.0, "--periodic-weight is a part of the image term, which this loss does not have");
        ensure!(!self.draws || adversarial > 0.0, "--draws: this loss has no adversary to show them to");
        ensure!(image + feature + adversarial > 0.0, "no term of the loss has a weight above zero: nothing to train for");
        Ok(())
    }
}
