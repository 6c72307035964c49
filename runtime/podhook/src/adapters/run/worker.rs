//! A run in a process of its own, so that it can sit in a container's cgroup: what that
//! process and the one that started it say to each other.
//!
//! The worker is podhook with the same words, its stdin a socket: on it comes the module,
//! and back go a word when the hook begins and one when it is over. All else, output and
//! report, the worker prints itself.

use crate::hook_source::HookSource;
use podhook_runner::CommandError;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// The hook begins, and its deadline counts.
pub(super) const BEGINS: u8 = b'b';
/// The hook is over, and its report known.
pub(super) const DONE: u8 = b'd';

/// The worker's end.
pub(super) struct Link {
    socket: UnixStream,
}

impl Link {
    /// What this process has as stdin. It dies with who started it.
    pub(super) fn from_stdin() -> Result<Self, CommandError> {
        let broken = |why: io::Error| CommandError::usage("--worker", why);
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        let stdin = io::stdin();
        let is_socket = fcntl_getfl(&stdin).is_ok_and(|flags| flags.contains(OFlags::RDWR));
        if !is_socket {
            let why = "podhook starts workers itself";
            return Err(CommandError::usage("--worker", why));
        }
        let owned = stdin.as_fd().try_clone_to_owned().map_err(broken)?;
        Ok(Self {
            socket: UnixStream::from(owned),
        })
    }

    /// The module that is to run.
    pub(super) fn source(&self) -> Result<HookSource, CommandError> {
        let broken = |why: io::Error| CommandError::usage("--worker", why);
        let mut socket = &self.socket;
        let mut length = [0; 4];
        socket.read_exact(&mut length).map_err(broken)?;
        let mut name = Vec::new();
        let length = u64::from(u32::from_le_bytes(length));
        socket.take(length).read_to_end(&mut name).map_err(broken)?;
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).map_err(broken)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(HookSource {
            path: PathBuf::from(&name),
            name,
            bytes,
        })
    }

    pub(super) fn begins(&self) {
        // Who does not listen is gone, and so are we soon.
        let _ = (&self.socket).write_all(&[BEGINS]);
    }

    pub(super) fn done(&self) {
        let _ = (&self.socket).write_all(&[DONE]);
    }
}

/// Hands a module over; the socket is closed for writing then.
pub(super) fn hand_over(mut socket: &UnixStream, name: &str, module: &[u8]) -> io::Result<()> {
    let name = name.as_bytes();
    let length = u32::try_from(name.len()).map_err(io::Error::other)?;
    socket.write_all(&length.to_le_bytes())?;
    socket.write_all(name)?;
    socket.write_all(module)?;
    socket.shutdown(std::net::Shutdown::Write)
}
