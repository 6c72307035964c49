//! A run in a process of its own, so that it can sit in a container's cgroup, or be locked
//! in: what that process and the one that started it say to each other.
//!
//! The worker is podhook with the same words, its stdin a socket: on it comes the module,
//! for one that is locked in with its compiled code, and back go a word when the hook begins
//! and one when it is over. All else, output and report, the worker prints itself.

use crate::hook_source::HookSource;
use nix::sys::signal::SigSet;
use podhook_runner::CommandError;
use podhook_sandbox::{Compiler, InvalidModule, Module, Profile};
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
        // Not in the foreground of a terminal, which may stop such processes when they print.
        let mut stops = SigSet::empty();
        stops.add(nix::sys::signal::Signal::SIGTTOU);
        let _ = stops.thread_block();
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

    /// The module that is to run, and its code where it was compiled.
    pub(super) fn source(&self) -> Result<(HookSource, Code), CommandError> {
        let broken = |why: io::Error| CommandError::usage("--worker", why);
        let name = self.part().map_err(broken)?;
        let bytes = self.part().map_err(broken)?;
        let code = self.part().map_err(broken)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let source = HookSource {
            path: PathBuf::from(&name),
            name,
            bytes,
        };
        Ok((source, Code(code)))
    }

    fn part(&self) -> io::Result<Vec<u8>> {
        let mut socket = &self.socket;
        let mut length = [0; 8];
        socket.read_exact(&mut length)?;
        let mut part = Vec::new();
        socket
            .take(u64::from_le_bytes(length))
            .read_to_end(&mut part)?;
        Ok(part)
    }

    pub(super) fn begins(&self) {
        // Who does not listen is gone, and so are we soon.
        let _ = (&self.socket).write_all(&[BEGINS]);
    }

    pub(super) fn done(&self) {
        let _ = (&self.socket).write_all(&[DONE]);
    }
}

/// Code that was compiled by who started this process.
pub(super) struct Code(Vec<u8>);

impl Compiler for Code {
    fn compile(&self, _: &Module, _: Profile) -> Result<Vec<u8>, InvalidModule> {
        match self.0.is_empty() {
            true => Err(InvalidModule::NoCompiler("no code was given".to_owned())),
            false => Ok(self.0.clone()),
        }
    }
}

/// Hands a module over, and its code; the socket is closed for writing then.
pub(super) fn hand_over(
    mut socket: &UnixStream,
    name: &str,
    module: &[u8],
    code: &[u8],
) -> io::Result<()> {
    for part in [name.as_bytes(), module, code] {
        let length = u64::try_from(part.len()).map_err(io::Error::other)?;
        socket.write_all(&length.to_le_bytes())?;
        socket.write_all(part)?;
    }
    socket.shutdown(std::net::Shutdown::Write)
}
