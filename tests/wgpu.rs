//! The same step on a GPU's backend and on the processor's gives the same losses. Where there is no GPU, Mesa's software
//! Vulkan driver serves.

use anyhow::{Result, ensure};
use deepsim::burn::module::Module;
use deepsim::burn::tensor::{Device, DeviceKind};
use deepsim::layer::Layer;
use deepsim::loss::{DeepSimLoss, Offset, ScaledLayer, Weights};
use deepsim::picture::{self, Picture};
use deepsim_tests::picture;
use trainer::model;
use trainer::step::{Losses, Setup, Trainee};

const SIDE: u32 = 32;

fn setup(device: &Device) -> Result<Setup> {
    let scale = 400.0;
    let layers = [Layer::Fire5, Layer::Fire9].map(|layer| ScaledLayer { layer, scale });
    let weights = Weights { image: 1.0, feature: 1.0, adversarial: 0.02 };
    Ok(Setup {
        encoder: model::squeezenet(device)?,
        layer: Layer::Fire5,
        scale,
        loss: DeepSimLoss::new(model::squeezenet(device)?, layers.into(), weights),
        learning_rate: 2e-4,
    })
}

/// Two steps from the same weights with the same pictures; the second step's losses show the first one's gradients.
fn two_steps(start: &Trainee, device: &Device) -> Result<[Losses; 2]> {
    let fresh = Trainee::new(Layer::Fire5, 0.9, device);
    let trainee = Trainee {
        inverter: fresh.inverter.load_record(start.inverter.valid().into_record()),
        discriminator: fresh.discriminator.load_record(start.discriminator.valid().into_record()),
        average: trainer::ema::Average::new(fresh.average.module().clone().load_record(start.inverter.valid().into_record()), 0.9, 0),
        ..fresh
    };
    let setup = setup(device)?;
    let pictures = (0..2).map(|seed| Picture::from_rgb(SIDE as usize, SIDE as usize, picture(SIDE, SIDE, seed).into_raw()));
    let pictures = picture::to_tensor(&pictures.collect::<Result<Vec<_>, _>>()?, device)?;
    let offset = Offset { left: 1, top: 0 };
    let (trainee, first) = trainee.step(&setup, pictures.clone(), offset);
    let (_, second) = trainee.step(&setup, pictures, offset);
    Ok([first, second])
}

#[test]
fn a_step_on_wgpu_is_a_step_on_flex() -> Result<()> {
    let flex = Device::flex();
    let start = Trainee::new(Layer::Fire5, 0.9, &flex);
    let wanted = two_steps(&start, &flex)?;
    let found = two_steps(&start, &Device::wgpu(DeviceKind::DefaultDevice))?;
    for (step, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        let values = |losses: &Losses| [losses.image, losses.feature, losses.adversarial, losses.real, losses.inverted];
        for (term, (wanted, found)) in values(wanted).into_iter().zip(values(found)).enumerate() {
            ensure!((wanted - found).abs() <= 1e-3 * wanted.abs(), "step {step}, term {term}: flex {wanted}, wgpu {found}");
        }
        println!("step {step}: flex {wanted:?}, wgpu {found:?}");
    }
    // Training changed the losses, so the second step did compare gradients.
    ensure!((wanted[0].image - wanted[1].image).abs() > 1e-5, "the first step changed nothing");
    Ok(())
}
