//! Runs the command and reads what it says.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// The command under test, with a cache shared by all tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podhook"));
    command
        .env("PODHOOK_CACHE", scratch().join("cache"))
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A folder of the tests' own.
pub(crate) fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An example's hook, built.
pub(crate) fn built(example: &str) -> PathBuf {
    let folder = repository().join("examples").join(example);
    let done = podhook(["build", "--release", folder.to_str().unwrap()]);
    assert_eq!(done.status, 0, "{done:#?}");
    PathBuf::from(done.stdout.trim_end())
}

/// More than any command of the tests takes, builds of examples included.
const PATIENCE: Timespec = Timespec {
    tv_sec: 300,
    tv_nsec: 0,
};

/// Says why a test was skipped, past the test runner, which keeps to itself what
/// passing tests print. CI counts these lines.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The report on stdout, which has nothing else.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }
}

/// Runs the command to its end.
pub(crate) fn podhook<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Finished {
    finish(command().args(arguments))
}

/// Waits for the end of a command; one that does not end is killed, so that the
/// tests do.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let child = command.spawn().unwrap();
    let watchdog = watchdog(&child);
    let output = child.wait_with_output().unwrap();
    watchdog.join().unwrap();
    Finished {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// How a run is expected to end.
pub(crate) struct Expected<'e> {
    pub(crate) status: i32,
    pub(crate) outcome: &'e str,
    pub(crate) resource: Option<&'e str>,
    pub(crate) reason: Option<&'e str>,
    /// Words of the message.
    pub(crate) message: &'e str,
}

/// Runs a hook twice, for JSON and for text, and holds that both say the same;
/// returns the report.
pub(crate) fn expect(arguments: &[&str], expected: &Expected<'_>) -> Value {
    let json = podhook(["run", "-o", "json"].iter().chain(arguments));
    let report = json.report();
    assert_eq!(json.status, expected.status, "{json:#?}");
    assert_eq!(json.stderr, "", "{json:#?}");
    assert_eq!(report["outcome"], expected.outcome, "{report:#}");
    assert_eq!(report["exitCode"], expected.status, "{report:#}");
    assert_eq!(report["resource"].as_str(), expected.resource, "{report:#}");
    if expected.reason.is_some() {
        assert_eq!(report["reason"].as_str(), expected.reason, "{report:#}");
    }
    let text = podhook(["run"].iter().chain(arguments));
    assert_eq!(text.status, expected.status, "{text:#?}");
    if expected.status == 0 {
        assert_eq!(report["message"], Value::Null);
    } else {
        let message = report["message"].as_str().unwrap();
        assert!(message.contains(expected.message), "{message:?}");
        let last = text.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: "), "{text:#?}");
        assert!(last.contains(expected.outcome), "{text:#?}");
        assert!(last.contains(expected.message), "{text:#?}");
    }
    report
}

/// A run that succeeds; returns its report.
pub(crate) fn succeeds(arguments: &[&str]) -> Value {
    let expected = Expected {
        status: 0,
        outcome: "Succeeded",
        resource: None,
        reason: None,
        message: "",
    };
    expect(arguments, &expected)
}

/// A run that meets a limit.
pub(crate) fn exhausts(resource: &str, status: i32, arguments: &[&str]) -> Value {
    let expected = Expected {
        status,
        outcome: "Exhausted",
        resource: Some(resource),
        reason: None,
        message: "",
    };
    expect(arguments, &expected)
}

/// A run that ends in another way.
pub(crate) fn ends(outcome: &str, status: i32, message: &str, arguments: &[&str]) -> Value {
    let expected = Expected {
        status,
        outcome,
        resource: None,
        reason: None,
        message,
    };
    expect(arguments, &expected)
}

/// What the hook printed to stdout, without its last line break.
pub(crate) fn said(report: &Value) -> &str {
    report["stdout"].as_str().unwrap().trim_end()
}

/// Kills a process that does not end.
pub(crate) fn watchdog(child: &Child) -> JoinHandle<()> {
    let ended = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).unwrap();
    std::thread::spawn(move || {
        let mut fds = [PollFd::new(&ended, PollFlags::IN)];
        if poll(&mut fds, Some(&PATIENCE)).unwrap() == 0 {
            pidfd_send_signal(&ended, Signal::KILL).unwrap();
        }
    })
}

/// A process that ends with `status` when it gets QUIT. Until it has said that it is
/// ready, the signal would kill it.
pub(crate) fn quits_with(status: u8) -> Child {
    let script = format!("trap 'exit {status}' QUIT; echo ready; while :; do sleep 0.01; done");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    child
}
