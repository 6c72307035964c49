//! podhook is told to stop, in each state a hook can be in.

use crate::podhook::{command, watchdog};
use podhook_test_guests::{lifecycle, wasip1, wat};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

/// Starts a hook; returns once its guest runs, which it says itself through the
/// file system, or the host through its log.
fn start(arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = command()
        .args(["run", "-o", "json"])
        .args(arguments)
        .env("RUST_LOG", "podhook_sandbox=debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("the guest is called") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    (child, stderr)
}

fn is_cancelled(signal: Signal, status: i32, arguments: &[&str]) {
    let (child, _stderr) = start(arguments);
    ends_cancelled(child, signal, status);
}

/// Sends `signal`; the process prints that its hook was cancelled, and ends with `status`.
pub(crate) fn ends_cancelled(mut child: Child, signal: Signal, status: i32) {
    let watchdog = watchdog(&child);
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut stdout = String::new();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(status), "{stdout}");
    watchdog.join().unwrap();
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["outcome"], "Cancelled", "{report:#}");
    assert_eq!(report["exitCode"], status);
}

#[test]
fn while_it_computes() {
    is_cancelled(Signal::INT, 130, &[wat::SPIN]);
    is_cancelled(Signal::TERM, 143, &["--timeout", "0", wat::SPIN]);
}

#[test]
fn while_it_waits() {
    is_cancelled(Signal::INT, 130, &["--timeout", "0", wat::SLEEP]);
    let answers = ["--phase", "post-start", lifecycle::ANSWERS, "--", "sleep"];
    is_cancelled(Signal::TERM, 143, &answers);
}

/// A FIFO without writer: `open(2)` blocks, and nothing can make it return.
#[test]
fn while_it_is_stuck_in_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, 0o600.into(), 0).unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let read = ["--dir", &grant, wasip1::FILES, "--", "read", "/data/fifo"];
    is_cancelled(Signal::TERM, 143, &read);
    crate::podhook::exhausts("time", 124, &[&["--timeout", "200ms"], &read[..]].concat());
}
