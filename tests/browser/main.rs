//! The page in real headless browsers: Chromium, and a visit in Firefox.

#![recursion_limit = "256"]

mod depth;
mod dream;
mod enlarge;
mod experiments;
mod faults;
mod firefox;
mod generate;
mod lab;
mod lapgan;
mod memory;
mod numbers;
mod peers;
mod restyle;
mod security;
mod slow;
mod soak;
mod tours;
mod train;
mod visit;
