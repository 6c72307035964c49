//! Told to stop, whatever the hook does just then.

use super::{adapter, compiled};
use crate::cancel::ends_cancelled;
use crate::podhook::watchdog;
use podhook_test_guests::{lifecycle, wasip1, wat};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::Child;

/// Waits until the process handles SIGTERM and uses CPU time, or sleeps.
fn await_handler(child: &Child) {
    let status = Path::new("/proc")
        .join(child.id().to_string())
        .join("status");
    loop {
        let text = std::fs::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        // SIGALRM is taken last.
        if caught & (1 << 13) != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

fn is_cancelled(signal: Signal, status: i32, arguments: &[&str]) {
    let child = adapter(&[&["-o", "json"], arguments].concat())
        .spawn()
        .unwrap();
    await_handler(&child);
    ends_cancelled(child, signal, status);
}

#[test]
fn while_it_computes() {
    let spin = compiled(wat::SPIN, &[]);
    for _ in 0..5 {
        is_cancelled(Signal::TERM, 143, &[&spin]);
        is_cancelled(Signal::INT, 130, &["--timeout", "1h", &spin]);
    }
}

#[test]
fn while_it_waits() {
    let sleep = compiled(wat::SLEEP, &[]);
    let answers = compiled(lifecycle::ANSWERS, &[]);
    for _ in 0..5 {
        is_cancelled(Signal::TERM, 143, &[&sleep]);
        let words = ["--phase", "post-start", &answers, "--", "sleep"];
        is_cancelled(Signal::INT, 130, &words);
    }
}

/// In a process without another thread nobody can make `open(2)` return, nor report.
#[test]
fn while_it_is_stuck_in_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, 0o600.into(), 0).unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let files = compiled(wasip1::FILES, &[]);
    let read = ["--dir", &grant, &files, "--", "read", "/data/fifo"];
    let mut child = adapter(&read).spawn().unwrap();
    let watchdog = watchdog(&child);
    await_handler(&child);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    watchdog.join().unwrap();
    // With a deadline there is somebody who reports.
    is_cancelled(
        Signal::TERM,
        143,
        &[&["--timeout", "1h"], &read[..]].concat(),
    );
}
