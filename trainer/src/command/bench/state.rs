//! Tensors by name, as a safetensors file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// The start of another implementation's step, and the losses that it should find.
#[derive(Debug, Default)]
pub struct State {
    path: Vec<String>,
    tensors: BTreeMap<String, TensorData>,
}

impl State {
    /// Adds numbers under a name, as f32.
    pub fn put(&mut self, name: &str, data: impl Into<TensorData>) {
        self.tensors.insert(name.to_owned(), data.into().convert_dtype(DType::F32));
    }

    /// Adds all of a network's weights, below `name`.
    pub fn put_network(&mut self, name: &str, network: &impl Module) {
        self.path = vec![name.to_owned()];
        network.visit(self);
    }

    /// Writes a safetensors file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut views = Vec::new();
        for (name, data) in &self.tensors {
            views.push((name, TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes())?));
        }
        std::fs::write(path, safetensors::serialize(views, None)?)?;
        Ok(())
    }
}

impl ModuleVisitor for State {
    // Names come from fields alone, not from an enum's variants.
    fn enter_module(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        self.put(&name, param.val().into_data());
    }
}
