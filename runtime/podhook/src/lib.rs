//! The host of hooks, as the command `podhook` and as a library.
//!
//! An adapter turns a command line into an invocation and a report into output; all
//! that lies between is in the crates below. Adapters do not know each other.

mod adapters;
mod cli;
mod config;
mod error;
mod hook_crate;
mod hook_source;
mod kubelet;
mod one_line;
mod options;
mod pod_file;
mod pod_lints;
mod terminal;

pub use cli::{Cli, run};
