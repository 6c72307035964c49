//! Hostile guests: each by the command, and all by the library in a process of their own.

#[path = "../hostile/place.rs"]
mod place;
#[path = "../hostile/row.rs"]
mod row;

use crate::podhook::{command, finish, repository, skipped};
use place::Place;
use row::{Class, Grant, Row};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn rows() -> Vec<Row> {
    row::rows(&repository().join("tests/guests/hostile"))
}

/// Most wait for their deadline, not for a processor.
const AT_A_TIME: usize = 8;

#[test]
fn each_ends_as_it_must_by_the_command() {
    by_the_command(&[]);
}

#[test]
fn and_in_a_process_of_its_own() {
    if !has_landlock() {
        skipped("and_in_a_process_of_its_own: this kernel has no Landlock");
        return;
    }
    by_the_command(&["--isolation", "process"]);
}

/// A worker that neither the guest's clock nor our alarm reaches: stopped, here, as by a
/// call that does not return.
#[test]
fn a_worker_that_does_not_answer_is_killed_for_its_deadline() {
    if !has_landlock() {
        skipped("a_worker_that_does_not_answer…: this kernel has no Landlock");
        return;
    }
    let spin = podhook_test_guests::wat::SPIN;
    // Handed down by who starts podhook; not to go further.
    let inherited = tempfile::NamedTempFile::new().unwrap();
    fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
    let options = [
        "run",
        "-o",
        "json",
        "--isolation",
        "process",
        "--timeout",
        "1s",
    ];
    let child = command().args(options).arg(spin).spawn().unwrap();
    let worker = loop {
        // The alarm is there from the moment it runs.
        match worker_of(child.id()) {
            Some(worker) if has_alarm(worker) => break worker,
            _ => std::thread::yield_now(),
        }
    };
    let has_it = |process: String| {
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        let mut files = files.flatten().flat_map(|file| file.path().read_link());
        files.any(|file| file == inherited.path())
    };
    assert!(has_it(child.id().to_string()));
    assert!(!has_it(worker.to_string()));
    kill_process(Pid::from_raw(worker).unwrap(), Signal::STOP).unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(124));
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(report["outcome"], "Exhausted");
    assert_eq!(report["resource"], "time");
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("did not answer and was killed"),
        "{message}"
    );
}

fn has_landlock() -> bool {
    let known = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let control = rows().swap_remove(0);
    // Where securityfs is not mounted, podhook says it.
    known.contains("landlock")
        || judge(&control, &Place::new(), &["--isolation", "process"]).is_ok()
}

fn worker_of(parent: u32) -> Option<i32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    children.ok()?.split_ascii_whitespace().next()?.parse().ok()
}

fn has_alarm(process: i32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|thread| {
        let name = std::fs::read_to_string(thread.path().join("comm"));
        name.is_ok_and(|name| name.trim() == "podhook-alarm")
    })
}

fn by_the_command(options: &[&str]) {
    let rows = rows();
    let next = AtomicUsize::new(0);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let place = Place::new();
            let mine = std::iter::from_fn(|| rows.get(next.fetch_add(1, Relaxed)));
            mine.filter_map(|row| judge(row, &place, options).err())
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        let found = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        found.collect()
    });
    assert!(failures.is_empty(), "{failures:#?}");
}

fn judge(row: &Row, place: &Place, options: &[&str]) -> Result<(), String> {
    let module = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    std::fs::write(module.path(), &row.bytes).unwrap();
    let mut run = command();
    run.args(["run", "-o", "json", "--timeout", "2s"]);
    run.args(["--fuel", "200000000"]).args(options);
    run.args(
        granted(row, place)
            .map(|word| ["--dir".into(), word])
            .into_iter()
            .flatten(),
    );
    let done = finish(run.arg(module.path()));
    let class = Class::of_status(done.status);
    let said = || {
        done.stdout
            .lines()
            .find(|line| line.contains("\"message\""))
            .map(str::to_owned)
    };
    let judged = match row.allows(class) {
        true => place.judge(row),
        false => Err(format!(
            "{} is not {:?}: {:?}",
            done.status,
            row.expects,
            said()
        )),
    };
    // A report, whatever happened, and nothing else.
    let has_report = serde_json::from_str::<serde_json::Value>(&done.stdout).is_ok();
    let judged = match has_report {
        true => judged,
        false => Err(format!("no report: {done:?}")),
    };
    judged.map_err(|why| format!("{}: {why}", row.name))
}

fn granted(row: &Row, place: &Place) -> Option<String> {
    let folder: PathBuf = place.folder(row)?;
    let access = if row.grant == Grant::ReadOnly {
        ":ro"
    } else {
        ""
    };
    Some(format!("{}::/data{access}", folder.display()))
}

/// Its example is built with the tests, beside them.
#[test]
fn all_leave_the_process_as_it_was() {
    let tests = std::env::current_exe().unwrap();
    let built: &Path = tests.parent().unwrap().parent().unwrap();
    let done = finish(
        Command::new(built.join("examples/hostile"))
            .arg("suite")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped()),
    );
    assert_eq!(done.status, 0, "{}{}", done.stdout, done.stderr);
}
