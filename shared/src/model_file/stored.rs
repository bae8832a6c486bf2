//! How weights are stored: f32, f16, or 8-bit integers with a scale for each output channel.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::f16;
use safetensors::{Dtype, SafeTensors, View};

use super::ModelFileError;

/// The name of the tensor that holds another one's scales.
const SCALES: &str = ".scales";
/// The largest 8-bit weight.
const LARGEST: f32 = 127.0;

/// The precision that weights are stored in; they always compute in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// A byte a weight. Each output channel has a scale, its largest weight / 127; biases are f16.
    Int8,
    /// Two bytes a weight.
    F16,
    /// Loses nothing.
    F32,
}

/// A tensor as it stands in a file.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Tensors by name, scales among them.
pub(super) type Tensors = BTreeMap<String, Stored>;

/// Reads every tensor of a safetensors file.
pub(super) fn read(file: &SafeTensors<'_>) -> Tensors {
    let stored = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        (name.to_owned(), Stored { dtype: view.dtype(), shape: view.shape().to_vec(), bytes: view.data().to_vec() })
    };
    file.iter().map(stored).collect()
}

/// Adds a tensor in some precision, and its scales if it has any.
pub(super) fn insert(tensors: &mut Tensors, name: &str, values: &[f32], shape: Vec<usize>, precision: Precision) {
    let precision = if shape.len() < 2 && precision == Precision::Int8 { Precision::F16 } else { precision };
    let (dtype, bytes) = match precision {
        Precision::F16 => (Dtype::F16, values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect()),
        Precision::F32 => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Precision::Int8 => {
            let each = (values.len() / shape[0].max(1)).max(1);
            let largest = |channel: &[f32]| channel.iter().fold(f32::MIN_POSITIVE, |most, v| most.max(v.abs()));
            // The maximum passes over what is not a number, and integers cannot hold it: the scale has to.
            let scale = |channel: &[f32]| if channel.iter().all(|v| v.is_finite()) { largest(channel) / LARGEST } else { f32::NAN };
            let scales: Vec<f32> = values.chunks(each).map(scale).collect();
            let rounded = values.chunks(each).zip(&scales).flat_map(|(channel, scale)| channel.iter().map(move |v| v / scale));
            // At most 127 by the choice of the scale.
            let bytes = rounded.map(|v| (v.round() as i8).cast_unsigned()).collect();
            insert(tensors, &format!("{name}{SCALES}"), &scales, vec![scales.len()], Precision::F32);
            (Dtype::I8, bytes)
        }
    };
    tensors.insert(name.to_owned(), Stored { dtype, shape, bytes });
}

/// Returns whether a tensor holds another one's scales.
pub(super) fn holds_scales(tensors: &Tensors, name: &str) -> bool {
    name.strip_suffix(SCALES).is_some_and(|of| tensors.get(of).is_some_and(|stored| stored.dtype == Dtype::I8))
}

/// Returns a tensor's values.
pub(super) fn values_of(tensors: &Tensors, name: &str) -> Result<Vec<f32>, ModelFileError> {
    let stored = tensors.get(name).ok_or_else(|| ModelFileError::Shape(format!("tensor `{name}` is missing")))?;
    match stored.dtype {
        Dtype::F32 => Ok(stored.bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(stored.bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
        Dtype::I8 => {
            let scales = values_of(tensors, &format!("{name}{SCALES}"))?;
            let each = (stored.bytes.len() / scales.len().max(1)).max(1);
            let scaled = stored.bytes.chunks(each).zip(scales);
            Ok(scaled.flat_map(|(channel, scale)| channel.iter().map(move |&v| f32::from(v.cast_signed()) * scale)).collect())
        }
        other => Err(ModelFileError::Shape(format!("tensor `{name}` is {other:?}, not I8, F16 or F32"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_come_back_within_half_a_step() {
        let values: Vec<f32> = (0..60_u8).map(|at| f32::from(at % 7) - 3.0 + f32::from(at) * 0.01).collect();
        for (precision, relative) in [(Precision::F32, 0.0), (Precision::F16, 1.0 / 2048.0), (Precision::Int8, 0.5 / 127.0)] {
            let mut tensors = Tensors::new();
            insert(&mut tensors, "weight", &values, vec![3, 5, 2, 2], precision);
            let found = values_of(&tensors, "weight").unwrap();
            for (channel, found) in values.chunks(20).zip(found.chunks(20)) {
                let most = channel.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
                for (value, found) in channel.iter().zip(found) {
                    assert!((value - found).abs() <= relative * most * 1.001, "{precision:?}: {value} became {found}");
                }
            }
            let scales = tensors.keys().filter(|name| holds_scales(&tensors, name)).count();
            assert_eq!(scales, usize::from(precision == Precision::Int8));
        }
    }

    #[test]
    fn biases_are_never_less_than_f16() {
        let mut tensors = Tensors::new();
        insert(&mut tensors, "bias", &[0.1, -2.0], vec![2], Precision::Int8);
        assert_eq!(tensors["bias"].dtype, Dtype::F16);
    }
}
