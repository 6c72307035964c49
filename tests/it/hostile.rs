//! Hostile guests: each by the command, and all by the library in a process of their own.

#[path = "../hostile/place.rs"]
mod place;
#[path = "../hostile/row.rs"]
mod row;

use crate::podhook::{command, finish, repository};
use place::Place;
use row::{Class, Grant, Row};
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
    let rows = rows();
    let next = AtomicUsize::new(0);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let place = Place::new();
            let mine = std::iter::from_fn(|| rows.get(next.fetch_add(1, Relaxed)));
            mine.filter_map(|row| judge(row, &place).err())
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

fn judge(row: &Row, place: &Place) -> Result<(), String> {
    let module = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    std::fs::write(module.path(), &row.bytes).unwrap();
    let mut run = command();
    run.args(["run", "-o", "json", "--timeout", "2s"]);
    run.args(["--fuel", "200000000"]);
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
