//! A network's weights as one row of numbers. A browser's GPU cannot be waited for, so what is read from it is read once and at the end.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{ExecutionError, Tensor, TensorData};

/// Reads all weights of a network on a plain device, in the order of its fields.
///
/// # Errors
/// If the device fails.
pub async fn numbers_of<M: Module>(network: &M) -> Result<Vec<f32>, ExecutionError> {
    let mut rows = Rows(Vec::new());
    network.visit(&mut rows);
    if rows.0.is_empty() {
        return Ok(Vec::new());
    }
    let data = Tensor::cat(rows.0, 0).into_data_async().await?; // [weights]
    Ok(data.iter().collect())
}

/// Returns a network with these weights, in the order in which [`numbers_of`] reads them; nothing if their number is not the network's.
pub fn with_numbers<M: Module>(network: M, numbers: &[f32]) -> Option<M> {
    if network.num_params() != numbers.len() {
        return None;
    }
    Some(network.map(&mut Fill { left: numbers }))
}

struct Rows(Vec<Tensor<1>>);

impl ModuleVisitor for Rows {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let weights = param.val();
        let count = weights.shape().num_elements();
        self.0.push(weights.reshape([count])); // [weights of this tensor]
    }
}

struct Fill<'a> {
    left: &'a [f32],
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let old = param.val();
        let (now, left) = self.left.split_at(old.shape().num_elements().min(self.left.len()));
        self.left = left;
        let new = Tensor::from_data(TensorData::new(now.to_vec(), old.dims()), &old.device());
        Param::initialized(param.id, if old.is_require_grad() { new.require_grad() } else { new })
    }
}
