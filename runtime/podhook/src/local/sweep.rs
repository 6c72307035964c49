//! Ends everything below a process, however it hides, and waits for it.
//!
//! The shim is a subreaper: what loses its parent becomes the shim's child. So when the
//! shim has no children left, nothing is left. Knows no containers.

use crate::local::processes::{Process, all, below};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgrp, getpid, kill_process, kill_process_group, wait,
};
use std::collections::HashSet;
use std::thread::sleep;
use std::time::Duration;

/// A killed process needs a moment to be gone.
const PAUSE: Duration = Duration::from_micros(500);

/// Rounds in which nothing could be killed before giving up: what is left belongs to
/// another user (a set-user-ID program under a podhook that is not root).
const IDLE_ROUNDS: u32 = 200;

/// Kills all below this process until there is nothing; tells who died with which code.
///
/// The `groups` that are known go first: in a crowd that keeps forking, a look at `/proc`
/// takes long, and to a group the kernel's signal is one act that no fork outruns.
pub(super) fn sweep(groups: impl IntoIterator<Item = Pid>, mut died: impl FnMut(Pid, i32)) {
    for group in groups {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let mut idle = 0;
    while reap(&mut died) && idle < IDLE_ROUNDS {
        let struck = strike(&below(getpid(), &all()));
        idle = if struck { 0 } else { idle + 1 };
        sleep(PAUSE);
    }
}

/// Waits for the children that have died; whether there are others.
pub(super) fn reap(mut died: impl FnMut(Pid, i32)) -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => died(pid, exit_code(status)),
            Ok(None) => return true,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Kills what a shim left that was itself killed: all of its session. To be called while
/// the shim is not yet waited for, so that the number is still its own.
pub(super) fn end_session(session: Pid) {
    let session = session.as_raw_nonzero().get();
    for _ in 0..IDLE_ROUNDS {
        let mut members = all();
        members.retain(|process| process.session == session && !process.dead);
        if !strike(&members) {
            return;
        }
        sleep(PAUSE);
    }
}

/// Whether anything alive was killed. Groups first, as in [`sweep`].
fn strike(processes: &[Process]) -> bool {
    let own = getpgrp();
    let groups: HashSet<_> = processes.iter().map(|process| process.group).collect();
    let others = groups.into_iter().filter_map(Pid::from_raw);
    for group in others.filter(|group| *group != own) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let mut struck = false;
    for process in processes {
        struck |= kill_process(process.pid, Signal::KILL).is_ok() && !process.dead;
    }
    struck
}

/// As a shell and a container runtime have it: 128 and the signal.
fn exit_code(status: WaitStatus) -> i32 {
    let by_signal = status.terminating_signal().map(|signal| 128 + signal);
    status.exit_status().or(by_signal).unwrap_or(128)
}
