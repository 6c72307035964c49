//! Lifecycle hooks written with the SDK.

mod outgoing;

use crate::podhook::{ends, exhausts, podhook, quits_with, said, succeeds};
use crate::server::Server;
use podhook_test_guests::lifecycle;
use serde_json::json;

#[test]
pub(crate) fn noop() {
    does_nothing(lifecycle::NOOP);
}

fn does_nothing(hook: &str) {
    let report = succeeds(&["--phase", "post-start", hook]);
    assert_eq!(report["phase"], "PostStart");
    assert_eq!(report["module"]["kind"], "lifecycle");
    let report = succeeds(&["--phase", "preStop", hook]);
    assert_eq!(report["phase"], "PreStop");
}

#[test]
pub(crate) fn one_phase() {
    let report = succeeds(&[lifecycle::ONE_PHASE]);
    assert_eq!(report["phase"], "PreStop");
    ends(
        "Refused",
        65,
        "no post-start hook, only pre-stop",
        &["--phase", "post-start", lifecycle::ONE_PHASE],
    );
}

#[test]
pub(crate) fn ten_lines() {
    let folder = tempfile::tempdir().unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let report = succeeds(&[
        "--dir",
        &grant,
        "--config",
        "text=hello",
        lifecycle::TEN_LINES,
    ]);
    assert_eq!(report["logs"][0]["message"], "written");
    let written = std::fs::read_to_string(folder.path().join("text")).unwrap();
    assert_eq!(written, "hello");
}

#[test]
pub(crate) fn reads_config() {
    minds_its_config(lifecycle::READS_CONFIG);
}

fn minds_its_config(hook: &str) {
    succeeds(&["--config", "seconds=5", hook]);
    let long = ["--config", "seconds=61", hook];
    ends("Failed", 1, "61 s are too many", &long);
    ends("Failed", 64, "setting seconds is missing", &[hook]);
}

/// The same hooks, built without WASI: they import nothing but what they use of podhook.
pub(crate) mod bare {
    use super::{does_nothing, minds_its_config};
    use crate::podhook::{podhook, succeeds};
    use podhook_test_guests::bare::{NOOP, READS_CONFIG};

    fn imports_only(hook: &str, interfaces: &[&str]) {
        let shown = podhook(["inspect", "-o", "json", hook]);
        let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(shown["imports"], serde_json::json!(interfaces));
    }

    #[test]
    pub(crate) fn noop() {
        does_nothing(NOOP);
        let log = "podhook:lifecycle/log@0.1.0";
        imports_only(NOOP, &["podhook:lifecycle/types@0.1.0", log]);
        let bytes = std::fs::metadata(NOOP).unwrap().len();
        assert!(bytes <= 30_000, "{bytes} bytes");
        // Its memory does not grow, which would make it twice as expensive.
        let peak = &succeeds(&["--phase", "pre-stop", NOOP])["usage"]["memory"]["peak"];
        assert!(peak.as_u64().unwrap() < 320 << 10, "{peak}");
    }

    #[test]
    pub(crate) fn reads_config() {
        minds_its_config(READS_CONFIG);
        let [log, config] = ["log", "config"].map(|name| format!("podhook:lifecycle/{name}@0.1.0"));
        imports_only(
            READS_CONFIG,
            &["podhook:lifecycle/types@0.1.0", &log, &config],
        );
    }
}

#[test]
pub(crate) fn answers() {
    let run = |answer: &'static str| ["--phase", "post-start", lifecycle::ANSWERS, "--", answer];
    succeeds(&run("ok"));
    ends("Failed", 1, "it went wrong", &run("failed"));
    let report = ends("Failed", 75, "not yet", &run("retryable"));
    assert_eq!(report["guestExitCode"], json!(null));
    ends("Failed", 64, "no such setting", &run("invalid-input"));
    ends("Trapped", 134, "unreachable", &run("panic"));
    let report = ends("Failed", 1, "no folder is granted", &run("error"));
    assert_eq!(report["phase"], "PostStart");
    let late = ["--timeout", "200ms"];
    exhausts("time", 124, &[&late[..], &run("spin")].concat());
    exhausts("time", 124, &[&late[..], &run("sleep")].concat());
    exhausts(
        "memory",
        137,
        &[&["--memory", "8Mi"][..], &run("grow")].concat(),
    );
    exhausts(
        "fuel",
        152,
        &[&["--fuel", "100000"][..], &run("spin")].concat(),
    );
}

fn ask(options: &[&str], words: &[&str]) -> serde_json::Value {
    succeeds(&[options, &[lifecycle::ASKS, "--"], words].concat())
}

fn answer(options: &[&str], words: &[&str]) -> String {
    said(&ask(options, words)).to_owned()
}

#[test]
pub(crate) fn asks() {
    let context = answer(&["--timeout", "7s"], &["context"]);
    assert_eq!(
        context,
        "PreStop attempt 1 timeout Some(7s) grace None pod local"
    );
    let context = answer(&["--timeout", "0"], &["context"]);
    assert!(context.contains("timeout None"), "{context}");
    let report = podhook(["run", "-o", "json", lifecycle::ASKS, "--", "invocation"]).report();
    assert_eq!(report["id"], said(&report));
}

#[test]
fn config_is_what_was_given() {
    let given = ["--config", "a=1", "--config", "b=2", "--config", "a=3"];
    assert_eq!(answer(&given, &["config", "a"]), "Some(\"3\")");
    assert_eq!(answer(&given, &["config", "c"]), "None");
    assert_eq!(answer(&given, &["config"]), r#"{"a": "3", "b": "2"}"#);
}

#[test]
fn the_budget_is_what_is_left() {
    let left = answer(&["--timeout", "1000s", "--memory", "64Mi"], &["budget"]);
    // However slow the machine: some of the time is gone, most is left.
    let (seconds, rest) = left.split_once(") ").unwrap();
    let seconds: u32 = seconds.strip_prefix("Some(").unwrap().parse().unwrap();
    assert!((500..1000).contains(&seconds), "{left}");
    assert_eq!(rest, "None Some(62)");
    let left = answer(&["--timeout", "0", "--fuel", "10000000"], &["budget"]);
    assert!(left.starts_with("None Some(true)"), "{left}");
}

#[test]
fn waiting_takes_as_long_as_it_says_and_no_longer_than_the_call() {
    assert_eq!(answer(&[], &["sleep", "20"]), "true");
    let long = [
        "--timeout",
        "100ms",
        lifecycle::ASKS,
        "--",
        "sleep",
        "60000",
    ];
    exhausts("time", 124, &long);
}

#[test]
fn state_is_kept_where_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let kept = ["--state-dir", folder.path().to_str().unwrap()];
    assert_eq!(answer(&kept, &["state", "set", "../k", "v"]), "Ok(())");
    assert_eq!(answer(&kept, &["state", "get", "../k"]), "Ok(Some(\"v\"))");
    assert_eq!(answer(&kept, &["state", "keys"]), r#"Ok(["../k"])"#);
    assert_eq!(answer(&[], &["state", "get", "../k"]), "Ok(None)");
    assert_eq!(answer(&[], &["state", "fill"]), "Err(Full)");
}

#[test]
fn logs_and_events_are_in_the_report() {
    let report = ask(&[], &["log", "hello"]);
    assert_eq!(
        report["logs"],
        json!([{"level": "warn", "target": "asks", "message": "hello", "fields": {"answer": "42"}}])
    );
    let text = podhook(["run", lifecycle::ASKS, "--", "log", "hello\u{1b}[31m"]);
    assert_eq!(text.stderr, "warn asks: hello\\u{1b}[31m answer=42\n");
    let report = ask(&[], &["event", "Drained", "all gone"]);
    assert_eq!(
        report["events"],
        json!([{"type": "Warning", "reason": "Drained", "note": "all gone"}])
    );
    assert_eq!(report["terminationMessage"], "all gone");
}

#[test]
fn floods_of_records_and_events_find_no_room() {
    for (word, kept) in [("log-flood", "logs"), ("event-flood", "events")] {
        let report = podhook(["run", "-o", "json", lifecycle::ASKS, "--", word]).report();
        assert_eq!(report["outcome"], "Succeeded", "{report:#}");
        let kept = report[kept].as_array().unwrap().len();
        assert!((10..2000).contains(&kept), "{word}: {kept}");
        let logs = report["logs"].as_array().unwrap();
        let last = logs.last().unwrap()["message"].as_str().unwrap();
        assert!(last.ends_with("records and events found no room"), "{last}");
    }
}

#[test]
fn a_host_call_takes_so_much_and_no_more() {
    let report = ask(&[], &["termination", "100000"]);
    assert_eq!(report["terminationMessage"].as_str().unwrap().len(), 4096);
    exhausts(
        "hostcalls",
        153,
        &[lifecycle::ASKS, "--", "termination", "17000000"],
    );
}

#[test]
fn random_bytes_are_counted_for_components_too() {
    assert_eq!(answer(&[], &["random", "4096"]), "4096 bytes");
    exhausts(
        "random",
        153,
        &[
            "--max-random",
            "4Ki",
            lifecycle::ASKS,
            "--",
            "random",
            "4097",
        ],
    );
}

#[test]
fn sockets_are_refused_and_the_way_named() {
    let server = Server::start(|_| None);
    let report = ask(&[], &["connect", &server.address().to_string()]);
    assert_eq!(said(&report), "Err(PermissionDenied)");
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--allow-host"), "{note}");
}

#[test]
fn signals_reach_the_process_that_was_granted() {
    let mut child = quits_with(42);
    let pid = child.id().to_string();
    let granted = ["--allow-signal", "--container-pid", &pid];
    let run = |words: &[&str]| {
        let options = [
            &["run", "-o", "json"],
            &granted[..],
            &[lifecycle::ASKS, "--"],
        ]
        .concat();
        podhook([&options, words].concat()).report()
    };
    assert_eq!(said(&run(&["running"])), "Ok(true)");
    assert_eq!(said(&run(&["wait", "50"])), "Ok(false)");
    assert_eq!(said(&run(&["signal", "QUIT"])), "Ok(())");
    assert_eq!(said(&run(&["wait", "20000"])), "Ok(true)");
    assert_eq!(said(&run(&["running"])), "Ok(false)");
    assert_eq!(child.wait().unwrap().code(), Some(42));
    assert_eq!(said(&run(&["signal", "QUIT"])), "Err(NotRunning)");
}

#[test]
fn signals_without_a_grant_are_refused_and_the_option_named() {
    let report = ask(&[], &["signal", "TERM"]);
    assert_eq!(said(&report), "Err(Denied)");
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--allow-signal"), "{note}");
    assert_eq!(
        answer(&["--allow-signal"], &["signal", "TERM"]),
        "Err(NotRunning)"
    );
}

#[test]
fn what_cannot_be_granted_is_refused_before_the_start() {
    let expected = |options: &[&str], message: &str| {
        let arguments = [options, &[lifecycle::ASKS, "--", "context"]].concat();
        let report = ends("Refused", 77, message, &arguments);
        assert_eq!(report["reason"], "Forbidden");
        assert_eq!(report["stdout"], "");
    };
    expected(
        &["--dir", "/nonexistent::/x"],
        "cannot grant the folder /nonexistent",
    );
    let file = format!("{}::/x", env!("CARGO_BIN_EXE_podhook"));
    expected(&["--dir", &file], "cannot grant the folder");
}

#[test]
pub(crate) fn works() {
    for name in ["hash", "json", "sieve", "float", "chase"] {
        let report = succeeds(&["--phase", "pre-stop", lifecycle::WORKS, "--", name, "2"]);
        assert!(report["usage"]["cpu"]["usage_usec"].as_u64().unwrap() > 100);
    }
    let words = ["--phase", "pre-stop", lifecycle::WORKS, "--", "idle"];
    ends("Failed", 64, "hash, json, sieve, float or chase", &words);
}
