//! The host of hooks, as the command `podhook` and as a library.
//!
//! An adapter turns a command line into an invocation and a report into output; all
//! that lies between is in the crates below. Adapters do not know each other.

mod adapter_file;
mod adapters;
mod bench;
mod cli;
mod compile_child;
mod config;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod hook_build;
mod hook_crate;
mod hook_project;
mod hook_source;
mod hook_test;
mod interrupt;
mod jail;
mod kubelet;
mod languages;
mod local;
mod options;
mod pod_file;
mod pod_lints;
mod precompile;
mod project;
mod rust_build;
mod server;
mod terminal;
mod whole_file;
mod written_options;

pub use cli::{Cli, run};

/// Where this process was started to be a container's shim, or to compile a module, it is
/// that, and has its exit status; to be asked before anything else, in a process of one
/// thread.
#[must_use]
pub fn enter() -> Option<std::process::ExitCode> {
    local::enter().or_else(compile_child::enter)
}
