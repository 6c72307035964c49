//! CPU time and memory of a hook: limited, charged and reported as a cgroup's.

use crate::podhook::{command, ends, exhausts, finish, podhook, repository, skipped, succeeds};
use crate::server::Server;
use podhook_test_guests::{http, lifecycle, wasip1, wat};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

mod kernel;
mod limits;
mod worker;

/// Files in a folder of their own.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn number(report: &Value, pointer: &str) -> u64 {
    report.pointer(pointer).unwrap().as_u64().unwrap()
}

/// Microseconds by which a throttled hook may be late to stop, on a machine that has
/// other things to do.
const LATE: u64 = 60_000;

#[test]
fn a_cpu_limit_throttles_and_does_not_end() {
    let words = ["--cpu", "100m", "--timeout", "1s", wat::SPIN];
    let report = exhausts("time", 124, &words);
    assert_eq!(
        report["limits"]["cpu"],
        json!({"quota_usec": 10_000, "period_usec": 100_000})
    );
    let cpu = |name: &str| number(&report, &format!("/usage/cpu/{name}"));
    assert!(
        cpu("usage_usec") <= cpu("nr_periods") * 10_000 + LATE,
        "{report}"
    );
    assert!(cpu("nr_throttled") >= 1 && cpu("nr_throttled") <= cpu("nr_periods"));
    assert!(cpu("throttled_usec") > 0, "{report}");
    assert_eq!(cpu("user_usec") + cpu("system_usec"), cpu("usage_usec"));
    assert_eq!(
        report["accounting"],
        json!({"cpu": "ledger", "memory": "ledger"})
    );
}

/// A hook that is throttled still ends, and its deadline goes on meanwhile.
#[test]
fn a_throttled_hook_ends_by_itself() {
    let words = [
        "--phase",
        "pre-stop",
        "--cpu",
        "200m",
        "--cpu-period",
        "10ms",
        "--timeout",
        "0",
    ];
    let hook = [lifecycle::WORKS, "--", "float", "60"];
    let report = succeeds(&[&words[..], &hook].concat());
    assert_eq!(report["limits"]["cpu"]["period_usec"], 10_000);
    assert!(number(&report, "/usage/cpu/nr_throttled") >= 1, "{report}");
}

#[test]
fn a_hook_without_a_cpu_limit_counts_no_periods() {
    let report = succeeds(&["--phase", "pre-stop", lifecycle::NOOP]);
    let limit = json!({"quota_usec": null, "period_usec": 100_000});
    assert_eq!(report["limits"]["cpu"], limit);
    assert_eq!(number(&report, "/usage/cpu/nr_periods"), 0);
    assert!(number(&report, "/usage/cpu/usage_usec") > 0);
}

/// The threads that read files for a hook work for it.
#[test]
fn what_reading_files_costs_is_charged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large"), vec![b'x'; 8 << 20]).unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let words = [
        "--dir",
        &grant,
        "--memory",
        "256Mi",
        wasip1::FILES,
        "--",
        "read",
        "/data/large",
    ];
    let report = succeeds(&words);
    assert!(number(&report, "/usage/cpu/system_usec") > 0, "{report}");
}

#[test]
fn limits_that_are_none_are_refused() {
    for word in [
        "--cpu=-1",
        "--cpu=many",
        "--cpu-period=2s",
        "--cpu-period=1us",
    ] {
        let seen = podhook(["run", word, wat::SPIN]);
        assert_eq!(seen.status, 2, "{word}");
        let option = word.split('=').next().unwrap();
        assert!(seen.stderr.contains(option), "{}", seen.stderr);
    }
}

/// Resident memory of podhook while a guest takes all it may, and as much more as it
/// gets.
#[test]
fn podhook_takes_little_memory_beside_its_guest() {
    let idle = worker::peak_of(&["run", "--phase", "pre-stop", lifecycle::NOOP], 0);
    let limit = 64 << 20;
    let full = worker::peak_of(&["run", "--memory", "64Mi", wat::TOUCH], 137);
    let over = full.saturating_sub(limit);
    eprintln!("idle {idle}, full {full} bytes");
    assert!(full > limit, "the guest touched all of it: {full}");
    // Of an unoptimized build, the program itself is far larger than that.
    let own = over.saturating_sub(idle);
    assert!(
        own <= 8 << 20,
        "{over} bytes over the limit, {idle} of them idle"
    );
}

#[test]
fn tables_and_output_count() {
    exhausts("memory", 137, &["--memory", "1Mi", wat::GROW_TABLE]);
    // 1 MiB is printed: kept, it is memory.
    succeeds(&["--memory", "1Mi", wat::OUTPUT_FLOOD]);
    exhausts(
        "memory",
        137,
        &["--max-output", "32Mi", "--memory", "1Mi", wat::OUTPUT_FLOOD],
    );
}

/// What the host holds of an answer counts as what the guest holds of it.
#[test]
fn answers_count() {
    let words = [
        "--max-response",
        "10Mi",
        "--http-get",
        "/large",
        http::SERVES,
    ];
    let report = succeeds(&words);
    let peak = number(&report, "/usage/memory/peak");
    assert!(
        peak > 18 << 20,
        "{peak}: 9 MiB of the guest's, and as much of the host's"
    );
    exhausts("memory", 137, &[&["--memory", "14Mi"][..], &words].concat());
    // As it is read, a piece at a time.
    let body = vec![b'x'; 4 << 20];
    let server = Server::start(move |_: &str| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        Some([head.into_bytes(), body.clone()].concat())
    });
    let authority = server.address().to_string();
    let words = [
        "--allow-host",
        &authority,
        http::CALLS,
        "--",
        &authority,
        "/",
    ];
    let report = succeeds(&words);
    let held = |when: &str| number(&report, &format!("/usage/memory/{when}"));
    // The guest's own memory never shrinks.
    assert!(held("peak") > held("current"), "{report}");
    let words = [&["--memory", "5Mi"][..], &words].concat();
    exhausts("memory", 137, &words);
}
