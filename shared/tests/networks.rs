//! The networks give what they should: golden activations, known classes.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deepsim::Picture;
use deepsim::burn::tensor::{Device, Tensor, TensorData};
use deepsim::layer::Layer;
use deepsim::model_file::{Card, Kind, ModelFile, Precision};
use deepsim::nets::activations::activations;
use deepsim::nets::efficientnet::EfficientNet;
use deepsim::nets::squeezenet::SqueezeNet;
use deepsim::picture;
use safetensors::SafeTensors;

fn workspace(path: &str) -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..").join(path)
}

fn model(path: &str) -> ModelFile {
    ModelFile::from_bytes(&std::fs::read(workspace(path)).unwrap()).unwrap()
}

/// Returns the goldens' input, x[c, i, j] = (31 i + 17 j + 101 c) mod 256, as a picture in [-1, 1].
fn pattern(side: usize, device: &Device) -> Tensor<4> {
    let value = |c: usize, i: usize, j: usize| ((31 * i + 17 * j + 101 * c) % 256) as f32 / 127.5 - 1.0;
    let values = (0..3).flat_map(|c| (0..side).flat_map(move |i| (0..side).map(move |j| value(c, i, j)))).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, [1, 3, side, side]), device)
}

fn golden(path: &Path) -> BTreeMap<String, Vec<f32>> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = |data: &[u8]| data.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    file.iter().map(|(name, view)| (name.to_owned(), values(view.data()))).collect()
}

/// Asserts that every activation equals its golden value to `tolerance` of the golden maximum.
fn assert_golden(file: &ModelFile, side: usize, golden: &BTreeMap<String, Vec<f32>>, tolerance: f32) {
    let device = Device::flex();
    for (name, found) in activations(file, pattern(side, &device), &device).unwrap() {
        let found: Vec<f32> = found.into_data().iter().collect();
        let wanted = &golden[&name];
        assert_eq!(found.len(), wanted.len(), "{name}");
        let most = wanted.iter().fold(0f32, |most, value| most.max(value.abs()));
        let error = found.iter().zip(wanted).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(error <= tolerance * most, "{name}: off by {error}, {} of its maximum", error / most);
        println!("{name}: off by {:.1e} of its maximum", error / most);
    }
}

#[test]
fn squeezenet_gives_the_golden_activations() {
    assert_golden(&model("models/squeezenet.safetensors"), 64, &golden(&workspace("tests/golden/golden.safetensors")), 1e-4);
}

#[test]
fn efficientnet_gives_the_golden_activations() {
    assert_golden(&model("models/efficientnet_lite0.safetensors"), 96, &golden(&workspace("tests/golden/golden.safetensors")), 1e-4);
}

/// The networks also equal the activations that the original frameworks gave, with the original f32 weights and with f16.
#[test]
#[ignore = "the original f32 weights are not part of the repository; DEEPSIM_ORIGINALS names their folder"]
fn original_weights_give_the_original_activations() {
    let folder = PathBuf::from(std::env::var_os("DEEPSIM_ORIGINALS").unwrap());
    let golden = golden(&folder.join("golden.safetensors"));
    // (file, kind, side, the project's own f16 file, what f16 may lose)
    let cases = [
        ("squeezenet1_1_imagenet", Kind::Squeezenet, 64, "models/squeezenet.safetensors", 2e-3),
        ("efficientnet_lite0_imagenet", Kind::Efficientnet, 96, "models/efficientnet_lite0.safetensors", 1e-2),
    ];
    for (name, kind, side, ours, loss) in cases {
        let bytes = std::fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
        let card = Card::new(kind);
        assert_golden(&ModelFile::import(&bytes, card, Precision::F32).unwrap(), side, &golden, 1e-3);
        assert_golden(&model(ours), side, &golden, loss);
    }
}

/// ImageNet's classes for the photograph of a cat of tests/pictures (see SOURCES.md there): 281 is `tabby, tabby cat`.
#[test]
fn both_networks_recognise_the_cat() {
    let device = Device::flex();
    let encoded = image::open(workspace("tests/pictures/cat.jpg")).unwrap().into_rgb8();
    let (width, height) = (encoded.width() as usize, encoded.height() as usize);
    let photo = Picture::from_rgb(width, height, encoded.into_raw()).unwrap().centre_crop(224).unwrap();
    let photo = picture::to_tensor(&[photo], &device).unwrap();

    let squeezenet = model("models/squeezenet.safetensors").apply(SqueezeNet::new(&device)).unwrap();
    let scores = squeezenet.features(photo.clone(), Layer::Scores).flatten::<1>(0, 3);
    let efficientnet = model("models/efficientnet_lite0.safetensors").apply(EfficientNet::new(&device)).unwrap();
    let logits = efficientnet.judge(photo).logits.flatten::<1>(0, 1);
    for (name, classes) in [("SqueezeNet", scores), ("EfficientNet-Lite0", logits)] {
        assert_eq!(classes.argmax(0).into_scalar::<i64>(), 281, "{name}");
    }
}

#[test]
fn features_of_several_layers_are_those_of_each_alone() {
    let device = Device::flex();
    let network = model("models/squeezenet.safetensors").apply(SqueezeNet::new(&device)).unwrap();
    let layers = [Layer::Fire9, Layer::Pool1, Layer::Fire5];
    let together = network.features_of(pattern(64, &device), &layers);
    for (layer, found) in layers.into_iter().zip(together) {
        let alone = network.features(pattern(64, &device), layer);
        assert_eq!(alone.dims(), [1, layer.channels(), layer.grid(64), layer.grid(64)]);
        assert!(alone.equal(found).all().into_scalar::<bool>(), "{layer}");
    }
}
