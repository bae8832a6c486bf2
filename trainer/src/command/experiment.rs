//! `trainer experiment`: what inversions show about features, as tables and sheets of pictures.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use clap::{Args, ValueEnum};
use deepsim::Layer;
use deepsim::inversion::{Inversion, inverter_of};
use deepsim::picture::{self, Picture};
use deepsim::surgery::{Edit, Features, mix, random};
use serde::Serialize;

use crate::atomic_file::write_atomically;
use crate::data::builtin::{held_out_crops, open_held_out};
use crate::device::Backend;
use crate::measure::chart::{Curve, draw};
use crate::measure::judge::Judge;
use crate::measure::method::usual_side;
use crate::measure::sheet;
use crate::measure::table::TableFiles;
use crate::measure::{Examination, Examined, Measures, Space};
use crate::models;
use crate::models::locate::locate;

/// Pictures on a sheet, which has a row for each of up to ten operations.
const SHOWN: usize = 3;
/// Seed of every random edit.
const SEED: u64 = 1;
/// Rounds of re-encoding that are measured.
const ROUNDS: [usize; 4] = [1, 2, 4, 8];

/// An experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Experiment {
    /// Edit the features before they are inverted
    Surgery,
    /// Invert the features of the inversion, again and again
    Reencode,
}

/// Options of `trainer experiment`.
#[derive(Debug, Clone, Args)]
pub struct ExperimentOptions {
    /// Which one
    #[arg(value_enum)]
    pub experiment: Experiment,

    /// Model files of inverters
    #[arg(required = true)]
    pub models: Vec<PathBuf>,

    /// Folder for tables, numbers and sheets; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// Held-out pictures: a folder, a picture, a tar or an IDX file; several if wanted [default: the built-in ones]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,

    /// Use this many of the pictures at most, spread evenly
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,

    /// Where to compute: auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card
    #[arg(long, default_value_t = Backend::Auto, value_name = "DEVICE")]
    pub device: Backend,
}

/// An operation on the features of a picture.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Nothing,
    Edit(Edit),
    /// Half-way to the next picture's features.
    MixWithNext,
    /// Each number that of a picture drawn at random.
    Random,
    /// Inverted so many times.
    Rounds(usize),
}

impl Operation {
    fn name(self) -> String {
        match self {
            Self::Nothing => "as they are".to_owned(),
            Self::Edit(edit) => edit.to_string(),
            Self::MixWithNext => "mixed with the next picture's".to_owned(),
            Self::Random => "each drawn from its own histogram".to_owned(),
            Self::Rounds(rounds) => format!("{rounds} rounds"),
        }
    }
}

/// Returns the operations of an experiment on a layer: those of the papers on scores, and what corresponds to them on a grid.
fn operations(experiment: Experiment, layer: Layer) -> Vec<Operation> {
    if experiment == Experiment::Reencode {
        return ROUNDS.map(Operation::Rounds).into();
    }
    let own = match layer {
        Layer::Scores => vec![Edit::KeepTop { k: 1 }, Edit::KeepTop { k: 5 }, Edit::KeepTop { k: 20 }, Edit::DropTop { k: 5 }],
        _ => [8, 32, 128].map(|k| Edit::KeepChannels { k }).into(),
    };
    let common = [Edit::Binarise, Edit::DropRandom { share: 0.5, seed: SEED }, Edit::Noise { amount: 0.5, seed: SEED }];
    let edits = own.into_iter().chain(common).map(Operation::Edit);
    std::iter::once(Operation::Nothing).chain(edits).chain([Operation::MixWithNext, Operation::Random]).collect()
}

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
struct Row {
    model: String,
    layer: Layer,
    features: String,
    #[serde(flatten)]
    measures: Measures,
}

/// Runs an experiment on every model and writes `EXPERIMENT.md`, `EXPERIMENT.json` and `EXPERIMENT-MODEL.jpg` (pictures in the first row, then
/// one row for each operation); for re-encoding also curves.
///
/// # Errors
/// If a model or the pictures cannot be used, or a file not be written.
pub fn experiment(options: &ExperimentOptions, device: &Device) -> Result<()> {
    let name = options.experiment.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    fs::create_dir_all(&options.output).with_context(|| format!("cannot make the folder {}", options.output.display()))?;
    let squeezenet = models::read(&locate(models::SQUEEZENET)?)?;
    let encoder = models::squeezenet(device)?;
    let judge = Judge::open(device)?;
    let held_out = open_held_out(&options.data)?;
    let mut rows = Vec::new();
    for path in &options.models {
        let file = models::read(path)?;
        let inversion = Inversion::new(&squeezenet, &file, device).with_context(|| path.display().to_string())?;
        let layer = inverter_of(file.card())?.shape.layer;
        let stem = models::name(path);
        let pictures = held_out_crops(&held_out, options.most.unwrap_or(usize::MAX), 1, usual_side(layer))?;
        ensure!(pictures.len() > 1, "an experiment needs at least two pictures");
        let examination = Examination::new(&encoder, &judge, &pictures, 1, device)?;
        let subjects = Subjects::new(&inversion, &pictures, device)?;
        let shown = |pictures: &[Picture]| pictures.iter().take(SHOWN).cloned().collect::<Vec<_>>();
        let mut sheet = vec![shown(&pictures)];
        for operation in operations(options.experiment, layer) {
            eprintln!("{stem}: {}", operation.name());
            let Examined { measures, inversions } = examination.measure(|at| subjects.operate(operation, at))?;
            sheet.push(shown(&inversions));
            rows.push(Row { model: stem.clone(), layer, features: operation.name(), measures });
        }
        let sheet: Vec<&[Picture]> = sheet.iter().map(Vec::as_slice).collect();
        write_atomically(&options.output.join(format!("{name}-{stem}.jpg")), &sheet::to_jpeg(&sheet::sheet(&sheet)?)?)?;
    }
    if options.experiment == Experiment::Reencode {
        for (file, title, value) in CURVES {
            write_atomically(&options.output.join(file), draw(title, "rounds", &curves(&rows, value))?.as_bytes())?;
        }
    }
    let file = |ending| Some(options.output.join(format!("{name}.{ending}")));
    TableFiles { json: file("json"), markdown: file("md") }.publish(&rows, &to_markdown(&rows))
}

/// A number of a row.
type Value = fn(&Row) -> f64;

/// The curves of re-encoding: file, title and what is drawn over the rounds.
const CURVES: [(&str, &str, Value); 2] = [
    ("reencode-error.svg", "Error in the space of the inverted features, %", |row| {
        row.measures.errors.get(&Space::Layer(row.layer)).map_or(f64::NAN, |error| error.mean * 100.0)
    }),
    ("reencode-judge.svg", "Cosine of the judge's features", |row| row.measures.cosine.mean),
];

/// Returns one curve a model: a row of each over the rounds.
fn curves(rows: &[Row], value: Value) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // The rows of a model stand together, in the order of the rounds.
        let point = (ROUNDS[at % ROUNDS.len()] as f64, value(row));
        match curves.last_mut().filter(|curve| curve.name == row.model) {
            Some(curve) => curve.points.push(point),
            None => curves.push(Curve { name: row.model.clone(), points: vec![point] }),
        }
    }
    curves
}

/// Pictures and their features, to be operated on.
struct Subjects<'a> {
    inversion: &'a Inversion,
    pictures: &'a [Picture],
    features: Vec<Features>,
    device: &'a Device,
}

impl<'a> Subjects<'a> {
    fn new(inversion: &'a Inversion, pictures: &'a [Picture], device: &'a Device) -> Result<Self> {
        let mut features = Vec::new();
        for picture in pictures {
            let tensor = picture::to_tensor(std::slice::from_ref(picture), device)?; // [1, 3, side, side]
            features.extend(Features::of(&inversion.features(tensor).into_data()));
        }
        Ok(Self { inversion, pictures, features, device })
    }

    /// Returns the inversions of the pictures at these places, after an operation.
    fn operate(&self, operation: Operation, range: Range<usize>) -> Result<Vec<Picture>> {
        if let Operation::Rounds(rounds) = operation {
            let tensor = picture::to_tensor(&self.pictures[range], self.device)?; // [batch, 3, side, side]
            let last = self.inversion.rounds(&tensor, rounds).pop().context("no rounds")?; // [batch, 3, side, side]
            return Ok(picture::from_data(&last.into_data())?);
        }
        let features: Vec<Features> = range
            .map(|at| {
                let features = &self.features[at];
                match operation {
                    Operation::Nothing | Operation::Rounds(_) => features.clone(),
                    Operation::Edit(edit) => edit.apply(features.clone()),
                    Operation::MixWithNext => mix(features, &self.features[(at + 1) % self.features.len()], 0.5),
                    Operation::Random => random(&self.features, SEED + at as u64).unwrap_or_else(|| features.clone()),
                }
            })
            .collect();
        let features = Tensor::from_data(Features::to_data(&features), self.device); // [batch, channels, grid, grid]
        Ok(picture::from_data(&self.inversion.picture(features).into_data())?)
    }
}

/// Returns errors and agreement as a Markdown table, in percent.
fn to_markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| model | features | picture % | own layer % | judge % | top-1 % | top-5 % | cosine |\n|---|---|---|---|---|---|---|---|\n",
    );
    for Row { model, layer, features, measures } in rows {
        let error = |space| measures.errors[&space].mean * 100.0;
        text.push_str(&format!(
            "| {model} | {features} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} | {:.3} |\n",
            error(Space::Picture),
            error(Space::Layer(*layer)),
            error(Space::Judge),
            measures.top1.mean * 100.0,
            measures.top5.mean * 100.0,
            measures.cosine.mean
        ));
    }
    text
}
