//! The paper's balance between generator and discriminator: whoever is too far ahead waits.

use serde::{Deserialize, Serialize};

/// Below this ratio the discriminator wins too easily and is paused.
const PAUSE_DISCRIMINATOR: f32 = 0.1;
/// Above this ratio it trains again.
const RESUME_DISCRIMINATOR: f32 = 0.5;
/// Above this ratio the generator wins too easily and is paused, until the ratio is below it again.
const PAUSE_GENERATOR: f32 = 10.0;

/// Who trains at the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether the discriminator trains.
    pub discriminator: bool,
    /// Whether the generator trains.
    pub generator: bool,
}

impl Gate {
    /// Both train.
    pub const OPEN: Self = Self { discriminator: true, generator: true };

    /// Returns the decision for the next step, from this step's unweighted losses: r = (D's loss on real + on inverted pictures) / (the
    /// generator's adversarial loss).
    pub fn next(self, real: f32, inverted: f32, adversarial: f32) -> Self {
        let ratio = (real + inverted) / adversarial.max(f32::MIN_POSITIVE);
        let threshold = if self.discriminator { PAUSE_DISCRIMINATOR } else { RESUME_DISCRIMINATOR };
        // The thresholds are three decades apart, so at most one of the two waits.
        Self { discriminator: ratio > threshold, generator: ratio <= PAUSE_GENERATOR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_follow_the_ratio() {
        let paused = Gate { discriminator: false, generator: true };
        let waiting = Gate { discriminator: true, generator: false };
        // (gate, D's loss on real, on inverted, adversarial loss, next gate)
        let cases = [
            (Gate::OPEN, 0.7, 0.7, 0.7, Gate::OPEN),
            (Gate::OPEN, 0.1, 0.1, 2.1, paused),
            (Gate::OPEN, 0.1, 0.2, 2.0, Gate::OPEN),
            (paused, 0.2, 0.2, 1.0, paused),
            (paused, 0.3, 0.3, 1.0, Gate::OPEN),
            (Gate::OPEN, 3.0, 3.0, 0.5, waiting),
            (waiting, 3.0, 3.0, 0.5, waiting),
            (waiting, 1.0, 1.0, 0.5, Gate::OPEN),
            (paused, 3.0, 3.0, 0.5, waiting),
            (Gate::OPEN, 1.0, 1.0, 0.0, waiting),
        ];
        for (gate, real, inverted, adversarial, next) in cases {
            assert_eq!(gate.next(real, inverted, adversarial), next, "{real} {inverted} {adversarial}");
        }
    }
}
