//! The classes of a data set's pictures: from a table, from the labels beside an IDX file, or the groups of the built-in emoji.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepsim::model_file::Class;

use super::{Dataset, idx};
use crate::config::Config;
use crate::models::locate::locate;

/// The built-in data set that has classes, and the table of them.
const BUILT_IN: (&str, &str) = ("emoji", "data/emoji-classes.tsv");

/// The class of each picture of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// The names, in the order of their numbers.
    pub names: Vec<String>,
    /// The number of each picture's class.
    pub of: Vec<usize>,
}

impl Classes {
    /// Finds the classes of a run's pictures; nothing if it has none.
    ///
    /// # Errors
    /// If a table or labels cannot be read, or a picture is of no class.
    pub fn open(config: &Config, pictures: &Dataset) -> Result<Option<Self>> {
        // The numbers in an IDX file's labels are those of its own pictures.
        let data = match &config.data[..] {
            [data] => Some(data.as_path()),
            _ => None,
        };
        match (&config.pyramid.classes, data) {
            (Some(none), _) if none == Path::new("none") => Ok(None),
            (Some(table), _) => Self::from_table(table, pictures).map(Some),
            (None, Some(data)) if data == Path::new(BUILT_IN.0) => Self::from_table(&locate(BUILT_IN.1)?, pictures).map(Some),
            (None, Some(data)) if data.is_file() => match idx::labels(data) {
                Ok(labels) => Self::from_labels(&labels, &config.pyramid.class_names, pictures).map(Some),
                Err(_) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn from_table(path: &Path, pictures: &Dataset) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the classes {}", path.display()))?;
        let rows: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
        ensure!(!rows.is_empty(), "{}: no line with a picture's name, a tab and its class", path.display());
        let names: BTreeSet<&str> = rows.values().copied().collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let class = |index: usize| {
            let name = pictures.name_of(index);
            let class = rows.get(name).with_context(|| format!("{}: no class of {name}", path.display()))?;
            names.iter().position(|known| known == class).context("a class of the table")
        };
        let of = (0..pictures.len()).map(class).collect::<Result<_>>()?;
        Ok(Self { names, of })
    }

    fn from_labels(labels: &[u8], names: &[String], pictures: &Dataset) -> Result<Self> {
        let label = |index: usize| {
            let place = pictures.place_of(index).with_context(|| format!("{} is not of the IDX file", pictures.name_of(index)))?;
            labels.get(place).map(|&label| usize::from(label)).with_context(|| format!("there is no label of picture {place}"))
        };
        let of = (0..pictures.len()).map(label).collect::<Result<Vec<_>>>()?;
        let count = of.iter().max().map_or(0, |most| most + 1);
        ensure!(names.is_empty() || names.len() >= count, "--class-names names {} classes, the labels number {count}", names.len());
        let names = if names.is_empty() { (0..count).map(|number| number.to_string()).collect() } else { names.to_vec() };
        Ok(Self { names, of })
    }

    /// Returns the names with the shares of the pictures that are of each.
    pub fn shares(&self) -> Vec<Class> {
        let share = |number: usize| {
            let count = self.of.iter().filter(|&&class| class == number).count();
            // Four digits say it well enough, and keep a card short.
            (count as f32 / self.of.len().max(1) as f32 * 1e4).round() / 1e4
        };
        self.names.iter().enumerate().map(|(number, name)| Class { name: name.clone(), share: share(number) }).collect()
    }

    /// Returns the classes of pictures as rows of zeros with a one each.
    pub fn rows(&self, indices: &[usize]) -> Vec<f32> {
        let row = |&index: &usize| (0..self.names.len()).map(move |number| if number == self.of[index] { 1.0 } else { 0.0 });
        indices.iter().flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rows_count_the_pictures() {
        let classes = Classes { names: ["a", "b"].map(str::to_owned).to_vec(), of: vec![1, 0, 1, 1] };
        assert_eq!(classes.shares().iter().map(|class| class.share).collect::<Vec<_>>(), [0.25, 0.75]);
        assert_eq!(classes.rows(&[0, 1]), [0.0, 1.0, 1.0, 0.0]);
    }
}
