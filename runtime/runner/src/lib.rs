//! One function from an invocation to a report.
//!
//! [`Runner::run`] is the whole of it: it finds the module's code, charges the
//! account, runs the sandbox and fills in the report. What a command line calls
//! grants ([`grammar`]) and what a report looks like outside ([`wire`]) live here
//! too, so that `podhook` and `podhook-exec` agree on them. This crate knows no
//! command line, no HTTP server and no Kubernetes API.

pub mod grammar;
mod runner;
mod state_dir;
pub mod wire;

pub use runner::{Runner, refuse_file};
pub use state_dir::StateDir;
