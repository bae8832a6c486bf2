//! Model files from strangers: damaged ones, and ones that are sealed again after their card or their list of tensors was changed.

use std::cell::RefCell;
use std::fs;

use anyhow::{Context, Result};
use burn::tensor::Device;
use deepsim::burn;
use deepsim::enlarge::Enlarger;
use deepsim::generation::Generation;
use deepsim::lab::Lab;
use deepsim::lapgan::PyramidGenerator;
use deepsim::model_file::ModelFile;
use deepsim::restyle::Restyler;
use deepsim_tests::workspace;
use rand::{Rng, RngExt};
use safetensors::SafeTensors;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Attempt, alone, campaign, mutation};

const MODELS: [&str; 6] = ["pool1", "fire5", "emoji-vae", "enlarge", "styles", "emoji-lapgan"];
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a file of so many bytes may allocate to be read: its tensors, its header, and the card in some forms.
fn reading(bytes: &[u8]) -> usize {
    4 * bytes.len() + (1 << 20)
}

/// What a network may allocate to be filled from it: weights of one byte become four, some of them twice.
fn building(bytes: &[u8]) -> usize {
    64 * bytes.len() + (64 << 20)
}

fn models() -> Result<Vec<Vec<u8>>> {
    let read = |name: &&'static str| fs::read(workspace().join("models").join(name).with_added_extension("safetensors")).context(*name);
    MODELS.iter().map(read).collect()
}

#[test]
fn damaged_model_files_are_refused() -> Result<()> {
    let _alone = alone();
    let models = models()?;
    campaign("damaged-model", reading, |random| {
        let bytes = mutation::bytes(&models[random.random_range(0..models.len())], random);
        let file = bytes.clone();
        Attempt { bytes, run: Box::new(move || ModelFile::from_bytes(&file).is_ok()) }
    })
}

/// A stranger can compute a checksum too.
#[test]
fn sealed_model_files_are_refused_or_work() -> Result<()> {
    let _alone = alone();
    let models = models()?;
    let device = Device::flex();
    let squeezenet = ModelFile::from_bytes(&fs::read(workspace().join("models/squeezenet.safetensors"))?)?;
    let lab = RefCell::new(Lab::new(&squeezenet, &device)?);
    campaign("sealed-model", building, |random| {
        let bytes = sealed(&models[random.random_range(0..models.len())], random);
        let file = bytes.clone();
        let (device, lab) = (&device, &lab);
        let run = move || {
            let Ok(file) = ModelFile::from_bytes(&file) else { return false };
            // The page and the commands open a model as what they need: all of them must cope.
            let inverter = lab.borrow_mut().add("hostile", &file).is_ok();
            let others = [
                Generation::new(&file, device).is_ok(),
                Enlarger::new(&file, device).is_ok(),
                Restyler::new(&file, device).is_ok(),
                PyramidGenerator::new(&file, device).is_ok(),
            ];
            inverter || others.contains(&true)
        };
        Attempt { bytes, run: Box::new(run) }
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

/// The campaign above tries something only if a file that is sealed without a change is accepted.
#[test]
fn an_unchanged_card_can_be_sealed_again() -> Result<()> {
    let _alone = alone();
    for model in models()? {
        let mut accepted = 0;
        let mut random = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
        for _ in 0..40 {
            accepted += usize::from(ModelFile::from_bytes(&sealed(&model, &mut random)).is_ok());
        }
        anyhow::ensure!(accepted > 2, "only {accepted} of 40 sealed files are read");
    }
    Ok(())
}
