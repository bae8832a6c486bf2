//! The gradients of a convolution: of its input, its weights and its bias.

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::arch::arch;
use super::band::Band;
use super::correlate::Correlate;
use super::geometry::{Plan, Side};
use super::outer_products::{self, OuterProducts};
use super::phases::{Block, Phase, backward, blocks};
use super::planes;
use super::run::{BlockWidth, Job, group_size, in_planes, kernel, sized};
use super::way::{self, Sides, Tiles, Way};
use super::weight_filter::{self, WeightSums};
use super::weight_gradient::{self, WeightGradient};
use super::winograd::Convolve;
use crate::kernels::parallel;

thread_local! {
    /// Planes of gradients of the output, as [`super::run`] keeps those of the input, and as minimal filtering reads them.
    static OUTPUT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static TILED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Gradients; of the input and of weights and bias where they were asked for.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    pub(super) input: Option<Vec<f32>>,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) bias: Option<Vec<f32>>,
}

/// Returns the gradients of a convolution with output `y`, from the gradient `dy` of that.
pub(super) fn gradients(job: &Job, x: &[f32], weights: &[f32], y: &[f32], dy: &[f32], of_input: bool, of_weights: bool) -> Gradients {
    let plan = Plan::new(job.geometry, job.height, job.width);
    let arch = arch();
    let back = of_input.then(|| Back::new(job, &plan, weights));
    let learning = of_weights.then(|| Learning::new(job));
    let plain = matches!(back, Some(Back::Plain { .. })) || matches!(learning, Some(Learning::Plain));
    let (source, target) = (job.inputs * plan.input.pixels(), job.outputs * plan.output.pixels());
    let share = job.batch.div_ceil(parallel::threads()).max(1);
    let group = group_size(job.batch, (job.outputs * plan.output.channel()).max(job.inputs * plan.input.channel()));
    let mut dx = parallel::zeros(if of_input { job.batch * source } else { 0 });
    let parts: Vec<(usize, &mut [f32])> = if of_input {
        (0..job.batch).step_by(share).zip(dx.chunks_mut(share * source)).collect()
    } else {
        (0..job.batch).step_by(share).map(|first| (first, Default::default())).collect()
    };
    // One sum of weight gradients a thread, added up in order: the same for the same number of threads.
    let sums = parallel::map(parts, |(first, dx)| {
        let mut sums = vec![0.0; learning.as_ref().map_or(0, |learning| job.outputs * job.inputs * learning.points(&plan))];
        let mut bias = vec![0.0; job.outputs];
        let mut dx = dx.chunks_mut(group * source);
        let end = (first + share).min(job.batch);
        for first in (first..end).step_by(group) {
            let pictures = group.min(end - first);
            let range = first * target..(first + pictures) * target;
            let gradient = OutputGradient { job, y: &y[range.clone()], dy: &dy[range] };
            let x = x.get(first * source..).unwrap_or_default();
            let mut buffer = OUTPUT.take();
            let planes = if plain { gradient.split(&plan.output, &mut buffer, &mut bias) } else { &[] };
            if let (Some(back), Some(dx)) = (&back, dx.next()) {
                match back {
                    Back::Plain { phases, blocks } => {
                        let (side, sources, channel) = (&plan.input, job.outputs, plan.output.channel());
                        let band = Band::whole(side, dx);
                        arch.dispatch(Correlate { phases, blocks, pictures, sources, planes, channel, side, after: None, band });
                    }
                    Back::Minimal(minimal) => minimal.run(&gradient, dx),
                }
            }
            let (inputs, outputs, sums) = (job.inputs, job.outputs, &mut sums[..]);
            // The bias is taken once: with the planes for plain sums, if there are any.
            let mut unused = vec![0.0; outputs];
            let bias = if plain { &mut unused } else { &mut bias };
            match &learning {
                None => {}
                Some(Learning::Plain) => in_planes(&plan.input, x, source, pictures, 1, |x, x_channel| {
                    arch.dispatch(WeightGradient { plan: &plan, pictures, x, x_channel, dz: planes, inputs, outputs, sums });
                }),
                Some(Learning::Outer) => {
                    let OutputGradient { y, dy, .. } = gradient;
                    arch.dispatch(OuterProducts { job, x: &x[..pictures * source], y, dy, sums, bias });
                }
                Some(Learning::Minimal(way, tiles)) => {
                    let mut buffer = TILED.take();
                    let dz = gradient.split(&tiles.output, &mut buffer, bias);
                    in_planes(&tiles.input, x, source, pictures, 1, |x, _| {
                        WeightSums { tiles, pictures, inputs, outputs, x, dz, sums }.add(*way);
                    });
                    TILED.set(buffer);
                }
            }
            OUTPUT.set(buffer);
        }
        (sums, bias)
    });
    let parts: Vec<&[f32]> = sums.iter().map(|(sums, _)| sums.as_slice()).collect();
    Gradients {
        weights: learning.map(|learning| match learning {
            Learning::Plain => weight_gradient::fold(&plan, &parts),
            Learning::Outer => outer_products::fold(plan.positions, &parts),
            Learning::Minimal(way, _) => weight_filter::fold(way, job.outputs * job.inputs, &parts),
        }),
        bias: of_weights.then(|| weight_gradient::total(sums.iter().map(|(_, bias)| bias.as_slice()))),
        input: of_input.then_some(dx),
    }
}

/// Outputs of pictures, and the gradients of these.
struct OutputGradient<'a> {
    job: &'a Job,
    y: &'a [f32],
    dy: &'a [f32],
}

impl OutputGradient<'_> {
    /// Returns the gradients before the activation in planes, and adds those of the bias.
    fn split<'b>(&self, side: &Side, buffer: &'b mut Vec<f32>, bias: &mut [f32]) -> &'b [f32] {
        let Self { job: &Job { outputs, slope, .. }, y, dy } = *self;
        let planes = sized(buffer, y.len() / side.pixels() * side.channel());
        let pictures = y.chunks_exact(outputs * side.pixels()).zip(dy.chunks_exact(outputs * side.pixels()));
        for ((y, dy), planes) in pictures.zip(planes.chunks_exact_mut(outputs * side.channel())) {
            arch().dispatch(SplitGradient { side, y, dy, slope, planes, bias });
        }
        planes
    }
}

/// How the gradient of the weights is computed.
enum Learning {
    /// By plain sums.
    Plain,
    /// By outer products.
    Outer,
    /// By minimal filtering.
    Minimal(Way, Tiles),
}

impl Learning {
    fn new(job: &Job) -> Self {
        let way = way::weights(job.geometry, [job.inputs, job.outputs], job.height, job.width);
        // With vectors of 4 the fewest multiplications are the fastest.
        if outer_products::fits(job) && (way.is_none() || way::lanes() > 4) {
            return Self::Outer;
        }
        way.map_or(Self::Plain, |way| Self::Minimal(way, way.tiles(&Sides::forward(job.geometry, job.height, job.width))))
    }

    /// Returns the sums for each input and output channel.
    const fn points(&self, plan: &Plan) -> usize {
        match self {
            Self::Plain => plan.taps.len(),
            Self::Outer => plan.positions,
            Self::Minimal(way, _) => weight_filter::points(*way),
        }
    }
}

/// How the gradient of the input is computed.
enum Back {
    /// By plain sums, for blocks of input channels.
    Plain { phases: Vec<Phase>, blocks: Vec<Block> },
    /// By minimal filtering.
    Minimal(Minimal),
}

impl Back {
    fn new(job: &Job, plan: &Plan, weights: &[f32]) -> Self {
        let blocks = blocks(job.inputs, arch().dispatch(BlockWidth));
        match way::back(job.geometry, [job.inputs, job.outputs], job.height, job.width) {
            Some(way) => Self::Minimal(Minimal::new(way, job, weights, blocks)),
            None => Self::Plain { phases: backward(plan, weights, job.inputs, job.outputs, &blocks), blocks },
        }
    }
}

/// The gradient of the input by minimal filtering: itself a convolution, of the output's gradient.
struct Minimal {
    way: Way,
    tiles: Tiles,
    weights: Vec<f32>,
    blocks: Vec<Block>,
    /// Zeros.
    bias: Vec<f32>,
}

impl Minimal {
    fn new(way: Way, job: &Job, weights: &[f32], blocks: Vec<Block>) -> Self {
        let inputs = job.inputs;
        let back = |input: usize, output: usize| {
            let mut kernel = kernel(weights, output * inputs + input);
            // What an output sees right of itself is left of what it sees. The way back of a doubling knows that.
            if !job.geometry.double {
                kernel.reverse();
            }
            kernel
        };
        let weights = way.transform_weights(back, job.outputs, &blocks);
        Self { way, tiles: way.tiles(&Sides::back(job.geometry, job.height, job.width)), weights, blocks, bias: vec![0.0; inputs] }
    }

    /// Computes the gradients `dx` of pictures.
    fn run(&self, gradient: &OutputGradient<'_>, dx: &mut [f32]) {
        let Self { way, tiles, weights, blocks, bias } = self;
        let sources = gradient.job.outputs;
        let mut buffer = TILED.take();
        let planes = gradient.split(&tiles.input, &mut buffer, &mut vec![0.0; sources]);
        let (pictures, band) = (planes.len() / (sources * tiles.input.channel()), Band::whole(&tiles.output, dx));
        way.convolve(Convolve { tiles, pictures, planes, sources, weights, blocks, bias, slope: 1.0, band });
        TILED.set(buffer);
    }
}

/// [`planes::split_gradient`].
struct SplitGradient<'a> {
    side: &'a Side,
    y: &'a [f32],
    dy: &'a [f32],
    slope: f32,
    planes: &'a mut [f32],
    bias: &'a mut [f32],
}

impl WithSimd for SplitGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        planes::split_gradient(self.side, self.y, self.dy, self.slope, self.planes, self.bias);
    }
}
