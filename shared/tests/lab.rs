//! The laboratory gives what the pieces that it is made of give.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use deepsim::Layer;
use deepsim::burn::tensor::Device;
use deepsim::inversion::Inversion;
use deepsim::lab::{Lab, LabError};
use deepsim::model_file::ModelFile;
use deepsim::picture::{self, Picture};
use deepsim::surgery::Edit;

const NAME: &str = "fire5";

/// Polls a future once: on the processor nothing has to be waited for.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the processor does not make anybody wait"),
    }
}

/// Returns a file of the repository, asked for when the test runs: what another checkout compiled may be reused.
fn read(path: &str) -> Vec<u8> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    std::fs::read(std::path::Path::new(&package).join("..").join(path)).unwrap()
}

fn model(name: &str) -> ModelFile {
    ModelFile::from_bytes(&read(&format!("models/{name}.safetensors"))).unwrap()
}

fn lab() -> Lab {
    let mut lab = Lab::new(&model("squeezenet"), &Device::flex()).unwrap();
    lab.add(NAME, &model("fire5")).unwrap();
    lab
}

fn cat(side: usize) -> Picture {
    let bytes = read("tests/pictures/cat.jpg");
    let image = image::load_from_memory(&bytes).unwrap().into_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Picture::from_rgb(width, height, image.into_raw()).unwrap().centre_crop(side).unwrap()
}

#[test]
fn an_inversion_is_that_of_the_command_line() {
    let lab = lab();
    let picture = cat(96);
    let analysis = lab.analyse(picture.clone()).unwrap();
    let found = now(lab.invert(NAME, &analysis, None)).unwrap();
    let device = Device::flex();
    let inversion = Inversion::new(&model("squeezenet"), &model("fire5"), &device).unwrap();
    let wanted = inversion.invert(picture::to_tensor(&[picture], &device).unwrap());
    assert_eq!(found, picture::from_data(&wanted.into_data()).unwrap()[0]);
}

#[test]
fn features_that_are_not_edited_give_the_same_picture_and_edited_ones_another() {
    let lab = lab();
    let analysis = lab.analyse(cat(64)).unwrap();
    let features = now(lab.features(NAME, &analysis)).unwrap();
    let whole = now(lab.invert(NAME, &analysis, None)).unwrap();
    assert_eq!(now(lab.invert(NAME, &analysis, Some(&features))).unwrap(), whole);
    let edited = Edit::KeepChannels { k: 4 }.apply(features);
    assert_ne!(now(lab.invert(NAME, &analysis, Some(&edited))).unwrap(), whole);
}

#[test]
fn errors_are_nothing_for_the_picture_itself_and_grow_with_what_is_lost() {
    let lab = lab();
    let analysis = lab.analyse(cat(64)).unwrap();
    let errors = |picture: Picture| now(lab.errors(NAME, &analysis, &lab.analyse(picture).unwrap())).unwrap();
    let itself = errors(cat(64));
    assert_eq!((itself.picture, itself.feature), (0.0, 0.0));
    let inverted = errors(now(lab.invert(NAME, &analysis, None)).unwrap());
    let grey = errors(Picture::from_rgb(64, 64, vec![128; 64 * 64 * 3]).unwrap());
    assert!(inverted.picture > 0.01 && inverted.picture < grey.picture, "{inverted:?} {grey:?}");
    assert!(inverted.feature > 0.01 && inverted.feature < grey.feature, "{inverted:?} {grey:?}");
    // Middle grey is as far from the picture as the picture from middle grey.
    assert!((grey.picture - 1.0).abs() < 0.01, "{grey:?}");
}

#[test]
fn rounds_go_on_from_what_the_last_one_made() {
    let lab = lab();
    let first = now(lab.reencode(NAME, &lab.analyse(cat(64)).unwrap())).unwrap();
    let second = now(lab.reencode(NAME, &first)).unwrap();
    assert_eq!(*second.picture(), now(lab.invert(NAME, &first, None)).unwrap());
}

#[test]
fn refining_lowers_the_feature_error() {
    let lab = lab();
    let analysis = lab.analyse(cat(64)).unwrap();
    let inverted = now(lab.invert(NAME, &analysis, None)).unwrap();
    let before = now(lab.errors(NAME, &analysis, &lab.analyse(inverted.clone()).unwrap())).unwrap();
    let mut refinement = lab.refine(NAME, &analysis, &inverted).unwrap();
    let first: f32 = refinement.step(0.02).into_scalar();
    assert!((first.sqrt() - before.feature).abs() < 1e-3, "{} {before:?}", first.sqrt());
    for _ in 0..20 {
        refinement.step(0.02);
    }
    let refined = picture::from_data(&refinement.pictures().into_data()).unwrap().remove(0);
    let after = now(lab.errors(NAME, &analysis, &lab.analyse(refined).unwrap())).unwrap();
    assert!(after.feature < 0.8 * before.feature, "{before:?} {after:?}");
}

#[test]
fn a_cat_is_a_cat() {
    let lab = lab();
    let classes = now(lab.classes(&lab.analyse(cat(224)).unwrap(), 5)).unwrap();
    assert_eq!(classes.len(), 5);
    assert!(classes.windows(2).all(|pair| pair[0].1 >= pair[1].1) && classes.iter().map(|class| class.1).sum::<f32>() <= 1.0);
    // ImageNet's domestic cats: tabby, tiger cat, Persian, Siamese, Egyptian.
    assert!((281..=285).contains(&classes[0].0), "{classes:?}");
}

#[test]
fn what_cannot_be_is_named() {
    let mut lab = lab();
    assert!(matches!(lab.analyse(Picture::from_rgb(100, 100, vec![0; 30_000]).unwrap()), Err(LabError::Side(100))));
    let analysis = lab.analyse(cat(64)).unwrap();
    assert!(matches!(now(lab.invert("fire9", &analysis, None)), Err(LabError::Unknown(_))));
    assert!(lab.add("squeezenet", &model("squeezenet")).is_err());
    assert!(Lab::new(&model("fire5"), &Device::flex()).is_err());
    assert_eq!((lab.layer_of(NAME), lab.layer_of("fire9")), (Some(Layer::Fire5), None));
    assert_eq!(lab.side_of(NAME, 224).unwrap(), 224);
}
