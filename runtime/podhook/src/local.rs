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
mod placeholder;
mod processes;
mod program;
mod protocol;
mod shim;
mod sweep;
#[cfg(test)]
mod tests;
mod volume;

/// The code of what SIGKILL ended, as shells and runtimes have it.
pub(crate) const KILLED: i32 = 137;

pub(crate) use capture::OnLine;
#[cfg(test)]
use capture::Stream;
pub(crate) use container::{
    Command, ExecResult, Isolation, LocalContainer, OVER, Output, PATH, Surroundings,
};
pub(crate) use overlay::hide;
pub(crate) use placeholder::{Placeholder, placeholder};
pub(crate) use program::reason;
pub(crate) use volume::Volume;

/// What this process was started as, if it is to be a container's shim or what runs in
/// place of an unknown image. To be called first in `main`: before options are read, and
/// before there is a second thread.
pub(crate) fn enter() -> Option<std::process::ExitCode> {
    shim::enter().or_else(placeholder::enter)
}
