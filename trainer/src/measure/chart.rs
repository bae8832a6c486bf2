//! Curves as SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// Width and height of a chart, pixels.
const SIZE: (u32, u32) = (640, 300);

/// Points of which each is marked: so few were measured one by one.
const FEW: usize = 12;

/// A line of a chart.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What it is of.
    pub name: String,
    /// x and y, in the order of x.
    pub points: Vec<(f64, f64)>,
}

/// Returns the colour of the n-th curve of every chart (Okabe & Ito's, which colour-blind people can tell apart).
pub const fn colour(n: usize) -> RGBColor {
    const COLOURS: [RGBColor; 7] = [
        RGBColor(0, 114, 178),
        RGBColor(213, 94, 0),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(230, 159, 0),
        RGBColor(86, 180, 233),
        RGBColor(0, 0, 0),
    ];
    COLOURS[n % COLOURS.len()]
}

/// Draws curves over a common x axis. The y axis begins at zero unless values lie below.
///
/// # Errors
/// If the drawing fails, or there is nothing to draw.
pub fn draw(title: &str, x: &str, curves: &[Curve]) -> Result<String> {
    let points = || curves.iter().flat_map(|curve| curve.points.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (mut low, mut high, mut end) = (0.0f64, f64::MIN_POSITIVE, f64::MIN_POSITIVE);
    for (x, y) in points() {
        (low, high, end) = (low.min(y), high.max(y), end.max(x));
    }
    let mut svg = String::new();
    {
        let failed = |error: &dyn std::fmt::Display| anyhow!("cannot draw {title}: {error}");
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(|e| failed(&e))?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..end, low..high * 1.05)
            .map_err(|e| failed(&e))?;
        chart.configure_mesh().light_line_style(WHITE).x_desc(x).x_label_formatter(&|x| thousands(*x)).draw().map_err(|e| failed(&e))?;
        for (n, curve) in curves.iter().enumerate() {
            let style = colour(n).stroke_width(2);
            let finite = curve.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
            let series = chart.draw_series(LineSeries::new(finite.clone(), style)).map_err(|e| failed(&e))?;
            series.label(curve.name.clone()).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
            if curve.points.len() <= FEW {
                chart.draw_series(finite.map(|point| Circle::new(point, 3, colour(n).filled()))).map_err(|e| failed(&e))?;
            }
        }
        if curves.len() > 1 {
            chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw().map_err(|e| failed(&e))?;
        }
        root.present().map_err(|e| failed(&e))?;
    }
    Ok(svg)
}

/// Formats 12 000 as `12 k`.
fn thousands(value: f64) -> String {
    if value >= 1000.0 { format!("{:.0} k", value / 1000.0) } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_drawn_and_named() {
        let curve = |name: &str, y: f64| Curve { name: name.into(), points: vec![(0.0, y), (1000.0, 2.0 * y), (2000.0, f64::NAN)] };
        let svg = draw("a loss", "crops", &[curve("first", 1.0), curve("second", 3.0)]).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("a loss") && svg.contains("first") && svg.contains("second"));
        assert!(!svg.contains("NaN"));
    }
}
