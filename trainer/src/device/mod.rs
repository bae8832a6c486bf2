//! Where to compute: `--device`, and what the machine has.

pub mod cuda;
pub mod memory;

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, DeviceKind, DeviceType};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A choice of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Backend {
    /// CUDA where the build has it and a card answers, else a hardware GPU of wgpu, else flex.
    Auto,
    /// The NVIDIA card of this number, through CUDA (a build with `--features trainer/cuda`).
    Cuda(usize),
    /// The GPU of this number, through Vulkan, Metal or DirectX, hardware first. Without a number the first hardware GPU, or else a software
    /// adapter.
    Wgpu(Option<usize>),
    /// The processor.
    Flex,
    /// The processor, with burn's older and far slower code.
    Ndarray,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Cuda(0) => f.pad("cuda"),
            Self::Cuda(number) => f.pad(&format!("cuda:{number}")),
            Self::Wgpu(None) => f.pad("wgpu"),
            Self::Wgpu(Some(number)) => f.pad(&format!("wgpu:{number}")),
            Self::Flex => f.pad("flex"),
            Self::Ndarray => f.pad("ndarray"),
        }
    }
}

/// A word that names no device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("choose auto, cuda, wgpu, flex or ndarray; cuda:1 or wgpu:1 for another card than the first")]
pub struct UnknownDevice;

impl FromStr for Backend {
    type Err = UnknownDevice;

    fn from_str(word: &str) -> Result<Self, UnknownDevice> {
        let (name, number) = match word.split_once(':') {
            Some((name, number)) => (name, Some(number.parse().map_err(|_| UnknownDevice)?)),
            None => (word, None),
        };
        match (name, number) {
            ("auto", None) => Ok(Self::Auto),
            ("cuda", number) => Ok(Self::Cuda(number.unwrap_or(0))),
            ("wgpu", number) => Ok(Self::Wgpu(number)),
            ("flex", None) => Ok(Self::Flex),
            ("ndarray", None) => Ok(Self::Ndarray),
            _ => Err(UnknownDevice),
        }
    }
}

impl TryFrom<String> for Backend {
    type Error = UnknownDevice;

    fn try_from(word: String) -> Result<Self, UnknownDevice> {
        word.parse()
    }
}

impl From<Backend> for String {
    fn from(backend: Backend) -> Self {
        backend.to_string()
    }
}

/// The wgpu adapters of one kind, at most: more cards than that are not looked for.
const MOST_ADAPTERS: usize = 8;

/// An adapter that wgpu reaches.
pub struct Adapter {
    /// What burn calls it.
    pub kind: DeviceKind,
    /// Whether it is a card and not software.
    pub hardware: bool,
}

/// Returns the adapters that wgpu reaches: discrete, integrated and virtual ones, then those in software.
pub fn adapters() -> Vec<Adapter> {
    let found = Device::enumerate(DeviceType::Wgpu).into_vec();
    let hardware = (0..MOST_ADAPTERS)
        .map(DeviceKind::DiscreteGpu)
        .chain((0..MOST_ADAPTERS).map(DeviceKind::IntegratedGpu))
        .chain((0..MOST_ADAPTERS).map(DeviceKind::VirtualGpu));
    let mut adapters: Vec<_> =
        hardware.filter(|kind| found.contains(&Device::wgpu(kind.clone()))).map(|kind| Adapter { kind, hardware: true }).collect();
    if found.len() > adapters.len() {
        let software = if found.contains(&Device::wgpu(DeviceKind::Cpu)) { DeviceKind::Cpu } else { DeviceKind::DefaultDevice };
        adapters.push(Adapter { kind: software, hardware: false });
    }
    adapters
}

impl Backend {
    /// Resolves `auto` and checks that this build and this machine have the device.
    ///
    /// # Errors
    /// If this build or this machine does not have it.
    pub fn resolve(self) -> Result<Self> {
        match self {
            Self::Auto if cuda::cards().is_ok() => Ok(Self::Cuda(0)),
            Self::Auto if adapters().iter().any(|adapter| adapter.hardware) => Ok(Self::Wgpu(None)),
            Self::Auto => Ok(Self::Flex),
            Self::Wgpu(number) => {
                let found = adapters().len();
                ensure!(found > 0, "--device wgpu: no graphics driver that wgpu can use; try --device flex");
                let wanted = number.unwrap_or(0);
                ensure!(wanted < found, "--device wgpu:{wanted}: adapters are numbered from 0, and this machine has {found}");
                Ok(self)
            }
            Self::Cuda(number) => {
                cuda::expect_card(number).with_context(|| format!("--device {self}"))?;
                Ok(self)
            }
            Self::Ndarray => {
                ensure!(cfg!(feature = "ndarray"), "--device ndarray: this build lacks it; build with the feature trainer/ndarray");
                Ok(self)
            }
            Self::Flex => Ok(self),
        }
    }

    /// Makes burn's own idea of a default device the same one. Without it burn puts a resumed optimizer's state on the first
    /// GPU it finds, whatever device trains.
    ///
    /// Call it before the program starts threads and before anything asks burn for a device.
    #[expect(unsafe_code, reason = "burn reads its default device from the environment and nowhere else")]
    pub fn make_default(self) {
        let name = match self {
            Self::Auto | Self::Flex => "flex",
            Self::Cuda(_) => "cuda",
            Self::Wgpu(_) => "wgpu",
            Self::Ndarray => "ndarray",
        };
        // SAFETY: `main` calls this before it starts a thread. Threads of a graphics driver that `resolve` woke are idle.
        unsafe { std::env::set_var("BURN_DEVICE", name) };
    }

    /// Opens the device of a resolved choice.
    pub fn open(self) -> Device {
        match self {
            Self::Auto | Self::Flex => Device::flex(),
            Self::Wgpu(number) => {
                let adapter = adapters().into_iter().nth(number.unwrap_or(0));
                Device::wgpu(adapter.map_or(DeviceKind::DefaultDevice, |adapter| adapter.kind))
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => Device::cuda(number),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => unreachable!("`resolve` refuses cuda in a build without it"),
            #[cfg(not(feature = "ndarray"))]
            Self::Ndarray => unreachable!("`resolve` refuses ndarray in a build without it"),
            // People ask for it by name; `--help` says that it is slow.
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "burn 0.22 still has it, and 0.23 will not")]
            Self::Ndarray => Device::ndarray(),
        }
    }
}

/// Prepares what GPUs ask for before they are used: the runtime folder of wgpu's libraries on Linux, without which they complain on standard
/// error, once for each adapter; and the place of the tuning cache.
#[expect(unsafe_code, reason = "the libraries read it from the environment and nowhere else")]
pub fn prepare_environment() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: `main` calls this first thing, when the process has one thread.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir()) };
    }
    #[cfg(feature = "gpu")]
    keep_tuning();
}

/// Keeps what autotune finds for later runs in the user's cache folder (`~/.cache/cubecl` on Linux), whatever folder the trainer is started
/// in; `DEEPSIM_TUNING` names another one.
#[cfg(feature = "gpu")]
fn keep_tuning() {
    use cubecl::config::cache::CacheConfig;
    use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

    let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
    config.environment.path = std::env::var_os("DEEPSIM_TUNING").map_or(CacheConfig::Global, |path| CacheConfig::Directory(path.into()));
    // A second call in one process changes nothing.
    CubeClRuntimeConfig::try_set(config);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_read_back() {
        for (word, backend) in [
            ("auto", Backend::Auto),
            ("cuda", Backend::Cuda(0)),
            ("cuda:1", Backend::Cuda(1)),
            ("wgpu", Backend::Wgpu(None)),
            ("wgpu:0", Backend::Wgpu(Some(0))),
            ("flex", Backend::Flex),
            ("ndarray", Backend::Ndarray),
        ] {
            assert_eq!((word.parse(), backend.to_string().as_str()), (Ok(backend), word));
        }
        for word in ["", "gpu", "flex:1", "cuda:", "cuda:-1", "wgpu:first"] {
            assert_eq!(word.parse::<Backend>(), Err(UnknownDevice), "{word}");
        }
    }
}
