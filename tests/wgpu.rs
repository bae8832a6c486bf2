//! The same step on a GPU's backend and on the processor's gives the same losses. Where there is no GPU, Mesa's software
//! Vulkan driver serves.

use anyhow::{Result, ensure};
use deepsim::burn::module::Module;
use deepsim::burn::tensor::{Device, DeviceKind};
use deepsim::comparator::{Comparator, Place, ScaledPlace};
use deepsim::layer::Layer;
use deepsim::loss::{DeepSimLoss, Offset, Weights};
use deepsim::picture::{self, Picture};
use deepsim::training::gate::Gate;
use deepsim::training::losses::Losses;
use deepsim::training::state::TrainState;
use deepsim::training::step::Setup;
use deepsim_tests::picture;
use trainer::models;

const SIDE: u32 = 32;
const STEPS: usize = 20;

fn setup(device: &Device) -> Result<Setup> {
    let scale = 400.0;
    let places = [Layer::Fire5, Layer::Fire9].map(|layer| ScaledPlace { place: Place::Layer(layer), scale });
    let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
    Ok(Setup {
        encoder: models::squeezenet(device)?,
        layer: Layer::Fire5,
        scale,
        loss: DeepSimLoss::new(Comparator::at(models::squeezenet(device)?, &places)?, weights),
        translation: None,
    })
}

/// Returns steps from the same weights with the same pictures; each step's losses show the gradients of those before.
fn losses_of(start: &TrainState, device: &Device) -> Result<Vec<Losses>> {
    let fresh = TrainState::new(Layer::Fire5, 0.9, device);
    let mut train_state = TrainState {
        generator: fresh.generator.load_record(start.generator.valid().into_record()),
        discriminator: fresh.discriminator.load_record(start.discriminator.valid().into_record()),
        average: deepsim::training::average::Average::new(
            fresh.average.module().clone().load_record(start.generator.valid().into_record()),
            0.9,
            0,
        ),
        ..fresh
    };
    let setup = setup(device)?;
    let pictures = (0..2).map(|seed| Picture::from_rgb(SIDE as usize, SIDE as usize, picture(SIDE, SIDE, seed).into_raw()));
    let pictures = picture::to_tensor(&pictures.collect::<Result<Vec<_>, _>>()?, device)?;
    let mut all = Vec::new();
    for _ in 0..STEPS {
        // A rounding error must not decide who trains.
        train_state.gate = Gate::OPEN;
        let losses;
        (train_state, losses) = train_state.step(&setup, pictures.clone(), Offset { left: 1, top: 0 }, 2e-4);
        all.push(losses);
    }
    Ok(all)
}

#[test]
fn twenty_steps_on_wgpu_are_those_on_flex() -> Result<()> {
    let flex = Device::flex();
    // Rounding errors grow while networks learn, from some first weights past the bounds below: which ones must not be a matter of luck.
    flex.seed(0);
    let start = TrainState::new(Layer::Fire5, 0.9, &flex);
    let wanted = losses_of(&start, &flex)?;
    let found = losses_of(&start, &Device::wgpu(DeviceKind::DefaultDevice))?;
    let mut worst = [0.0f32; STEPS];
    for (step, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        // Rounding errors grow from step to step: two networks that learn drift apart.
        let bound = if step < 5 { 1e-3 } else { 1e-2 };
        let values = |losses: &Losses| [losses.image, losses.feature, losses.adversarial, losses.real, losses.inverted];
        for (term, (wanted, found)) in values(wanted).into_iter().zip(values(found)).enumerate() {
            let error = (wanted - found).abs() / wanted.abs();
            worst[step] = worst[step].max(error);
            ensure!(error <= bound, "step {step}, term {term}: flex {wanted}, wgpu {found}");
        }
    }
    println!("largest relative differences, step by step: {worst:?}");
    // Training changed the losses, so the later steps did compare gradients.
    ensure!(wanted[0].image - wanted[STEPS - 1].image > 1e-2, "twenty steps taught nothing: {wanted:?}");
    Ok(())
}
