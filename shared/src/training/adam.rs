//! Adam (Kingma & Ba 2015), with the constants of DeePSiM (section 3.4).

use burn::optim::{AdamConfig, ModuleOptimizer};

/// Returns Adam with the paper's constants.
pub fn adam() -> ModuleOptimizer {
    adam_with(0.9)
}

/// Returns Adam with another decay of the gradients' mean. Where no term of a loss but an adversary counts, half of the usual memory is steadier
/// (Radford et al. 2016, section 4).
pub fn adam_with(decay: f32) -> ModuleOptimizer {
    AdamConfig::new().with_beta_1(decay).with_beta_2(0.999).with_epsilon(1e-8).init()
}
