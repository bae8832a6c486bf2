//! Tensors of flex, burn's backend for the processor, as slices.

use burn::backend::flex::FlexTensor;
use burn::backend::{DispatchDevice, TensorMetadata};
use burn::tensor::{DType, Tensor, TensorData};

/// A build for wasm without WebGPU has no other backend, and all of its models are f32. The compiler then leaves out burn's own operations.
const ONLY_FLEX: bool = cfg!(all(target_arch = "wasm32", not(feature = "webgpu")));

/// Returns whether a tensor, tracked or not, is flex's and of f32: what the project's own operations work on.
pub(crate) fn runs_on_flex<const D: usize>(tensor: &Tensor<D>) -> bool {
    ONLY_FLEX || matches!(tensor.device().inner().as_dispatch(), DispatchDevice::Flex(_)) && tensor.dtype() == DType::F32
}

/// Returns the tensor with its values row after row, without gaps.
pub(crate) fn dense(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() { tensor } else { tensor.to_contiguous() }
}

/// Returns the values of a dense tensor.
pub(crate) fn floats(tensor: &FlexTensor) -> &[f32] {
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
    &tensor.storage()[start..end]
}

/// Returns the values of a dense tensor to be changed; if others share them, they are copied first.
pub(crate) fn floats_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or_default();
    &mut tensor.storage_mut()[start..end]
}

/// Creates a tensor of values.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Returns batch, channels, height and width.
pub(crate) fn dims(tensor: &FlexTensor) -> [usize; 4] {
    let shape = tensor.shape();
    [shape[0], shape[1], shape[2], shape[3]]
}
