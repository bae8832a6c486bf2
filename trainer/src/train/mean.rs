//! The mean of several networks' weights (stochastic weight averaging, Izmailov et al. 2018): against an adversary a generator does not
//! come to rest, and in the middle of where it has been lies one with less of what changes from step to step.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use deepsim::model_file::Kind;
use deepsim::training::average::blend;

use crate::models;

/// Returns the mean of a network, on a plain device, and those of these model files, and how many pictures each of those had seen.
///
/// # Errors
/// If a file cannot be read or holds another network.
pub fn mean_with<M: Module>(network: &M, kind: Kind, others: &[PathBuf]) -> Result<(M, Vec<u64>)> {
    let mut mean = network.clone();
    let mut seen = Vec::with_capacity(others.len());
    for (number, path) in (2..).zip(others) {
        let file = models::read(path)?;
        let named = || path.display().to_string();
        ensure!(file.card().kind == kind, "{}: a mean takes models of the same network and scale of features", named());
        let other = file.apply(network.clone()).with_context(named)?;
        mean = blend(mean, &other, 1.0 / f64::from(number));
        seen.push(file.card().training.as_ref().map_or(0, |training| training.pictures_seen));
    }
    Ok((mean, seen))
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleMapper, Param};
    use burn::tensor::{Device, Tensor};
    use deepsim::Layer;
    use deepsim::model_file::{Card, InverterCard, ModelFile, Precision};
    use deepsim::nets::inverter::{Inverter, InverterShape};

    use super::*;

    struct Set(f32);

    impl ModuleMapper for Set {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            Param::initialized(param.id, param.val().zeros_like() + self.0)
        }
    }

    #[test]
    fn every_network_counts_the_same() {
        let device = Device::flex();
        let narrow = InverterShape { width: 0.1, ..Layer::Pool1.into() };
        let network = |value| Inverter::new(narrow, &device).map(&mut Set(value));
        let kind = |feature_scale| Kind::Inverter(InverterCard { shape: narrow, feature_scale });
        let folder = std::env::temp_dir().join(format!("deepsim-mean-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let save = |value, scale| {
            let path = folder.join(format!("{value}-{scale}.safetensors"));
            models::write(&path, &ModelFile::from_module(&network(value), Card::new(kind(scale)), Precision::F32)).unwrap();
            path
        };
        let (mean, seen) = mean_with(&network(1.0), kind(1.0), &[save(2.0, 1.0), save(6.0, 1.0)]).unwrap();
        let bytes = |network: &Inverter| ModelFile::from_module(network, Card::new(kind(1.0)), Precision::F16).to_bytes().unwrap();
        assert!(bytes(&mean) == bytes(&network(3.0)), "{mean:?}");
        assert_eq!(seen, [0, 0]);

        let error = mean_with(&network(1.0), kind(1.0), &[save(2.0, 4.0)]).unwrap_err();
        assert!(error.to_string().contains("scale of features"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
