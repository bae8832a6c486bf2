//! The positions that a convolution reads and writes: taps between planes.
//!
//! A picture's pixels are laid out in *planes*, zero-padded, rows one *pitch* apart. Then the same *tap* of the kernel, for every
//! output pixel, is one constant distance in memory, and a convolution is a sum over taps of shifted planes: no im2col. A stride
//! `s` splits the input into `s x s` *phases* (every s-th row and column), a nearest x2 before the kernel splits the output
//! into 2x2 phases; either way each tap joins one input phase with one output phase.

/// A square convolution, as in `torch.nn.Conv2d`, with an optional nearest-neighbour doubling of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs, in input pixels.
    pub stride: usize,
    /// Zeros on every side of the input.
    pub padding: usize,
    /// Repeat each input pixel 2x2 first. Only with kernel 3, stride 1, padding 1.
    pub double: bool,
}

impl Geometry {
    /// Creates the geometry of a convolution with stride 1, without doubling.
    pub const fn new(kernel: usize, padding: usize) -> Self {
        Self { kernel, stride: 1, padding, double: false }
    }

    /// Returns the same geometry with another stride.
    pub const fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Returns the geometry of a 3x3 convolution over an input doubled by nearest neighbour: side to 2 side.
    pub const fn doubling() -> Self {
        Self { double: true, ..Self::new(3, 1) }
    }

    /// Returns the side of the output for an input of this side, in pixels. The kernel must fit into the padded input.
    pub const fn output(self, side: usize) -> usize {
        let side = if self.double { 2 * side } else { side };
        (side + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// How one side's pixels lie in planes: pixel (y, x) is in phase ((y + shift) % step, (x + shift) % step), at row
/// (y + shift) / step + margin and the same for columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) step: usize,
    pub(super) shift: usize,
    pub(super) margin: usize,
    /// Floats from one row to the next. Columns past its end are the next row's margin, which is zero too.
    pub(super) pitch: usize,
    /// Floats from one plane to the next, zeros at the end included.
    pub(super) plane: usize,
}

impl Side {
    pub(super) const fn phases(&self) -> usize {
        self.step * self.step
    }

    /// Floats of one channel's planes.
    pub(super) const fn channel(&self) -> usize {
        self.phases() * self.plane
    }

    /// Returns pixels of one channel.
    pub(super) const fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Returns the first pixel of a phase along one axis, how many there are, and the row (or column) of the first, without margin.
    pub(super) const fn axis(&self, phase: usize, size: usize) -> (usize, usize, usize) {
        let first = (phase + self.step - self.shift % self.step) % self.step;
        let count = if first < size { (size - first).div_ceil(self.step) } else { 0 };
        (first, count, (first + self.shift) / self.step)
    }

    /// Returns whether the tensor's own memory is its planes already.
    pub(super) const fn is_dense(&self) -> bool {
        self.step == 1 && self.margin == 0 && self.shift == 0 && self.pitch == self.width
    }
}

/// One kernel position (or several that fall on the same pixel after doubling): output (r, c) of phase `output` reads input
/// (r + dy, c + dx) of phase `input`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tap {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) dy: usize,
    pub(super) dx: usize,
    /// Indices into the kernel, row by row; their weights add up.
    pub(super) kernel: Vec<usize>,
}

/// A convolution of one size of picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) input: Side,
    pub(super) output: Side,
    pub(super) taps: Vec<Tap>,
    /// Kernel positions, kernel x kernel.
    pub(super) positions: usize,
}

impl Plan {
    /// Plans a convolution of inputs of this height and width.
    pub(super) fn new(geometry: Geometry, height: usize, width: usize) -> Self {
        let Geometry { kernel, stride, padding, double } = geometry;
        let taps = if double { doubled_taps() } else { taps(kernel, stride) };
        let step = if double { 2 } else { 1 };
        // At stride 1 the padding right of a row is the padding left of the next.
        let pitch = if stride == 1 { width + padding } else { (width + 2 * padding).div_ceil(stride) };
        let rows = (height + 2 * padding).div_ceil(stride) + 1;
        let input = Side { height, width, step: stride, shift: padding, margin: 0, pitch, plane: plane(rows, pitch) };
        let margin = taps.iter().map(|tap| margin(tap, &input)).max().unwrap_or(0);
        let (output_height, output_width) = (geometry.output(height), geometry.output(width));
        let output = Side {
            height: output_height,
            width: output_width,
            step,
            shift: 0,
            margin,
            pitch,
            plane: plane(rows.max(output_height.div_ceil(step)) + 2 * margin, pitch),
        };
        Self { input, output, taps, positions: kernel * kernel }
    }
}

/// Returns the length of a plane. Whole vectors may read a little past its end: zeros are there.
pub(super) const fn plane(rows: usize, pitch: usize) -> usize {
    (rows * pitch + 16).next_multiple_of(16)
}

/// Returns how far a tap reaches before the output's first row when it is followed backwards from the input's first pixel.
fn margin(tap: &Tap, input: &Side) -> usize {
    let (_, _, row) = input.axis(tap.input / input.step, input.height);
    let (_, _, column) = input.axis(tap.input % input.step, input.width);
    tap.dy.saturating_sub(row).max(tap.dx.saturating_sub(column))
}

fn taps(kernel: usize, stride: usize) -> Vec<Tap> {
    let tap = |at: usize| {
        let (y, x) = (at / kernel, at % kernel);
        Tap { input: y % stride * stride + x % stride, output: 0, dy: y / stride, dx: x / stride, kernel: vec![at] }
    };
    (0..kernel * kernel).map(tap).collect()
}

/// Returns the taps after a doubling. The three rows that an output sees are only two different ones: rows -1, 0, 0 for an even output, 0,
/// 0, 1 for an odd one. Four taps an output in place of nine.
fn doubled_taps() -> Vec<Tap> {
    let mut taps = Vec::new();
    for phase in 0..4 {
        for at in 0..4 {
            let seen = |odd: usize, near: usize| match (odd, near) {
                (0, 0) => 0..1,
                (0, _) => 1..3,
                (_, 0) => 0..2,
                _ => 2..3,
            };
            let (dy, dx) = (at / 2, at % 2);
            let rows = seen(phase / 2, dy);
            let columns = seen(phase % 2, dx);
            let kernel = rows.flat_map(|y| columns.clone().map(move |x| y * 3 + x)).collect();
            // Row 0 of the planes is the padding, pixel -1.
            taps.push(Tap { input: 0, output: phase, dy: dy + phase / 2, dx: dx + phase % 2, kernel });
        }
    }
    taps
}
