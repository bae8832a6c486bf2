//! Noise -> pictures, from coarse to fine (Denton et al. 2015): what `trainer sample` and the page run with a LAPGAN.
//!
//! Noise is drawn in plain Rust and not on the device, so that a seed means the same pictures everywhere.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;

use crate::generation::{latent, walk as walk_between};
use crate::model_file::{Card, Class, Kind, ModelFile, ModelFileError};
use crate::nets::lapgan::{Lapgan, LapganShape, Made, noise_shape};
use crate::pyramid::reduce;
use crate::random::generator_at;

/// Separates the numbers that choose classes from those of noise.
const CLASSES: u64 = u64::MAX;

/// What one picture is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Standard normal numbers for each level, the coarsest first.
    pub levels: Vec<Vec<f32>>,
    /// Shares of classes, which add up to 1; empty where there are none.
    pub classes: Vec<f32>,
}

/// A LAPGAN, ready to run.
#[derive(Debug)]
pub struct PyramidGenerator {
    network: Lapgan,
    shape: LapganShape,
    classes: Vec<Class>,
    device: Device,
}

impl PyramidGenerator {
    /// Puts a model file's weights on a device.
    ///
    /// # Errors
    /// If the file is not a LAPGAN's, or its tensors do not fit the architecture.
    pub fn new(file: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let shape = lapgan_of(file.card())?;
        let network = file.apply(Lapgan::new(shape, device))?;
        Self::of(network, shape, file.card().classes.clone(), device)
    }

    /// Takes a network on a device, and its classes.
    ///
    /// # Errors
    /// [`ModelFileError::Card`] if the network tells apart another number of classes.
    pub fn of(network: Lapgan, shape: LapganShape, classes: Vec<Class>, device: &Device) -> Result<Self, ModelFileError> {
        if classes.len() != shape.classes {
            let (named, has) = (classes.len(), shape.classes);
            return Err(ModelFileError::Card(format!("the card names {named} classes, the network tells {has} apart")));
        }
        Ok(Self { network: network.no_grad(), shape, classes, device: device.clone() })
    }

    /// Returns the sides of the levels, the coarsest first.
    pub fn sides(&self) -> Vec<usize> {
        self.shape.sides()
    }

    /// Returns the side of its pictures.
    pub const fn side(&self) -> usize {
        self.shape.side
    }

    /// Returns the classes that it tells apart.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Draws the noise of the `place`-th picture of a seed. `again` counts for each level how often its noise was drawn anew; levels that it does
    /// not name have their first draw. Without a class one is drawn, as often as in the training pictures.
    pub fn draw(&self, seed: u64, place: u64, again: &[u32], class: Option<usize>) -> Noise {
        let level = |(level, side): (usize, usize)| {
            let [channels, places] = noise_shape(side);
            // A level's number above its count of draws: no two are the same.
            let purpose = ((level as u64) << 32) | u64::from(again.get(level).copied().unwrap_or(0));
            latent(seed, place, purpose, channels * places * places)
        };
        let class = class.or_else(|| self.draw_class(seed, place));
        let share = |at: usize| if Some(at) == class { 1.0 } else { 0.0 };
        Noise { levels: self.sides().into_iter().enumerate().map(level).collect(), classes: (0..self.classes.len()).map(share).collect() }
    }

    /// Returns the class that a picture of a seed is of, if it is not chosen.
    pub fn draw_class(&self, seed: u64, place: u64) -> Option<usize> {
        let total: f32 = self.classes.iter().map(|class| class.share).sum();
        let mut left = generator_at(seed, place, CLASSES).random::<f32>() * total;
        let chosen = self.classes.iter().position(|class| {
            left -= class.share;
            left < 0.0
        });
        chosen.or_else(|| self.classes.len().checked_sub(1))
    }

    /// Makes pictures of noise and returns them at each level, the coarsest first.
    pub fn grow(&self, noise: &[Noise]) -> Vec<Made> {
        self.go_on(None, 0, noise)
    }

    /// Makes finer pictures of those of a level, `[batch, 3, side, side]`, and returns them at each level after `level`, counted from 0.
    pub fn refine(&self, pictures: Tensor<4>, level: usize, noise: &[Noise]) -> Vec<Made> {
        self.go_on(Some(pictures), level + 1, noise)
    }

    /// Reduces pictures `[batch, 3, side, side]` of the generator's side to the side of a level, counted from 0, and makes the detail of the finer levels
    /// anew. Returns the pictures at each level from that one on. With a variational autoencoder's pictures this is a LAPGAN that begins with a code in
    /// place of noise.
    pub fn replace_detail(&self, pictures: Tensor<4>, level: usize, noise: &[Noise]) -> Vec<Made> {
        let mut coarse = pictures;
        for _ in level + 1..self.sides().len() {
            coarse = reduce(coarse); // [batch, 3, side / 2, side / 2]
        }
        let finer = self.refine(coarse.clone(), level, noise);
        std::iter::once(Made { under: None, pictures: coarse }).chain(finer).collect()
    }

    fn go_on(&self, mut before: Option<Tensor<4>>, first: usize, noise: &[Noise]) -> Vec<Made> {
        let sides = self.sides();
        let mut made = Vec::with_capacity(sides.len());
        for (at, (level, side)) in self.network.levels.iter().zip(sides).enumerate().skip(first) {
            let [channels, places] = noise_shape(side);
            let shape = [noise.len(), channels, places, places];
            let here = self.tensor(noise.iter().map(|noise| &noise.levels[at]), shape); // [batch, channels, places, places]
            let classes = self.classes.len();
            let classes = (classes > 0).then(|| self.tensor(noise.iter().map(|noise| &noise.classes), [noise.len(), classes, 1, 1]));
            let next = level.forward(here, before, classes);
            before = Some(next.pictures.clone());
            made.push(next);
        }
        made
    }

    fn tensor<'a>(&self, rows: impl Iterator<Item = &'a Vec<f32>>, shape: [usize; 4]) -> Tensor<4> {
        let values: Vec<f32> = rows.flatten().copied().collect();
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

/// Returns the LAPGAN's part of a card.
///
/// # Errors
/// If the card is not a LAPGAN's, or its side is none.
pub fn lapgan_of(card: &Card) -> Result<LapganShape, ModelFileError> {
    match card.kind {
        Kind::Lapgan(shape) if LapganShape::has(shape.side) => Ok(shape),
        Kind::Lapgan(shape) => Err(ModelFileError::Card(format!("there is no LAPGAN for pictures of {} pixels", shape.side))),
        other => Err(ModelFileError::Kind { expected: "lapgan", found: other.name() }),
    }
}

/// Interpolates between what two pictures are made of, at `share` of the way: each level's noise on a great circle, classes on a line.
pub fn walk(from: &Noise, to: &Noise, share: f32) -> Noise {
    let levels = from.levels.iter().zip(&to.levels).map(|(from, to)| walk_between(from, to, share)).collect();
    let classes = from.classes.iter().zip(&to.classes).map(|(from, to)| from * (1.0 - share) + to * share).collect();
    Noise { levels, classes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(classes: &[f32]) -> PyramidGenerator {
        let device = Device::flex();
        let shape = LapganShape { side: 32, classes: classes.len() };
        let classes = classes.iter().map(|&share| Class { name: String::new(), share }).collect();
        PyramidGenerator::of(Lapgan::new(shape, &device), shape, classes, &device).unwrap()
    }

    #[test]
    fn a_redrawn_level_changes_no_other_noise() {
        let generator = generator(&[]);
        let (first, again) = (generator.draw(7, 3, &[], None), generator.draw(7, 3, &[0, 1], None));
        assert_eq!((&first.levels[0], &first.levels[2]), (&again.levels[0], &again.levels[2]));
        assert_ne!(first.levels[1], again.levels[1]);
        assert_eq!(first.levels.iter().map(Vec::len).collect::<Vec<_>>(), [64, 256, 1024]);
    }

    #[test]
    fn classes_are_drawn_as_often_as_their_shares_say() {
        let generator = generator(&[0.5, 0.0, 0.3, 0.2]);
        let mut counts = [0; 4];
        for place in 0..2000 {
            counts[generator.draw_class(1, place).unwrap()] += 1;
        }
        // Four standard errors of a share of a half are 89.
        assert!((counts[0] - 1000_i32).abs() < 90 && counts[1] == 0 && (counts[3] - 400_i32).abs() < 90, "{counts:?}");
        assert_eq!(generator.draw(1, 0, &[], Some(2)).classes, [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn refining_goes_on_from_where_growing_was() {
        let generator = generator(&[0.5, 0.5]);
        let noise = [generator.draw(1, 0, &[], None), generator.draw(1, 1, &[], Some(1))];
        let whole = generator.grow(&noise);
        let rest = generator.refine(whole[0].pictures.clone(), 0, &noise);
        assert_eq!((whole.len(), rest.len()), (3, 2));
        let difference: f32 = (whole[2].pictures.clone() - rest[1].pictures.clone()).abs().max().into_scalar();
        assert!(difference == 0.0, "{difference}");
    }

    #[test]
    fn replaced_detail_depends_on_the_coarse_picture_and_the_noise_alone() {
        let generator = generator(&[]);
        let noise = [generator.draw(1, 0, &[], None)];
        let drawn = generator.grow(&noise).remove(2).pictures; // [1, 3, 32, 32]
        let replaced = generator.replace_detail(drawn.clone(), 1, &noise);
        let sides: Vec<usize> = replaced.iter().map(|made| made.pictures.dims()[3]).collect();
        assert_eq!((sides, replaced[0].under.is_none()), (vec![16, 32], true));
        let refined = generator.refine(reduce(drawn), 1, &noise).remove(0).pictures; // [1, 3, 32, 32]
        let difference: f32 = (replaced[1].pictures.clone() - refined).abs().max().into_scalar();
        assert!(difference == 0.0, "{difference}");
    }

    #[test]
    fn a_way_begins_and_ends_where_it_should() {
        let generator = generator(&[0.5, 0.5]);
        let (from, to) = (generator.draw(1, 0, &[], Some(0)), generator.draw(1, 1, &[], Some(1)));
        let near = |a: &Noise, b: &Noise| a.levels.iter().flatten().zip(b.levels.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near(&walk(&from, &to, 0.0), &from) && near(&walk(&from, &to, 1.0), &to));
        assert_eq!(walk(&from, &to, 0.5).classes, [0.5, 0.5]);
    }
}
