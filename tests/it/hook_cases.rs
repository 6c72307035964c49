//! `podhook test`: cases of the examples, and what is said of cases that fail.

use crate::podhook::{Finished, command, podhook, repository, watchdog};
use podhook_test_guests::{bare, lifecycle, wat};
use std::fs;
use std::path::Path;

fn cases_of(example: &str) {
    let folder = repository().join("examples").join(example);
    let tested = podhook(["test", folder.to_str().unwrap(), "-o", "json"]);
    let summary = tested.report();
    assert_eq!(tested.status, 0, "{summary:#}");
    assert!(summary["passed"].as_u64().unwrap() > 0);
}

macro_rules! examples {
    ($($test:ident: $folder:literal),*) => {
        $(#[test]
        fn $test() {
            cases_of($folder);
        })*

        /// None is forgotten.
        #[test]
        fn every_example_has_cases() {
            let listed = [$($folder),*];
            for entry in fs::read_dir(repository().join("examples")).unwrap() {
                let folder = entry.unwrap().path();
                let name = folder.file_name().unwrap().to_str().unwrap();
                let is_crate = folder.join("Cargo.toml").is_file();
                assert_eq!(listed.contains(&name), is_crate, "{name}");
            }
        }
    };
}

examples! {
    answer_http: "answer-http",
    deregister_service: "deregister-service",
    drain_connections: "drain-connections",
    flush_state: "flush-state",
    graceful_quit: "graceful-quit",
    http_drain: "http-drain",
    warm_cache: "warm-cache",
    write_message: "write-message"
}

/// Writes cases, and plays them with a guest.
fn play(guest: &[u8], cases: &[(&str, &str)], options: &[&str]) -> (Finished, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let hook = folder.path().join("hook.wasm");
    fs::write(&hook, guest).unwrap();
    for (name, text) in cases {
        let file = folder.path().join("cases").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let words = [&["test", hook.to_str().unwrap()], options].concat();
    (podhook(words), folder)
}

/// Without what differs from run to run.
fn lines(text: &str) -> Vec<&str> {
    let timed = |line: &str| line.starts_with("case ") || line.starts_with("result: ");
    let cut = |line: &str| match timed(line) {
        true => line.find(" (").or(line.find("; finished")).unwrap(),
        false => line.len(),
    };
    text.lines().map(|line| &line[..cut(line)]).collect()
}

#[test]
fn what_fails_is_said_with_what_the_hook_said() {
    let cases = [
        ("a.yaml", "config: {seconds: '5'}\n"),
        (
            "b/case.yaml",
            "config: {seconds: '5'}\nexpect: {outcome: Failed, state: {k: v}}\n",
        ),
        ("not-a-case.txt", ""),
    ];
    let read = fs::read(bare::READS_CONFIG).unwrap();
    let (tested, folder) = play(&read, &cases, &["--junit", "/nowhere/junit.xml"]);
    assert_eq!(tested.status, 73, "{tested:#?}");
    let junit = folder.path().join("junit.xml");
    let options = ["--junit", junit.to_str().unwrap(), "--jobs", "2"];
    let (tested, _folder) = play(&read, &cases, &options);
    assert_eq!(tested.status, 1, "{tested:#?}");
    let said = lines(&tested.stdout);
    let (first, rest) = said.split_first().unwrap();
    assert!(first.starts_with("running 2 cases of "), "{first}");
    assert_eq!(
        rest,
        [
            "case a ... ok",
            "case b ... FAILED",
            "",
            "---- b ----",
            "outcome: wanted Failed, was Succeeded: ",
            "state k: there is none",
            "",
            "result: FAILED. 1 passed; 1 failed",
        ]
    );
    let junit = fs::read_to_string(junit).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&junit).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!((suite.tests, suite.failures), (2, 1), "{junit}");
}

#[test]
fn a_request_without_an_answer_fails_the_case() {
    let folder = repository().join("examples/deregister-service");
    let cases = tempfile::tempdir().unwrap();
    let case =
        "pod: {name: a}\ntimeout: 1s\nallow-host: ['127.0.0.1:8500']\nexpect: {outcome: Failed}\n";
    fs::write(cases.path().join("a.yaml"), case).unwrap();
    let mut other = case.replace("{name: a}", "{name: b}");
    other += "http: {'PUT http://127.0.0.1:8500/v1/agent/service/deregister/x': 200}\n";
    fs::write(cases.path().join("b.yaml"), other).unwrap();
    let tested = podhook([
        "test",
        folder.to_str().unwrap(),
        "--cases",
        cases.path().to_str().unwrap(),
        "-o",
        "json",
    ]);
    let summary = tested.report();
    assert_eq!(tested.status, 1, "{summary:#}");
    let first = |case: usize| {
        summary["cases"][case]["differences"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        first(0),
        "http: the case has no answer to whatever was asked of http://127.0.0.1:8500"
    );
    let whole = "PUT http://127.0.0.1:8500/v1/agent/service/deregister/b";
    assert_eq!(first(1), format!("http: the case has no answer to {whole}"));
}

#[test]
fn a_limit_is_part_of_a_case() {
    let spin = "timeout: 50ms\nexpect: {outcome: Exhausted, resource: time, exitCode: 124}\n";
    let fuel = "fuel: 100000\nexpect: {resource: fuel, usage: {fuel: 1}, exitCode: 152}\n";
    let cases = [("a.yaml", spin), ("b.yaml", fuel)];
    let guest = fs::read(wat::SPIN).unwrap();
    let (tested, _folder) = play(&guest, &cases, &["-o", "json"]);
    let summary = tested.report();
    let differences = |case: usize| {
        summary["cases"][case]["differences"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert!(differences(0).is_empty(), "{summary:#}");
    assert_eq!(differences(1).len(), 1, "{summary:#}");
    let over = differences(1)[0].as_str().unwrap().to_owned();
    assert!(over.starts_with("usage.fuel: at most 1, was 100"), "{over}");
}

#[test]
fn nothing_is_played_where_a_case_is_none() {
    let guest = fs::read(lifecycle::READS_CONFIG).unwrap();
    let cases = [
        ("good.yaml", "{}"),
        ("poor.yaml", "phase: pre-stop\nexpect:\n  outcom: Failed\n"),
    ];
    let (tested, _folder) = play(&guest, &cases, &[]);
    assert_eq!((tested.status, tested.stdout.as_str()), (78, ""));
    let why = "poor.yaml: line 3: expect.outcom: unknown field `outcom`";
    assert!(tested.stderr.contains(why), "{tested:#?}");
    for (cases, why) in [
        (
            [("good.yaml", "{}"), ("good/case.yaml", "{}")],
            "are both the case \"good\"",
        ),
        (
            [("a.yaml", "{}"), ("b.yaml", "request: {path: /x}")],
            "b.yaml: request: for a module of kind http",
        ),
        (
            [("a.yaml", "{}"), ("b.yaml", "expect: {response: {}}")],
            "b.yaml: expect.response: for a module of kind http",
        ),
    ] {
        let (tested, _folder) = play(&guest, &cases, &[]);
        assert_eq!((tested.status, tested.stdout.as_str()), (78, ""), "{why}");
        assert!(tested.stderr.contains(why), "{tested:#?}");
    }
    let (tested, folder) = play(&guest, &[("good.yaml", "{}")], &["--only", "x"]);
    assert_eq!(tested.status, 66);
    assert!(
        tested.stderr.contains("none has \"x\" in its name"),
        "{tested:#?}"
    );
    let none = folder.path().join("none");
    let hook = folder.path().join("hook.wasm");
    let words = [
        "test",
        hook.to_str().unwrap(),
        "--cases",
        none.to_str().unwrap(),
    ];
    assert_eq!(podhook(words).status, 66);
    assert!(!Path::new("/tmp/none").exists());
    let (tested, _folder) = play(b"no module", &[("good.yaml", "{}")], &[]);
    assert_eq!((tested.status, tested.stdout.as_str()), (65, ""));
}

/// What was made for a case is cleared away when podhook is told to end.
#[test]
fn told_to_end_it_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (cases, made) = (folder.path().join("cases"), folder.path().join("tmp"));
    for folder in [&cases, &made] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(
        cases.join("a.yaml"),
        "dir: /a\ntimeout: 60s\nprocess: true\n",
    )
    .unwrap();
    let mut command = command();
    command.args(["test", wat::SLEEP, "--cases", cases.to_str().unwrap()]);
    let mut child = command.env("TMPDIR", &made).spawn().unwrap();
    let watchdog = watchdog(&child);
    let is_there = || fs::read_dir(&made).unwrap().count() > 0;
    // The folder is made before the hook begins, which has no end of its own.
    while !is_there() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(watchdog);
    assert!(!is_there());
}
