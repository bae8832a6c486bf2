//! Weights out of a network and into one, by the path of their fields.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use super::stored::{Precision, Tensors, holds_scales, insert, values_of};
use super::{ModelFileError, PRIOR_PREFIX};

/// Returns a network's tensors by name.
pub(super) fn collect(module: &impl Module, precision: Precision) -> Tensors {
    let mut collector = Collector { path: Vec::new(), precision, tensors: Tensors::new() };
    module.visit(&mut collector);
    collector.tensors
}

/// Returns the network with these tensors in place of its own, all of them used.
pub(super) fn fill<M: Module>(tensors: &Tensors, module: M) -> Result<M, ModelFileError> {
    let mut filler = Filler { tensors, rename: &str::to_owned, partial: false, path: Vec::new(), used: 0, error: None };
    let module = module.map(&mut filler);
    if let Some(error) = filler.error {
        return Err(error);
    }
    let has = tensors.keys().filter(|name| !holds_scales(tensors, name) && !name.starts_with(PRIOR_PREFIX)).count();
    if filler.used != has {
        let takes = filler.used;
        return Err(ModelFileError::Shape(format!("it has {has} tensors, the network takes {takes}")));
    }
    Ok(module)
}

/// Returns the network with these tensors in place of those that they fit under their new names, and their number.
pub(super) fn fill_what_fits<M: Module>(
    tensors: &Tensors,
    module: M,
    rename: &dyn Fn(&str) -> String,
) -> Result<(M, usize), ModelFileError> {
    let mut filler = Filler { tensors, rename, partial: true, path: Vec::new(), used: 0, error: None };
    let module = module.map(&mut filler);
    filler.error.map_or(Ok((module, filler.used)), Err)
}

/// Returns a tensor's name. It is made of fields alone: which variant an enum is shows in what else is there.
fn is_variant(container: &str) -> bool {
    container.starts_with("Enum:")
}

fn enter(path: &mut Vec<String>, name: &str, container: &str) {
    if !is_variant(container) {
        path.push(name.to_owned());
    }
}

fn exit(path: &mut Vec<String>, container: &str) {
    if !is_variant(container) {
        path.pop();
    }
}

/// Reads a network's tensors, named by their path.
struct Collector {
    path: Vec<String>,
    precision: Precision,
    tensors: Tensors,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container: &str) {
        enter(&mut self.path, name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        exit(&mut self.path, container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        let shape = data.shape().to_vec();
        let values: Vec<f32> = data.iter::<f32>().collect();
        insert(&mut self.tensors, &self.path.join("."), &values, shape, self.precision);
    }
}

/// Puts a file's tensors into a network. A mapper cannot fail, so it remembers the first error.
struct Filler<'a> {
    tensors: &'a Tensors,
    rename: &'a dyn Fn(&str) -> String,
    /// Leaves alone what no tensor fits.
    partial: bool,
    path: Vec<String>,
    used: usize,
    error: Option<ModelFileError>,
}

impl Filler<'_> {
    fn values(&self, name: &str, wanted: &[usize]) -> Result<Vec<f32>, ModelFileError> {
        let missing = || ModelFileError::Shape(format!("tensor `{name}` is missing"));
        let stored = self.tensors.get(name).ok_or_else(missing)?;
        // Axes of size 1 at the end do not count: a matrix may be stored without the kernel of a 1x1 convolution.
        let significant = |shape: &[usize]| {
            let end = shape.iter().rposition(|&size| size != 1).map_or(0, |last| last + 1);
            shape[..end].to_vec()
        };
        if significant(&stored.shape) != significant(wanted) {
            let found = &stored.shape;
            return Err(ModelFileError::Shape(format!("tensor `{name}` is {found:?}, the network takes {wanted:?}")));
        }
        values_of(self.tensors, name)
    }
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        enter(&mut self.path, name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        exit(&mut self.path, container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        match self.values(&(self.rename)(&self.path.join(".")), &shape) {
            Err(ModelFileError::Shape(_)) if self.partial => param,
            Ok(values) => {
                self.used += 1;
                let device = param.lazy_device();
                let require_grad = device.is_autodiff();
                let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
                Param::initialized(param.id, if require_grad { tensor.require_grad() } else { tensor })
            }
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}
