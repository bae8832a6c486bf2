//! The command line, the examples and the repository's documents, tested as a person uses them. One binary: linking each test apart would take
//! longer than running it.

#![recursion_limit = "256"]

mod bad_input;
mod classify;
mod command_line;
mod documents;
mod enlarge;
mod examples;
mod generation;
mod kit;
mod lapgan;
mod measuring;
mod resume;
mod shards;
mod style;
