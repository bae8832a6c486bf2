//! The items of cubecl-llvm 0.11.3 that cubecl-cuda names, without LLVM behind them. [`PlironCompiler`] refuses every kernel; with the feature
//! `cpp` cubecl-cuda compiles kernels as CUDA C++ and never asks it. See Cargo.toml.

use std::ffi::c_char;
use std::fmt;

use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_environment::backtrace::BackTrace;
use cubecl_runtime::compiler::{CompilationError, Compiler};
use cubecl_runtime::kernel::BufferIOAttr;
use nvptx::ptx_version::PtxVersion;

/// The kind of processor that kernels are compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LlvmTarget {
    /// The host's processor.
    #[default]
    Cpu,
    /// NVIDIA cards.
    Nvptx,
}

/// Options of the compiler, which nothing here reads.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// The host's architecture.
    pub arch: Option<()>,
    /// The card's architecture.
    pub sm_arch: Option<SmArch>,
    /// The version of PTX to emit.
    pub ptx_version: Option<PtxVersion>,
    /// Whether parameters are grid constants.
    pub grid_constants: bool,
}

/// A compiled kernel. None is ever made.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// PTX source, ended by a zero.
    pub ptx: Vec<c_char>,
    /// The name of the kernel's entry.
    pub entrypoint: String,
    /// The intermediate representation, for logs.
    pub ir: String,
    /// Bytes of shared memory.
    pub shared_memory_size: usize,
    /// Which buffers are read and which written.
    pub io: Vec<BufferIOAttr>,
}

/// The result of a compilation. There is none.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// Code for the host.
    Jit,
    /// Code for an NVIDIA card.
    NvptxCode(NvptxModule),
}

impl fmt::Display for PlironArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("compiled without LLVM")
    }
}

/// A compiler that refuses every kernel.
#[derive(Clone, Debug, Default)]
pub struct PlironCompiler {
    /// What it would compile for.
    pub target: LlvmTarget,
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    fn compile(&mut self, _: KernelDefinition, _: &PlironOptions) -> Result<PlironArtifact, CompilationError> {
        Err(CompilationError::Generic {
            reason: "this build has no LLVM; enable the feature `cpp` of cubecl-cuda".to_owned(),
            backtrace: BackTrace::capture(),
        })
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}

/// NVIDIA's PTX.
pub mod nvptx {
    /// Its versions.
    pub mod ptx_version {
        use std::fmt;

        /// A version of PTX.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct PtxVersion(i32);

        impl PtxVersion {
            /// Returns none: NVRTC chooses the version itself.
            #[must_use]
            pub fn for_driver(_: i32) -> Option<Self> {
                None
            }
        }

        impl fmt::Display for PtxVersion {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ptx{}", self.0)
            }
        }
    }
}

/// What the targets have in common.
pub mod shared {
    /// Features of devices that LLVM's compiler does not lower.
    pub mod lowered_features {
        use cubecl_core::ir::DeviceProperties;

        /// A target whose features may be restricted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GpuTarget {
            /// NVIDIA cards.
            Nvptx,
        }

        /// Leaves the features as they are: CUDA C++ lowers all of them.
        pub fn restrict_features(_: &mut DeviceProperties, _: GpuTarget) {}
    }
}
