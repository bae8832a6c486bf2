//! The convolution as an operation of burn: flex runs it in [`super::run`], its autodiff goes back through it.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::geometry::Geometry;
use super::gradients;
use super::run::{self, Job};
use crate::kernels::flex::{dense, floats, runs_on_flex, tensor};

/// Returns the convolution of `x` `[batch, inputs, height, width]` with `weight` `[outputs, inputs, kernel, kernel]`, plus `bias`
/// `[outputs]`, and what is negative times `slope` (0: ReLU, 1: nothing): `[batch, outputs, ...]`.
pub fn convolve(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, geometry: Geometry, slope: f32) -> Tensor<4> {
    if runs_on_flex(&x) {
        let y = <Dispatch as Convolve>::convolve(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), geometry, slope);
        return Tensor::from_dispatch(y);
    }
    let x = if geometry.double {
        doubled(x) // [batch, inputs, 2h, 2w]
    } else {
        x
    };
    let Geometry { stride, padding, .. } = geometry;
    let options = ConvOptions::new([stride, stride], [padding, padding], [1, 1], 1);
    let z = conv2d(x, weight, Some(bias), options); // [batch, outputs, h, w]
    match slope {
        1.0 => z,
        0.0 => relu(z),
        _ => leaky_relu(z, f64::from(slope)),
    }
}

/// Returns each pixel twice in each direction: `[batch, channels, h, w]` -> `[batch, channels, 2h, 2w]`. burn's own interpolation would do
/// it, and bring kernels for tiles of matrices into the page's wasm.
fn doubled(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height, 1, width, 1])
        .expand([batch, channels, height, 2, width, 2]) // [batch, channels, h, 2, w, 2]
        .reshape([batch, channels, 2 * height, 2 * width]) // [batch, channels, 2h, 2w]
}

/// The operation that burn's dispatch calls.
#[backend_extension(Flex, Autodiff)]
trait Convolve: Backend {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        slope: f32,
    ) -> FloatTensor<Self>;
}

impl Convolve for Flex {
    fn convolve(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, geometry: Geometry, slope: f32) -> FlexTensor {
        let job = job(&x, &weight, geometry, slope);
        let [x, weight, bias] = [x, weight, bias].map(dense);
        let y = run::convolve(&job, floats(&x), floats(&weight), floats(&bias));
        let (height, width) = (geometry.output(job.height), geometry.output(job.width));
        tensor(y, [job.batch, job.outputs, height, width])
    }
}

fn job(x: &FlexTensor, weight: &FlexTensor, geometry: Geometry, slope: f32) -> Job {
    let (x, weight) = (x.shape(), weight.shape());
    Job { geometry, batch: x[0], inputs: x[1], outputs: weight[0], height: x[2], width: x[3], slope }
}

/// The way back.
mod backward {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use super::*;

    /// The tensors that the gradients are computed from. The input is kept only where a weight learns.
    #[derive(Debug, Clone)]
    struct Kept {
        job: Job,
        x: Option<FlexTensor>,
        weight: FlexTensor,
        y: FlexTensor,
    }

    #[derive(Debug)]
    struct ConvolveBackward;

    impl Backward<Flex, 3> for ConvolveBackward {
        type State = Kept;

        fn backward(self, ops: Ops<Kept, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let [x, weight, bias] = ops.parents;
            let Kept { job, x: input, weight: values, y } = ops.state;
            let dy = dense(gradients.consume::<Flex>(&ops.node));
            let learns = weight.is_some() || bias.is_some();
            let input_values = input.as_ref().map(floats).unwrap_or_default();
            let found = gradients::gradients(&job, input_values, floats(&values), floats(&y), floats(&dy), x.is_some(), learns);
            if let (Some(node), Some(dx)) = (x, found.input) {
                gradients.register::<Flex>(node.id, tensor(dx, [job.batch, job.inputs, job.height, job.width]));
            }
            if let (Some(node), Some(dw)) = (weight, found.weights) {
                let kernel = job.geometry.kernel;
                gradients.register::<Flex>(node.id, tensor(dw, [job.outputs, job.inputs, kernel, kernel]));
            }
            if let (Some(node), Some(db)) = (bias, found.bias) {
                gradients.register::<Flex>(node.id, tensor(db, [job.outputs]));
            }
        }
    }

    impl<C: CheckpointStrategy> Convolve for Autodiff<Flex, C> {
        fn convolve(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            geometry: Geometry,
            slope: f32,
        ) -> FloatTensor<Self> {
            let nodes = [x.node(), weight.node(), bias.node()];
            let learns = [&weight, &bias].iter().any(|tensor| tensor.is_tracked());
            let [x, weight, bias] = [x, weight, bias].map(|tensor| dense(tensor.into_primitive()));
            let job = job(&x, &weight, geometry, slope);
            let y = Flex::convolve(x.clone(), weight.clone(), bias, geometry, slope);
            match ConvolveBackward.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => {
                    let kept = Kept { job, x: learns.then_some(x), weight, y: y.clone() };
                    prepared.finish(kept, y)
                }
                OpsKind::UnTracked(prepared) => prepared.finish(y),
            }
        }
    }
}
