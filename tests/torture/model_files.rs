//! Model files from strangers: damaged ones, and ones that are sealed again after their card or their list of tensors was changed.

use std::fs;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use deepsim::Layer;
use deepsim::burn;
use deepsim::enlarge::Enlarger;
use deepsim::generation::Generation;
use deepsim::lab::Lab;
use deepsim::lapgan::PyramidGenerator;
use deepsim::model_file::{InverterCard, Kind, ModelFile, Precision};
use deepsim::nets::inverter::{Inverter, InverterShape};
use deepsim::nets::stylist::{Stylist, StylistShape};
use deepsim::nets::upscaler::{Upscaler, UpscalerShape};
use deepsim::restyle::Restyler;
use deepsim_tests::workspace;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{alone, campaign, mutation};

const MODELS: [&str; 6] = ["pool1", "fire5", "emoji-vae", "enlarge", "styles", "emoji-lapgan"];
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns what reading a file of this length may allocate: its tensors, its header, and the card in some forms.
fn reading(length: usize) -> usize {
    4 * length + (1 << 20)
}

/// Returns what filling networks from it may allocate: weights of one byte become four, some of them twice.
fn building(length: usize) -> usize {
    64 * length + (64 << 20)
}

fn models() -> Result<Vec<Vec<u8>>> {
    let read = |name: &&'static str| fs::read(workspace().join("models").join(name).with_added_extension("safetensors")).context(*name);
    MODELS.iter().map(read).collect()
}

/// The share of small networks among the models whose cards are changed: what a card says does not depend on the network's size, and they are read
/// many times as fast.
const SMALL: f64 = 0.9;

/// Returns small networks with the cards of shipped ones.
fn small_models(models: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let device = Device::flex();
    let mut small = Vec::new();
    for model in models {
        let mut card = ModelFile::from_bytes(model)?.card().clone();
        let file = match card.kind {
            Kind::Inverter(InverterCard { shape, .. }) if shape.layer == Layer::Pool1 => {
                let shape = InverterShape { width: 1.0 / 16.0, ..shape };
                card.kind = Kind::Inverter(InverterCard { shape, feature_scale: 1.0 });
                ModelFile::from_module(&Inverter::new(shape, &device), card, Precision::Int8)
            }
            Kind::Upscaler(_) => {
                let shape = UpscalerShape { channels: 4, blocks: 1 };
                card.kind = Kind::Upscaler(shape);
                ModelFile::from_module(&Upscaler::new(shape, &device), card, Precision::Int8)
            }
            Kind::Stylist(_) => {
                let shape = StylistShape { channels: 4, styles: 1 };
                card.kind = Kind::Stylist(shape);
                card.style_names.truncate(1);
                ModelFile::from_module(&Stylist::new(shape, &device), card, Precision::Int8)
            }
            _ => continue,
        };
        small.push(file.to_bytes()?);
    }
    ensure!(small.len() == 3, "{} of three small networks", small.len());
    Ok(small)
}

#[test]
fn damaged_model_files_are_refused() -> Result<()> {
    let _alone = alone();
    let models = models()?;
    let damaged = |random: &mut ChaCha8Rng| mutation::bytes(&models[random.random_range(0..models.len())], random);
    campaign("damaged-model", reading, damaged, |bytes| ModelFile::from_bytes(bytes).is_ok())
}

/// Ensures that a checksum is not relied on: a stranger can compute it too.
#[test]
fn sealed_model_files_are_refused_or_work() -> Result<()> {
    let _alone = alone();
    let models = models()?;
    let device = Device::flex();
    let squeezenet = ModelFile::from_bytes(&fs::read(workspace().join("models/squeezenet.safetensors"))?)?;
    let mut lab = Lab::new(&squeezenet, &device)?;
    let small = small_models(&models)?;
    let changed = |random: &mut ChaCha8Rng| {
        let models = if random.random_bool(SMALL) { &small } else { &models };
        sealed(&models[random.random_range(0..models.len())], random)
    };
    campaign("sealed-model", building, changed, |bytes| {
        let Ok(file) = ModelFile::from_bytes(bytes) else { return false };
        // The page and the commands open a model as what they need: all of them must cope.
        let opened = [
            lab.add("hostile", &file).is_ok(),
            Generation::new(&file, &device).is_ok(),
            Enlarger::new(&file, &device).is_ok(),
            Restyler::new(&file, &device).is_ok(),
            PyramidGenerator::new(&file, &device).is_ok(),
        ];
        opened.contains(&true)
    })
}

/// Changes the header of a model file, its card or its list of tensors, and computes the checksum anew where that is possible.
fn sealed(original: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let length = usize::try_from(u64::from_le_bytes(original[..8].try_into().unwrap())).unwrap();
    let mut header: Value = serde_json::from_slice(&original[8..8 + length]).unwrap();
    let mut card: Value = serde_json::from_str(header["__metadata__"]["deepsim"].as_str().unwrap()).unwrap();
    if random.random_bool(0.7) {
        card = mutation::json(&card, random);
    }
    if random.random_bool(0.4) {
        let metadata = header.as_object_mut().unwrap().remove("__metadata__");
        let changed = mutation::json(&header, random);
        header = if changed.is_object() { changed } else { json!({}) };
        header["__metadata__"] = metadata.unwrap();
    }
    let with_card = |header: &mut Value, card: &Value| {
        header["__metadata__"]["deepsim"] = json!(card.to_string());
        let text = header.to_string();
        [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &original[8 + length..]].concat()
    };
    if card.is_object() {
        card["sha256"] = json!(NO_CHECKSUM);
    }
    let open = with_card(&mut header, &card);
    let Ok(file) = SafeTensors::deserialize(&open) else { return open };
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hash = Sha256::new();
    hash.update(card.to_string());
    for (name, tensor) in tensors {
        hash.update(format!("\n{name} {:?} {:?}\n", tensor.dtype(), tensor.shape()));
        hash.update(tensor.data());
    }
    let seal: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if card.is_object() {
        card["sha256"] = json!(seal);
    }
    with_card(&mut header, &card)
}

/// Ensures that the campaign above tries something: files that are sealed without a change are accepted.
#[test]
fn an_unchanged_card_can_be_sealed_again() -> Result<()> {
    let _alone = alone();
    let models = models()?;
    for model in small_models(&models)?.iter().chain(&models) {
        let mut accepted = 0;
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..40 {
            accepted += usize::from(ModelFile::from_bytes(&sealed(model, &mut random)).is_ok());
        }
        ensure!(accepted > 2, "only {accepted} of 40 sealed files are read");
    }
    Ok(())
}
