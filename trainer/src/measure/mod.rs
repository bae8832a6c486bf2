//! Measures on held-out pictures: errors, the judge, baselines, and the tables, charts and sheets that show them. What one system alone measures
//! lies in its folder of `system`.

pub mod bootstrap;
pub mod chart;
pub mod distance;
pub mod grid;
pub mod judge;
pub mod method;
pub mod reference;
pub mod sheet;
pub mod ssim;
pub mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Instant;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor};
use deepsim::Layer;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture::{self, Picture};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use bootstrap::{Estimate, estimate};
use grid::Grid;
use judge::{Judge, Opinion, cosine};
use ssim::ssim;

/// Pictures inverted at a time while measuring.
const CHUNK: usize = 8;

/// A space in which distances between pictures are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Pixels.
    Picture,
    /// Features of a layer of SqueezeNet.
    Layer(Layer),
    /// The judge's pooled features.
    Judge,
}

impl Space {
    /// Returns all spaces, in the order of tables.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Picture].into_iter().chain(Layer::ALL.map(Self::Layer)).chain([Self::Judge])
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Picture => "picture",
            Self::Layer(layer) => layer.name(),
            Self::Judge => "judge",
        })
    }
}

impl Serialize for Space {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What was measured, each number with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    /// Pictures measured.
    pub pictures: usize,
    /// Their side, pixels.
    pub side: usize,
    /// The paper's normalised error in each space: Euclidean distance between a picture and its inversion / the mean distance between two
    /// held-out pictures. Empty if there is one photograph only.
    pub errors: BTreeMap<Space, Estimate>,
    /// Returns the peak signal-to-noise ratio of two 8-bit pictures of one size in dB; infinite for equal ones.
    pub psnr: Estimate,
    /// Structural similarity, at most 1.
    pub ssim: Estimate,
    /// How often the judge's first class is the same.
    pub top1: Estimate,
    /// How often the picture's first class is among the inversion's first five.
    pub top5: Estimate,
    /// Cosine of the judge's pooled features.
    pub cosine: Estimate,
    /// The strongest line of the errors' spectrum at the networks' strides, over its neighbours: 1 is no grid. See [`Grid::strongest`].
    pub grid: f64,
    /// Time of an inversion, milliseconds a picture, features included.
    pub milliseconds: f64,
}

/// Inversions of all pictures, in their order, and what was measured of them.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What was measured.
    pub measures: Measures,
    /// The inversions.
    pub inversions: Vec<Picture>,
}

/// Pictures to be inverted, and what is needed to measure inversions of them.
#[derive(Debug)]
pub struct Examination<'a> {
    encoder: &'a SqueezeNet,
    judge: &'a Judge,
    pictures: &'a [Picture],
    /// Crops of one photograph that stand beside each other.
    group: usize,
    /// The mean distance between two pictures of different photographs.
    spread: BTreeMap<Space, f64>,
    /// Of the pictures: the judge is the slowest of the networks, and every method is compared with the same.
    opinions: Vec<Opinion>,
    device: &'a Device,
}

/// Numbers of one picture in each space.
type Places = Vec<(Space, Vec<f32>)>;

impl<'a> Examination<'a> {
    /// Prepares the measurement of `pictures` of one size, the crops of one photograph (`group` of them) beside each other.
    ///
    /// # Errors
    /// If there is no picture, or they differ in size.
    pub fn new(encoder: &'a SqueezeNet, judge: &'a Judge, pictures: &'a [Picture], group: usize, device: &'a Device) -> Result<Self> {
        ensure!(!pictures.is_empty(), "measuring needs held-out pictures");
        let mut opinions = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(CHUNK) {
            opinions.extend(judge.opinions(chunk)?);
        }
        let mut examination = Self { encoder, judge, pictures, group, spread: BTreeMap::new(), opinions, device };
        for space in Space::all() {
            let mut rows = Vec::new();
            if space == Space::Judge {
                rows.extend(examination.opinions.iter().map(|opinion| opinion.pooled.clone()));
            } else {
                for chunk in pictures.chunks(CHUNK) {
                    rows.extend(examination.places(chunk, &[space])?.into_iter().flatten().map(|(_, values)| values));
                }
            }
            let other = |i: usize| (0..i).filter(move |j| j / group != i / group);
            let distances = (0..rows.len()).into_par_iter().map(|i| other(i).map(|j| distance(&rows[i], &rows[j])).sum::<f64>());
            let pairs: usize = (0..rows.len()).map(|i| other(i).count()).sum();
            // In one order, so that the sum is the same every time.
            let sum: f64 = distances.collect::<Vec<_>>().into_iter().sum();
            // One photograph has no distance to another, and so no normalised error.
            if pairs > 0 {
                examination.spread.insert(space, sum / pairs as f64);
            }
        }
        Ok(examination)
    }

    /// Measures the inversions that `invert` makes of the pictures at these places, a few at a time and in their order.
    ///
    /// # Errors
    /// If an inversion fails or is of another size.
    pub fn measure(&self, mut invert: impl FnMut(Range<usize>) -> Result<Vec<Picture>>) -> Result<Examined> {
        let mut errors: BTreeMap<Space, Vec<f64>> = BTreeMap::new();
        let [mut psnrs, mut ssims, mut top1, mut top5, mut cosines] = [const { Vec::new() }; 5];
        let mut seconds = 0.0;
        let mut grid = Grid::default();
        let mut inversions = Vec::with_capacity(self.pictures.len());
        // The first inversion prepares buffers and kernels.
        invert(0..1)?;
        for (chunk, opinions) in self.pictures.chunks(CHUNK).zip(self.opinions.chunks(CHUNK)) {
            let started = Instant::now();
            let inverted = invert(inversions.len()..inversions.len() + chunk.len())?;
            seconds += started.elapsed().as_secs_f64();
            ensure!(inverted.len() == chunk.len(), "{} inversions of {} pictures", inverted.len(), chunk.len());
            let mut note = |space: Space, distance: f64| {
                if let Some(spread) = self.spread.get(&space) {
                    errors.entry(space).or_default().push(distance / spread);
                }
            };
            let spaces: Vec<Space> = Space::all().collect();
            for (there, here) in self.places(chunk, &spaces)?.iter().zip(self.places(&inverted, &spaces)?) {
                for ((space, there), (_, here)) in there.iter().zip(here) {
                    note(*space, distance(there, &here));
                }
            }
            for (there, here) in opinions.iter().zip(self.judge.opinions(&inverted)?) {
                let Opinion { pooled, classes } = here;
                note(Space::Judge, distance(&there.pooled, &pooled));
                cosines.push(cosine(&there.pooled, &pooled));
                top1.push(f64::from(u8::from(there.classes[0] == classes[0])));
                top5.push(f64::from(u8::from(classes.contains(&there.classes[0]))));
            }
            for (a, b) in chunk.iter().zip(&inverted) {
                psnrs.push(psnr(a, b));
                ssims.push(ssim(a, b));
            }
            grid.add(chunk, &inverted);
            inversions.extend(inverted);
        }
        let estimate = |values: &[f64]| estimate(values, self.group);
        let measures = Measures {
            pictures: self.pictures.len(),
            side: self.pictures[0].width(),
            errors: errors.iter().map(|(space, values)| (*space, estimate(values))).collect(),
            psnr: estimate(&psnrs),
            ssim: estimate(&ssims),
            top1: estimate(&top1),
            top5: estimate(&top5),
            cosine: estimate(&cosines),
            grid: grid.strongest(),
            milliseconds: seconds * 1e3 / self.pictures.len() as f64,
        };
        Ok(Examined { measures, inversions })
    }

    /// Returns the vectors of each picture in these spaces except the judge's, which are computed separately.
    fn places(&self, pictures: &[Picture], spaces: &[Space]) -> Result<Vec<Places>> {
        let tensor = picture::to_tensor(pictures, self.device)?; // [batch, 3, side, side]
        let layers: Vec<Layer> =
            spaces.iter().filter_map(|space| if let Space::Layer(layer) = space { Some(*layer) } else { None }).collect();
        let mut features = layers.iter().zip(self.encoder.features_of(tensor.clone(), &layers));
        let mut places = vec![Vec::new(); pictures.len()];
        for &space in spaces {
            let rows = match space {
                Space::Picture => rows_of(tensor.clone()),
                Space::Judge => continue,
                Space::Layer(_) => features.next().map(|(_, features)| rows_of(features)).unwrap_or_default(),
            };
            for (places, row) in places.iter_mut().zip(rows) {
                places.push((space, row));
            }
        }
        Ok(places)
    }
}

/// Returns one row of numbers a picture, from `[batch, ...]`.
fn rows_of<const D: usize>(tensor: Tensor<D>) -> Vec<Vec<f32>> {
    let each = tensor.dims()[1..].iter().product::<usize>();
    let values: Vec<f32> = tensor.into_data().iter().collect();
    values.chunks_exact(each).map(<[f32]>::to_vec).collect()
}

/// Returns the peak signal-to-noise ratio of two 8-bit pictures of one size in dB; infinite for equal ones.
pub fn psnr(a: &Picture, b: &Picture) -> f64 {
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let error = a.rgb().iter().zip(b.rgb()).map(square).sum::<f64>() / a.rgb().len() as f64;
    10.0 * (255.0f64.powi(2) / error).log10()
}

/// Returns the Euclidean distance of two vectors.
pub fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_a_known_error() {
        let picture = |value| Picture::from_rgb(2, 1, vec![value; 6]).unwrap();
        // An error of 25.5 would be 20 dB; 25 is a little less.
        assert!((psnr(&picture(100), &picture(125)) - 20.172).abs() < 1e-3);
        assert_eq!(psnr(&picture(9), &picture(9)), f64::INFINITY);
    }

    #[test]
    fn errors_are_relative_to_the_distance_between_photographs() {
        let device = Device::flex();
        let (encoder, judge) = (crate::models::squeezenet(&device).unwrap(), Judge::open(&device).unwrap());
        let plain = |value: u8| Picture::from_rgb(48, 48, vec![value; 48 * 48 * 3]).unwrap();
        // Two crops of each of two photographs; pairs of one photograph do not count.
        let pictures = [plain(0), plain(0), plain(100), plain(100)];
        let examination = Examination::new(&encoder, &judge, &pictures, 2, &device).unwrap();
        let brighter = |picture: &Picture| picture.clone().map_pixels(|rgb| rgb.map(|v| v + 25));
        let examined = examination.measure(|at| Ok(pictures[at].iter().map(brighter).collect())).unwrap();
        let measures = examined.measures;
        assert_eq!(examined.inversions, pictures.each_ref().map(brighter));
        assert!((measures.errors[&Space::Picture].mean - 0.25).abs() < 1e-6, "{measures:?}");
        let same = examination.measure(|at| Ok(pictures[at].to_vec())).unwrap().measures;
        assert!(same.errors.values().all(|error| error.mean == 0.0) && same.top1.mean == 1.0 && same.ssim.mean > 1.0 - 1e-9, "{same:?}");
    }
}
