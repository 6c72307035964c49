//! Containers as processes of this machine: the only place that starts any.
//!
//! podhook runs itself once more for each container, as a small process (the shim)
//! that starts the container's main process and its hooks, and ends when they do.
//! What podhook holds of it is a socket; when that closes, for whatever reason, the
//! shim kills all that is below it. So nothing outlives podhook, not even where it is
//! killed. Knows of commands, output and exit codes; not of pods, hooks, probes, grace
//! periods or restarts.

mod capture;
mod connection;
mod container;
mod mounts;
mod overlay;
mod processes;
mod program;
mod protocol;
mod shim;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use capture::{OnLine, Stream};
pub(crate) use container::{Command, ExecResult, Isolation, LocalContainer, Output, Surroundings};
pub(crate) use shim::enter;
