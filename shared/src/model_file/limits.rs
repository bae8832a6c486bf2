//! What a card may ask for. A model file may come from a stranger: a network of its shape must be one that can be built.

use super::card::{Card, InverterCard, Kind};
use crate::nets::autoencoder::{Code, SIDES};
use crate::nets::inverter::InverterShape;
use crate::nets::lapgan::LapganShape;
use crate::nets::stylist::StylistShape;
use crate::nets::upscaler::UpscalerShape;

/// Factor of an inverter's usual channels, at most.
const WIDEST: f64 = 16.0;
/// Channels of a layer, numbers in a code, styles and classes, at most.
const MOST: usize = 4096;
/// Residual blocks, at most.
const DEEPEST: usize = 256;

/// Returns what a card asks for that cannot be.
///
/// # Errors
/// In one sentence.
pub(super) fn check(card: &Card) -> Result<(), String> {
    let is_counted = |count: usize| (1..=MOST).contains(&count);
    match card.kind {
        Kind::Squeezenet | Kind::Efficientnet | Kind::Exemplar => Ok(()),
        Kind::Inverter(InverterCard { shape: InverterShape { layer, width, through }, feature_scale }) => {
            ensure(width > 0.0 && width <= WIDEST, || format!("an inverter of {width} times the usual width"))?;
            ensure(feature_scale.is_finite() && feature_scale > 0.0, || format!("a feature scale of {feature_scale}"))?;
            ensure(through.is_none() || through == InverterShape::passage(layer), || format!("no way from {layer} through that layer"))
        }
        Kind::Autoencoder(about) => {
            ensure(SIDES.contains(&about.side), || format!("an autoencoder of pictures of side {}", about.side))?;
            match about.code {
                Code::Latent(size) => ensure(is_counted(size), || format!("a code of {size} numbers")),
                Code::Grid => Ok(()),
            }
        }
        Kind::Upscaler(UpscalerShape { channels, blocks }) => {
            ensure(is_counted(channels) && blocks <= DEEPEST, || format!("an upscaler of {channels} channels and {blocks} blocks"))
        }
        Kind::Stylist(StylistShape { channels, styles }) => {
            ensure(is_counted(channels) && is_counted(styles), || format!("a style network of {channels} channels and {styles} styles"))?;
            let names = card.style_names.len();
            ensure(names == styles, || format!("{styles} styles and {names} names"))
        }
        Kind::Lapgan(LapganShape { side, classes }) => {
            ensure(LapganShape::has(side), || format!("a pyramid of pictures of side {side}"))?;
            ensure(classes <= MOST, || format!("{classes} classes"))
        }
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layer;

    #[test]
    fn a_card_that_asks_for_what_cannot_be_is_refused() {
        let inverter = |width, feature_scale, through| {
            Kind::Inverter(InverterCard { shape: InverterShape { layer: Layer::Fire9, width, through }, feature_scale })
        };
        for (kind, is_right) in [
            (inverter(1.0, 50.0, None), true),
            (inverter(1.0, 50.0, Some(Layer::Fire5)), true),
            (inverter(1.0, 50.0, Some(Layer::Pool1)), false),
            (inverter(1e9, 50.0, None), false),
            (inverter(f64::NAN, 50.0, None), false),
            (inverter(1.0, 0.0, None), false),
            (Kind::Upscaler(UpscalerShape::USUAL), true),
            (Kind::Upscaler(UpscalerShape { channels: usize::MAX, blocks: 4 }), false),
            (Kind::Lapgan(LapganShape { side: 64, classes: 10 }), true),
            (Kind::Lapgan(LapganShape { side: 63, classes: 10 }), false),
            (Kind::Stylist(StylistShape { channels: 16, styles: 1 }), false),
        ] {
            assert_eq!(check(&Card::new(kind)).is_ok(), is_right, "{kind:?}");
        }
    }
}
