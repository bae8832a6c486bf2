//! Where to compute: `--device`, and what the machine has.

use std::fmt;

use anyhow::{Result, ensure};
use burn::tensor::{Device, DeviceKind, DeviceType};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A choice of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A hardware GPU if there is one, else flex
    Auto,
    /// NVIDIA, through CUDA (a build with `--features cuda`)
    Cuda,
    /// Any GPU, through Vulkan, Metal or DirectX; a software adapter if there is nothing else
    Wgpu,
    /// The processor
    Flex,
    /// The processor, with burn's older and far slower code
    Ndarray,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Backend::Auto => "auto",
            Backend::Cuda => "cuda",
            Backend::Wgpu => "wgpu",
            Backend::Flex => "flex",
            Backend::Ndarray => "ndarray",
        })
    }
}

/// The wgpu adapters of one kind, at most: more cards than that are not looked for.
const MOST_ADAPTERS: usize = 8;

/// A hardware adapter that wgpu reaches, discrete ones first; never a software one.
fn hardware_adapter() -> Option<DeviceKind> {
    let found = adapters();
    let wanted = (0..MOST_ADAPTERS)
        .map(DeviceKind::DiscreteGpu)
        .chain((0..MOST_ADAPTERS).map(DeviceKind::IntegratedGpu))
        .chain((0..MOST_ADAPTERS).map(DeviceKind::VirtualGpu));
    wanted.into_iter().find(|kind| found.contains(&Device::wgpu(kind.clone())))
}

fn adapters() -> Vec<Device> {
    Device::enumerate(DeviceType::Wgpu).into_vec()
}

impl Backend {
    /// The choice made: what `auto` means on this machine.
    ///
    /// # Errors
    /// If this build or this machine does not have it.
    pub fn resolve(self) -> Result<Self> {
        match self {
            Backend::Auto if hardware_adapter().is_some() => Ok(Backend::Wgpu),
            Backend::Auto => Ok(Backend::Flex),
            Backend::Wgpu => {
                ensure!(!adapters().is_empty(), "--device wgpu: no graphics driver that wgpu can use; try --device flex");
                Ok(self)
            }
            Backend::Cuda => {
                ensure!(cfg!(feature = "cuda"), "--device cuda: this build has no CUDA; build it with `--features cuda`");
                Ok(self)
            }
            Backend::Flex | Backend::Ndarray => Ok(self),
        }
    }

    /// Makes burn's own idea of a default device the same one. Without it burn puts a resumed optimizer's state on the first
    /// GPU it finds, whatever device trains.
    ///
    /// Call it before the program starts threads and before anything asks burn for a device.
    #[expect(unsafe_code, reason = "burn reads its default device from the environment and nowhere else")]
    pub fn make_default(self) {
        let name = match self {
            Backend::Auto | Backend::Flex => "flex",
            Backend::Cuda => "cuda",
            Backend::Wgpu => "wgpu",
            Backend::Ndarray => "ndarray",
        };
        // SAFETY: `main` calls this before it starts a thread. Threads of a graphics driver that `resolve` woke are idle.
        unsafe { std::env::set_var("BURN_DEVICE", name) };
    }

    /// The device of a resolved choice.
    pub fn open(self) -> Device {
        match self {
            Backend::Auto | Backend::Flex => Device::flex(),
            Backend::Wgpu => Device::wgpu(hardware_adapter().unwrap_or(DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(0),
            #[cfg(not(feature = "cuda"))]
            Backend::Cuda => unreachable!("`resolve` refuses cuda in a build without it"),
            // People ask for it by name; `--help` says that it is slow.
            #[expect(deprecated, reason = "burn 0.22 still has it, and 0.23 will not")]
            Backend::Ndarray => Device::ndarray(),
        }
    }
}

/// Gives wgpu on Linux the runtime folder that its libraries ask for, where none is named: without one they complain on
/// standard error, once for each adapter.
#[expect(unsafe_code, reason = "the libraries read it from the environment and nowhere else")]
pub fn prepare_environment() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: `main` calls this first thing, when the process has one thread.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir()) };
    }
}

/// Prints the devices that this build and this machine have, and which one `auto` takes.
///
/// # Errors
/// If `auto` cannot be resolved.
pub fn list() -> Result<()> {
    let auto = Backend::Auto.resolve()?;
    let mark = |backend| if backend == auto { "  <- auto" } else { "" };
    #[cfg(feature = "cuda")]
    for device in Device::enumerate(DeviceType::Cuda).into_vec() {
        println!("cuda     {device:?}");
    }
    #[cfg(not(feature = "cuda"))]
    println!("cuda     not in this build (cargo feature `cuda`)");
    let found = adapters();
    if found.is_empty() {
        println!("wgpu     no graphics driver found");
    }
    let hardware = hardware_adapter().map(Device::wgpu);
    for device in found {
        let name = device.identity().map_or_else(|| "unknown".to_owned(), |identity| identity.name);
        let auto = if Some(&device) == hardware.as_ref() { mark(Backend::Wgpu) } else { "" };
        println!("wgpu     {name} ({device:?}){auto}");
    }
    println!("flex     the processor{}", mark(Backend::Flex));
    println!("ndarray  the processor, far slower");
    Ok(())
}
