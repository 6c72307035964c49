//! podhook is told to stop, or killed: what it started never outlives it.

use super::{PodFile, UNTIL_TERM, exec, hooked};
use crate::podhook::watchdog;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::thread::JoinHandle;

/// A run in text, up to the line that says that all is up.
struct Run {
    podhook: Child,
    stdout: BufReader<ChildStdout>,
    watchdog: JoinHandle<()>,
    _pod: PodFile,
}

impl Run {
    fn until(pod: PodFile, word: &str) -> (Self, String) {
        let mut podhook = pod.command(&["--native-exec"]).spawn().unwrap();
        let stdout = BufReader::new(podhook.stdout.take().unwrap());
        let watchdog = watchdog(&podhook);
        let mut run = Self {
            podhook,
            stdout,
            watchdog,
            _pod: pod,
        };
        let line = run.line_with(word);
        (run, line)
    }

    fn line_with(&mut self, word: &str) -> String {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "no {word}");
        }
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.podhook), signal).unwrap();
    }

    /// Status, and the rest of what it printed.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let status = self.podhook.wait().unwrap().code();
        self.watchdog.join().unwrap();
        (status, rest)
    }
}

/// The machine's own number of a container's process.
fn pid(line: &str) -> Pid {
    let number = line.trim_end().rsplit(' ').next().unwrap();
    Pid::from_raw(number.parse().unwrap()).unwrap()
}

/// A process that is gone, or will be before the watchdog wakes.
fn wait_until_gone(pid: Pid) {
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    while test_kill_process(pid).is_ok() && Path::new(&stat).exists() {
        let state = std::fs::read_to_string(&stat).unwrap_or_default();
        if state.contains(") Z ") {
            return;
        }
        std::thread::yield_now();
    }
}

/// Says its number, and does not mind SIGTERM.
const STUBBORN: &str = "trap '' TERM INT; echo my number is $$; while :; do sleep 0.02; done";

fn stubborn(lifecycle: &Value) -> PodFile {
    PodFile::of(&hooked(STUBBORN, lifecycle))
}

#[test]
fn a_signal_deletes_the_pod() {
    for signal in [Signal::INT, Signal::TERM] {
        let pod = PodFile::of(&hooked(
            UNTIL_TERM,
            &json!({"preStop": exec(&["echo", "bye"])}),
        ));
        let (run, _) = Run::until(pod, "Status   Running");
        run.signal(signal);
        let (status, rest) = run.end();
        assert_eq!(status, Some(0), "{rest}");
        for word in [
            "Killing: Stopping container c",
            "stdout: bye",
            "c exits 143",
        ] {
            let word = word.replace("c exits", "c                        exits");
            assert!(rest.contains(&word), "{word} in {rest}");
        }
    }
}

/// The second deletes with grace 0, which a kubelet that is killing already does not
/// heed; the third ends all.
#[test]
fn the_third_signal_ends_everything_at_once() {
    let (mut run, line) = Run::until(stubborn(&json!({})), "my number is");
    let main = pid(&line);
    run.signal(Signal::INT);
    run.line_with("gets SIGTERM");
    // Two of a kind may arrive as one; of these, either may come first.
    run.signal(Signal::INT);
    run.signal(Signal::TERM);
    let (status, rest) = run.end();
    assert!(matches!(status, Some(130 | 143)), "{status:?} {rest}");
    wait_until_gone(main);
}

#[test]
fn nothing_outlives_podhook_that_is_killed() {
    let pod = stubborn(&json!({"postStart": exec(&["sh", "-c", STUBBORN])}));
    let (run, line) = Run::until(pod, "my number is");
    let main = pid(&line);
    run.signal(Signal::KILL);
    let (status, _) = run.end();
    assert_eq!(status, None);
    wait_until_gone(main);
}

/// Deleted by force, a pod is seen no more, and what was begun is finished all the same.
#[test]
fn the_second_signal_deletes_by_force() {
    let pause = json!({"preStop": {"sleep": {"seconds": 2}}});
    let pod = PodFile::of(&hooked(UNTIL_TERM, &pause));
    let (mut run, _) = Run::until(pod, "Status   Running");
    run.signal(Signal::INT);
    run.line_with("Killing: Stopping container c");
    run.signal(Signal::INT);
    let (status, rest) = run.end();
    assert_eq!(status, Some(0), "{rest}");
    for word in [
        "Hook     c/preStop                Succeeded",
        "Status:             Running",
        "(deleted by force: the last status that was seen)",
    ] {
        assert!(rest.contains(word), "{word} in {rest}");
    }
}

/// What still runs when everything is ended at once is killed, and reported.
#[test]
fn the_end_of_everything_is_reported() {
    let pod = stubborn(&json!({"postStart": exec(&["sleep", "1000"])}));
    let (run, _) = Run::until(pod, "Process  c/postStart              starts");
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        run.signal(signal);
    }
    let (status, rest) = run.end();
    assert!(matches!(status, Some(129 | 130 | 143)), "{status:?} {rest}");
    for word in [
        "Process  c                        is killed",
        "Hook     c/postStart              Cancelled (Terminated)",
        "exited with 137: ",
    ] {
        assert!(rest.contains(word), "{word} in {rest}");
    }
}
