//! `trainer devices`: what `--device` can choose from.

use anyhow::Result;
use burn::tensor::Device;

use crate::device::{Adapter, Backend, adapters, cuda};

/// Prints the devices that this build and this machine have, and which one `auto` takes.
///
/// # Errors
/// If `auto` cannot be resolved.
pub fn list() -> Result<()> {
    let auto = Backend::Auto.resolve()?;
    let mark = |backend| if backend == auto { "  <- auto" } else { "" };
    match cuda::cards() {
        Ok(names) => {
            for (number, name) in names.into_iter().enumerate() {
                println!("cuda:{number}   {name}{}", mark(Backend::Cuda(number)));
            }
        }
        Err(reason) => println!("cuda     absent: {reason}"),
    }
    let found = adapters();
    if found.is_empty() {
        println!("wgpu     absent: no graphics driver found");
    }
    for (number, Adapter { kind, hardware }) in found.into_iter().enumerate() {
        let name = Device::wgpu(kind.clone()).identity().map_or_else(|| "unknown".to_owned(), |identity| identity.name);
        let software = if hardware { "" } else { ", in software" };
        let auto = if number == 0 { mark(Backend::Wgpu(None)) } else { "" };
        println!("wgpu:{number}   {name} ({kind:?}{software}){auto}");
    }
    println!("flex     the processor{}", mark(Backend::Flex));
    if cfg!(feature = "ndarray") {
        println!("ndarray  the processor, far slower");
    }
    Ok(())
}
