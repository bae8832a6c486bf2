//! What `cargo xtask` is made of. The tests use [`serve`] and [`site`] too.

pub mod announce;
pub mod bench;
pub mod cuda;
pub mod lighthouse;
pub mod peers;
mod photographs;
pub mod results;
pub mod sanitize;
pub mod serve;
pub mod setup;
pub mod site;
pub mod test;
pub mod wasm;
pub mod web;
