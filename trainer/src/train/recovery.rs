//! Recovery when training diverges: it goes on from the last good checkpoint at half the learning rate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::train::checkpoint::{self, RunState};

/// A loss above this has exploded. Image and feature terms are 1 for a network that knows nothing, and the others are in nats.
const EXPLODED: f32 = 100.0;
/// A divergence above this has exploded: nats are bits of information, and a picture may carry many.
const MANY_NATS: f32 = 1e5;
/// After so many slowdowns the learning rate is not what is wrong.
const MOST_SLOWDOWNS: u32 = 8;

/// Returns a description of what is wrong with a step's losses, if anything is.
pub fn failure(terms: &[(&'static str, f32)]) -> Option<String> {
    let wrong = |(name, value): &(&str, f32)| {
        if !value.is_finite() {
            Some(format!("the loss `{name}` is no longer a number"))
        } else if *value > if *name == "nats" { MANY_NATS } else { EXPLODED } {
            Some(format!("the loss `{name}` has exploded"))
        } else {
            None
        }
    };
    terms.iter().find_map(wrong)
}

/// Returns to the newest checkpoint of a run that a later step has shown to be good; those after it are removed. `step` is the one whose
/// losses show the failure. The checkpoint's state comes with one more slowdown.
///
/// # Errors
/// If there is no such checkpoint, or slowing down has not helped often enough.
pub fn go_back(run: &Path, step: u64, slowdowns: u32) -> Result<(PathBuf, RunState)> {
    ensure!(slowdowns < MOST_SLOWDOWNS, "it was halved {MOST_SLOWDOWNS} times and that did not help: is something wrong with the data?");
    let mut good = None;
    for place in checkpoint::list(run)? {
        // The losses of a step are of the weights before it, so they are a verdict on the checkpoint that was saved just then.
        if checkpoint::step_of(&place).is_some_and(|saved| saved + 1 < step) {
            good = Some(place);
        } else {
            fs::remove_dir_all(&place).with_context(|| format!("cannot remove the checkpoint {}", place.display()))?;
        }
    }
    let good = good.context("there is no good checkpoint to go back to: start anew with a lower --learning-rate")?;
    let mut state = checkpoint::load_state(&good)?;
    state.slowdowns = slowdowns + 1;
    Ok((good, state))
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, ModuleMapper, Param};
    use burn::tensor::{Device, Tensor};
    use deepsim::Layer;
    use deepsim::comparator::{Comparator, Place, ScaledPlace};
    use deepsim::loss::{DeepSimLoss, Offset, Weights};
    use deepsim::nets::inverter::InverterShape;

    use super::*;
    use crate::train::schedule::learning_rate;
    use crate::train::state::{AdversarialMemory, Checkpointed};
    use deepsim::training::gate::Gate;
    use deepsim::training::losses::Losses;
    use deepsim::training::state::TrainState;
    use deepsim::training::step::Setup;

    fn failure_of(losses: &Losses) -> Option<String> {
        failure(&[("image", losses.image), ("feature", losses.feature), ("real", losses.real)])
    }

    /// Two checkpoints, then weights that are no longer numbers: the step after the second one finds out.
    #[test]
    fn a_step_that_breaks_goes_on_from_the_last_good_checkpoint_at_half_the_rate() {
        let device = Device::flex();
        let run = std::env::temp_dir().join(format!("deepsim-recovery-{}", std::process::id()));
        fs::create_dir_all(run.join("checkpoints")).unwrap();
        let fresh = || TrainState::new(InverterShape { width: 0.5, ..Layer::Pool1.into() }, 0.9, &device);
        let encoder = crate::models::squeezenet(&device).unwrap();
        let place = ScaledPlace { place: Place::Layer(Layer::Pool1), scale: 50.0 };
        let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
        let loss = DeepSimLoss::new(Comparator::at(encoder.clone(), &[place]).unwrap(), weights);
        let setup = Setup { encoder, layer: Layer::Pool1, scale: 50.0, loss, translation: None };
        let pictures = Tensor::zeros([1, 3, 32, 32], &device);
        let step = |train_state: TrainState| train_state.step(&setup, pictures.clone(), Offset { left: 0, top: 0 }, 1e-3);
        let save = |train_state: &TrainState, step| {
            let mut state = RunState::new("", None);
            state.step = step;
            checkpoint::save(&run, &state, &train_state.parts().unwrap()).unwrap();
        };

        let remembered = AdversarialMemory { gate: Gate::OPEN, average_updates: 1, comparator: Vec::new() };
        let (good, losses) = step(fresh());
        assert_eq!(failure_of(&losses), None);
        save(&good, 1);
        let (mut bad, losses) = step(good);
        assert_eq!(failure_of(&losses), None);
        bad.generator = bad.generator.map(&mut NotANumber);
        save(&bad, 2);
        let (_, losses) = step(bad);
        assert!(failure_of(&losses).is_some_and(|what| what.contains("image")));

        let (place, slower) = go_back(&run, 3, 0).unwrap();
        assert_eq!((slower.step, slower.slowdowns), (1, 1));
        assert_eq!(learning_rate(1e-3, slower.step, 100, 0.0, slower.slowdowns), 5e-4);
        assert_eq!(checkpoint::list(&run).unwrap().len(), 1, "the broken checkpoint is forgotten");
        let (_, losses) = step(fresh().restore(&place, &remembered, 0.9).unwrap());
        assert_eq!(failure_of(&losses), None);
        // Nothing older is left to go back to, and slowing down has an end.
        assert!(go_back(&run, 9, MOST_SLOWDOWNS).is_err());
        assert!(go_back(&run, 2, 1).is_err());
        fs::remove_dir_all(&run).unwrap();
    }

    struct NotANumber;

    impl ModuleMapper for NotANumber {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let broken = param.val().inner().mul_scalar(f32::NAN);
            Param::initialized(param.id, Tensor::from_inner(broken).require_grad())
        }
    }

    #[test]
    fn failure_is_what_is_no_number_or_too_large() {
        for (term, what) in [(1.0, None), (f32::NAN, Some("number")), (f32::INFINITY, Some("number")), (1e3, Some("exploded"))] {
            let found = failure(&[("image", 1.0), ("feature", term)]);
            assert_eq!(found.is_some(), what.is_some(), "{term}: {found:?}");
            assert!(found.is_none_or(|found| found.contains("feature") && found.contains(what.unwrap_or_default())));
        }
    }
}
