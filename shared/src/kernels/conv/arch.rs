//! Which vectors the processor has.

use pulp::Arch;

/// Returns the widest vectors of this processor. Where the variable `DEEPSIM_VECTORS` is 8, those of eight floats (AVX2) at most: so that a
/// processor with AVX-512 can show what one without it does.
pub(super) fn arch() -> Arch {
    #[cfg(target_arch = "x86_64")]
    {
        use std::sync::OnceLock;

        static ARCH: OnceLock<Arch> = OnceLock::new();
        *ARCH.get_or_init(|| {
            let narrow = std::env::var_os("DEEPSIM_VECTORS").is_some_and(|lanes| lanes == "8");
            pulp::x86::V3::try_new().filter(|_| narrow).map_or_else(Arch::new, Arch::V3)
        })
    }
    #[cfg(not(target_arch = "x86_64"))]
    Arch::new()
}
