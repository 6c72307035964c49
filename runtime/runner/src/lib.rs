//! One function from an invocation to a report.
//!
//! [`Runner::run`] is the whole of it: it finds the module's code, charges the
//! account, runs the sandbox and fills in the report. What a hook's options mean
//! ([`options`], [`grammar`]), whom it is charged to ([`hook_account`], [`seat`]), and
//! what a report looks like outside ([`wire`], [`report_line`]) live here too, so that
//! `podhook` and `podhook-exec` agree on them. This crate knows no clap, no HTTP server
//! and no Kubernetes API, and prints nothing.

pub mod bundle;
mod command_error;
pub mod downward;
pub mod grammar;
pub mod hook_account;
pub mod one_line;
pub mod options;
pub mod report_line;
mod runner;
pub mod seat;
mod state_dir;
pub mod wire;

pub use command_error::CommandError;
pub use runner::{Runner, refuse_file};
pub use state_dir::StateDir;
