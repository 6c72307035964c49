//! The container's main process, where signalling it is granted.
//!
//! Held by a pidfd: a process id that is reused meanwhile is never hit.

use podhook_lifecycle::SignalGrant;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What the grant came to.
pub(crate) enum Process {
    /// `--allow-signal` was not given.
    Denied,
    /// It was, but nobody knows which process to signal.
    Unknown,
    /// The process has ended before the hook began.
    Gone,
    /// A process to signal.
    Held(OwnedFd),
}

/// The grant cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSignalable {
    #[error("process {0} is podhook itself: a hook must not signal its own runner")]
    Ourselves(u32),
    #[error("process {0} may not be signalled: {1}")]
    Forbidden(u32, Errno),
    #[error("{0} is no process id")]
    NotAnId(u32),
}

impl Process {
    pub(crate) fn open(granted: SignalGrant) -> Result<Self, NotSignalable> {
        match granted {
            SignalGrant::Denied => Ok(Self::Denied),
            SignalGrant::Unknown => Ok(Self::Unknown),
            SignalGrant::Process(id) => Self::hold(id),
        }
    }

    fn hold(id: u32) -> Result<Self, NotSignalable> {
        let pid = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or(NotSignalable::NotAnId(id))?;
        if pid == rustix::process::getpid() {
            return Err(NotSignalable::Ourselves(id));
        }
        match rustix::process::test_kill_process(pid) {
            Err(Errno::SRCH) => return Ok(Self::Gone),
            Err(error) => return Err(NotSignalable::Forbidden(id, error)),
            Ok(()) => {}
        }
        match rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK) {
            Ok(fd) => Ok(Self::Held(fd)),
            Err(Errno::SRCH) => Ok(Self::Gone),
            Err(error) => Err(NotSignalable::Forbidden(id, error)),
        }
    }

    /// Sends a signal; false where the process has ended.
    pub(crate) fn signal(fd: &OwnedFd, signal: Signal) -> io::Result<bool> {
        if has_ended(fd)? {
            return Ok(false);
        }
        match rustix::process::pidfd_send_signal(fd, signal) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process has ended.
    #[expect(unsafe_code, reason = "tokio cannot see that the file stays open")]
    pub(crate) async fn ended(fd: &OwnedFd) -> io::Result<()> {
        // SAFETY: the pidfd is open and borrowed for as long as the registration
        // lives; nobody can close or replace it meanwhile.
        let fd = unsafe { AsyncFd::register_with_interest(fd.as_fd(), Interest::READABLE)? };
        fd.readable().await.map(|_| ())
    }
}

/// A process that has ended and was not yet waited for is still there to `kill(2)`;
/// its pidfd knows better.
pub(crate) fn has_ended(fd: &OwnedFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let now = rustix::event::Timespec::default();
    Ok(rustix::event::poll(&mut fds, Some(&now))? > 0)
}
