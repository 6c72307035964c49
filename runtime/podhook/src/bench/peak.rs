//! The most memory that a process had.
//!
//! What `wait4` says is no less than what the process had that started it, which is podhook:
//! so the process is stopped once, before it ends, and looked at.

use super::status::of_status;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::process::{Command, Stdio};

/// Waits to be looked at, and becomes the program.
const SCRIPT: &str = r#"kill -STOP $$; exec "$0" "$@""#;

/// Bytes; `None` where nobody may look. `command` is how the program would be started.
pub(super) fn peak(command: &Command) -> Option<u64> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", SCRIPT]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    let set = command.get_envs();
    shell.envs(set.filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = shell.stderr(Stdio::null()).spawn().ok()?;
    let pid = Pid::from_raw(i32::try_from(child.id()).ok()?);
    let peak = follow(pid);
    if peak.is_none() {
        let _ = child.kill();
    }
    let _ = child.wait();
    peak
}

fn follow(pid: Pid) -> Option<u64> {
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).ok()?;
    ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACEEXIT).ok()?;
    kill(pid, Signal::SIGCONT).ok()?;
    let mut peak = None;
    loop {
        match waitpid(pid, None).ok()? {
            WaitStatus::PtraceEvent(_, _, event) => {
                if event == ptrace::Event::PTRACE_EVENT_EXIT as i32 {
                    peak = of_status(pid.as_raw().cast_unsigned(), "VmHWM:");
                }
                ptrace::cont(pid, None).ok()?;
            }
            WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal).ok()?,
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return peak,
            WaitStatus::Continued(_) | WaitStatus::StillAlive | WaitStatus::PtraceSyscall(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_program_s_own() {
        // More than a shell takes, and less than the tests do.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "true"]);
        let small = peak(&command).unwrap();
        assert!((100 << 10..8 << 20).contains(&small), "{small}");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); exit 3"]);
        let large = peak(&command).unwrap();
        assert!(large > 20_000_000, "{large}");
    }
}
