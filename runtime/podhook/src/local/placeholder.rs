//! What runs in place of an image that nothing is known of: sleeps until SIGTERM.
//!
//! podhook itself, hidden behind `podhook __placeholder`: a container needs no shell
//! for it. It leaves SIGTERM to the kernel, so that none can come too early.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getppid};
use rustix::process::{pidfd_open, set_parent_process_death_signal};
use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

const WORD: &str = "__placeholder";

/// Says that it is not to outlive who started it.
const ATTACHED: &str = "attached";

/// Its command, in a container that podhook started.
pub(crate) fn placeholder() -> Vec<String> {
    vec!["/proc/self/exe".to_owned(), WORD.to_owned()]
}

/// Sleeps and ends, where this process was started for that.
pub(super) fn enter() -> Option<ExitCode> {
    let mut words = env::args_os().skip(1);
    if words.next()? != WORD {
        return None;
    }
    if words.next().is_some_and(|word| word == ATTACHED) {
        let parent = getppid();
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        if getppid() != parent {
            return Some(ExitCode::FAILURE);
        }
    }
    loop {
        std::thread::park();
    }
}

/// One without a container, for hooks that signal: ends with who holds it.
pub(crate) struct Placeholder(Child);

impl Placeholder {
    /// Starts it; the thread that does so must outlive it.
    pub(crate) fn start() -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command.args([WORD, ATTACHED]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).spawn().map(Self)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The signal that ended it, now or within a time; `None` where it runs.
    pub(crate) fn ended_within(&mut self, patience: Duration) -> io::Result<Option<Signal>> {
        let process = Pid::from_child(&self.0);
        let process = pidfd_open(process, PidfdFlags::empty())?;
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        let mut waited = [PollFd::new(&process, PollFlags::IN)];
        poll(&mut waited, Some(&patience))?;
        let status = self.0.try_wait()?;
        Ok(status.and_then(|status| Signal::from_named_raw(status.signal()?)))
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
