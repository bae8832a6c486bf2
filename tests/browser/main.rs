//! The page in real headless Chromium.

#![recursion_limit = "256"]

mod depth;
mod dream;
mod enlarge;
mod experiments;
mod generate;
mod lab;
mod lapgan;
mod numbers;
mod peers;
mod restyle;
mod train;
mod visit;
