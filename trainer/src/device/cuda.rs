//! NVIDIA cards: asks the driver's own library before burn does, because burn ends the process where there is none.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::path::PathBuf;

use libloading::Library;
use thiserror::Error;

/// The driver's library, by platform.
const DRIVER: &[&str] = if cfg!(windows) { &["nvcuda.dll"] } else { &["libcuda.so.1", "libcuda.so"] };
/// The library that compiles kernels, by platform; the newest version first.
const COMPILER: &[&str] = if cfg!(windows) {
    &["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
} else {
    &["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11"]
};
/// Where CUDA lies unless `CUDA_PATH` says otherwise.
const FOLDERS: &[&str] = &["/usr/local/cuda", "/opt/cuda", "C:/Program Files/NVIDIA GPU Computing Toolkit/CUDA"];
/// A header that kernels include.
const HEADER: &str = "include/cuda_fp16.h";

/// Why CUDA cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoCuda {
    /// No driver.
    #[error("this machine has no NVIDIA driver ({0} cannot be loaded)")]
    Driver(&'static str),
    /// A driver that does not start, or finds no card: its own number says why.
    #[error("the NVIDIA driver finds no card (error {0})")]
    Card(c_int),
    /// No card of that number.
    #[error("there is no card {wanted}: cards are numbered from 0, and this machine has {found}")]
    Number {
        /// The card that was asked for.
        wanted: usize,
        /// Cards of this machine.
        found: usize,
    },
    /// No compiler for kernels.
    #[error(
        "the NVIDIA driver is there, but NVRTC, which compiles the kernels, is not ({0} cannot be loaded): install CUDA's libraries, or add their folder to LD_LIBRARY_PATH"
    )]
    Compiler(&'static str),
    /// No headers for kernels.
    #[error("CUDA's headers, which the kernels include, are not there: set CUDA_PATH to the folder that holds {HEADER}")]
    Headers,
    /// The build cannot use CUDA.
    #[error("this build has no CUDA: build it with `--features trainer/cuda`")]
    Build,
}

/// Returns the names of the machine's cards, if everything that burn needs to use them is there.
///
/// # Errors
/// With what is missing.
pub fn cards() -> Result<Vec<String>, NoCuda> {
    let names = cards_of(DRIVER)?;
    if !cfg!(feature = "cuda") {
        return Err(NoCuda::Build);
    }
    load(COMPILER).ok_or(NoCuda::Compiler(COMPILER[0]))?;
    if !has_headers() {
        return Err(NoCuda::Headers);
    }
    Ok(names)
}

/// Fails, with what to do, unless the card of this number can be used.
///
/// # Errors
/// With what is missing.
pub fn expect_card(number: usize) -> Result<(), NoCuda> {
    let found = cards()?.len();
    if number < found { Ok(()) } else { Err(NoCuda::Number { wanted: number, found }) }
}

fn has_headers() -> bool {
    match std::env::var_os("CUDA_PATH") {
        Some(path) => PathBuf::from(path).join(HEADER).is_file(),
        None => FOLDERS.iter().any(|folder| PathBuf::from(folder).join(HEADER).is_file()) || PathBuf::from("/usr").join(HEADER).is_file(),
    }
}

#[expect(unsafe_code, reason = "a library is loaded by its name; NVIDIA's run no code of ours")]
fn load(names: &[&str]) -> Option<Library> {
    // SAFETY: these are NVIDIA's libraries, whose initialisation asks nothing of the program that loads them.
    names.iter().find_map(|name| unsafe { Library::new(*name) }.ok())
}

/// Asks a driver library of one of these names.
#[expect(unsafe_code, reason = "the driver has a C interface")]
fn cards_of(names: &[&'static str]) -> Result<Vec<String>, NoCuda> {
    let driver = load(names).ok_or(NoCuda::Driver(names[0]))?;
    let missing = |_| NoCuda::Driver(names[0]);
    let checked = |status: c_int| if status == 0 { Ok(()) } else { Err(NoCuda::Card(status)) };
    // SAFETY: types and order of calls are those of the CUDA driver's documentation; names are written into an array of the given length and
    // end in a zero.
    unsafe {
        let init = driver.get::<unsafe extern "C" fn(c_uint) -> c_int>(b"cuInit\0").map_err(missing)?;
        let count = driver.get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDeviceGetCount\0").map_err(missing)?;
        let name = driver.get::<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int>(b"cuDeviceGetName\0").map_err(missing)?;
        checked(init(0))?;
        let mut cards = 0;
        checked(count(&raw mut cards))?;
        let mut names = Vec::new();
        for card in 0..cards {
            let mut text: [c_char; 256] = [0; 256];
            // A card's number is its handle.
            checked(name(text.as_mut_ptr(), 255, card))?;
            names.push(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned());
        }
        if names.is_empty() { Err(NoCuda::Card(100)) } else { Ok(names) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_driver_is_an_error_that_names_it() {
        let error = cards_of(&["libthere-is-no-such-driver.so.1"]).unwrap_err();
        assert_eq!(error, NoCuda::Driver("libthere-is-no-such-driver.so.1"));
        assert!(error.to_string().contains("libthere-is-no-such-driver.so.1"), "{error}");
    }

    #[test]
    fn a_library_that_is_no_driver_is_refused() {
        // Every Linux machine has it, and it has none of the driver's functions.
        if cfg!(target_os = "linux") {
            assert_eq!(cards_of(&["libc.so.6"]).unwrap_err(), NoCuda::Driver("libc.so.6"));
        }
    }
}
