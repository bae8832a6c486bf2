//! The table of autoencoders.

use std::fmt::Write as _;

use serde::Serialize;

use crate::config::choices::LossPreset;
use crate::measure::bootstrap::Estimate;
use crate::measure::reference::Distances;
use crate::measure::table::cell;
use crate::measure::{Measures, Space};

/// A row of the table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    /// The model file's name without its ending, or what else was measured.
    pub method: String,
    /// Pictures that the model has seen in training, if it was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures_seen: Option<u64>,
    /// The loss that it was trained with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossPreset>,
    /// The weight of its divergence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divergence_weight: Option<f64>,
    /// Reconstructions of held-out pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction: Option<Measures>,
    /// Divergence of the codes of held-out pictures from the standard normal, nats a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats: Option<f64>,
    /// Numbers of a code that are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<usize>,
    /// Kernel distance of the reconstructions of held-out pictures to the training pictures: what samples could have at best, if the codes of
    /// pictures filled the distribution that samples are drawn from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstructed: Option<Estimate>,
    /// Distances of pictures that were not there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<Distances>,
    /// Median distance of those pictures to the nearest training picture: copies are nearer than held-out pictures are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<f64>,
}

/// Formats rows as a Markdown table: errors in percent, kernel distances in thousandths, each with half the width of its 95 % interval.
pub fn to_markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| method | pictures seen | picture % | judge % | PSNR dB | SSIM | cosine | nats | active | reconstructions' kernel distance | kernel distance, training | held out | Fréchet, training | held out | nearest training picture |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    for Row { method, pictures_seen, reconstruction, nats, active, reconstructed, samples, nearest, .. } in rows {
        let _ = write!(text, "| {method} | {} |", or_dash(pictures_seen.map(|seen| seen.to_string())));
        let error = |space| {
            let measured = reconstruction.as_ref().and_then(|measures| measures.errors.get(&space));
            or_dash(measured.map(|error| cell(*error, 100.0, 1)))
        };
        let measured =
            |value: fn(&Measures) -> Estimate, digits| or_dash(reconstruction.as_ref().map(|measures| cell(value(measures), 1.0, digits)));
        let _ = write!(text, " {} | {} |", error(Space::Picture), error(Space::Judge));
        let _ = write!(text, " {} | {} | {} |", measured(|m| m.psnr, 2), measured(|m| m.ssim, 3), measured(|m| m.cosine, 3));
        let _ =
            write!(text, " {} | {} |", or_dash(nats.map(|nats| format!("{nats:.1}"))), or_dash(active.map(|active| active.to_string())));
        let _ = write!(text, " {} |", or_dash(reconstructed.map(|distance| cell(distance, 1000.0, 1))));
        let distance = |value: fn(&Distances) -> Estimate| or_dash(samples.as_ref().map(|samples| cell(value(samples), 1000.0, 1)));
        let frechet = |value: fn(&Distances) -> f64| or_dash(samples.as_ref().map(|samples| format!("{:.1}", value(samples))));
        let _ = write!(text, " {} | {} |", distance(|d| d.kernel_training), distance(|d| d.kernel_held_out));
        let _ = write!(text, " {} | {} |", frechet(|d| d.frechet_training), frechet(|d| d.frechet_held_out));
        let _ = writeln!(text, " {} |", or_dash(nearest.map(|nearest| format!("{nearest:.2}"))));
    }
    text
}
