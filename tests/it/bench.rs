//! `podhook bench`: that every row is measured or left out with a reason, and what is made of
//! the figures. How large they are is no test's business.

use crate::podhook::{Finished, command, finish, podhook, watchdog};
use podhook_test_guests::{lifecycle, wasip1};
use serde_json::Value;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;

fn bench(words: &[&str]) -> Finished {
    podhook([&["bench", "--runs", "5"], words].concat())
}

/// The rows, and what was left out.
fn figures(words: &[&str]) -> Value {
    let done = bench(&[words, &["-o", "json"]].concat());
    assert_eq!(done.status, 0, "{done:#?}");
    done.report()
}

fn row<'f>(figures: &'f Value, name: &str) -> &'f Value {
    let rows = figures["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {figures:#}"))
}

fn why<'f>(figures: &'f Value, name: &str) -> &'f str {
    let skipped = figures["skipped"].as_array().unwrap();
    let found = skipped.iter().find(|row| row["name"] == name);
    let found = found.unwrap_or_else(|| panic!("{name} in {figures:#}"));
    found["why"].as_str().unwrap()
}

#[test]
fn rows_have_quantiles_and_ratios() {
    let ours = "in-process,bare,cold,compile,serve,true,sh";
    let figures = figures(&["--only", ours]);
    for name in ours.split(',') {
        let row = row(&figures, name);
        let wall = |quantile: &str| row["wall_us"][quantile].as_f64().unwrap();
        assert!(wall("p10") > 0.0, "{row:#}");
        assert!(
            wall("p10") <= wall("p50") && wall("p50") <= wall("p90"),
            "{row:#}"
        );
        assert!(wall("p90") <= wall("p99"), "{row:#}");
        assert!(row["cpu_us"]["p50"].as_f64().unwrap() > 0.0, "{row:#}");
        let ratio = wall("p50")
            / self::row(&figures, "sh")["wall_us"]["p50"]
                .as_f64()
                .unwrap();
        let said = row["ratio_to_sh"].as_f64().unwrap();
        assert!(
            (said - ratio).abs() <= 0.001 * ratio + 1e-4,
            "{said} {ratio}"
        );
        let runs = if ["in-process", "bare", "serve"].contains(&name) {
            50
        } else {
            5
        };
        assert_eq!(row["runs"], runs, "{row:#}");
    }
    // What the hook takes; the process it runs in takes more.
    assert_eq!(row(&figures, "in-process")["peak_bytes"], (64 + 32) << 10);
    assert!(row(&figures, "serve")["peak_bytes"].as_u64().unwrap() > 1 << 20);
    assert!(figures["machine"]["kernel"].is_string());
}

#[test]
fn what_is_not_there_is_left_out_with_a_reason() {
    let _alone = CONTAINERS.lock();
    let mut bench = command();
    bench.args(["bench", "--runs", "1", "-o", "json"]);
    let adapter = ["--adapter", "/nowhere/podhook-exec"];
    bench
        .args(adapter)
        .env("PATH", "/nowhere")
        .env("PODHOOK_CACHE", "");
    let done = finish(&mut bench);
    assert_eq!(done.status, 0, "{done:#?}");
    let figures = done.report();
    assert!(why(&figures, "exec").starts_with("/nowhere/podhook-exec: No such file"));
    assert_eq!(why(&figures, "bash"), "there is no bash in PATH");
    assert_eq!(why(&figures, "native"), "no --native CMD was given");
    assert_eq!(why(&figures, "wasmtime"), "there is no wasmtime in PATH");
    row(&figures, "in-process");
    assert!(row(&figures, "cold")["ratio_to_sh"].is_null());
}

/// No container, and no more than anybody may.
#[test]
fn an_ordinary_user_gets_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = 65_534;
    std::os::unix::fs::chown(folder.path(), Some(nobody), Some(nobody)).unwrap();
    let program = folder.path().join("podhook");
    fs::copy(env!("CARGO_BIN_EXE_podhook"), &program).unwrap();
    let mut bench = Command::new(program);
    bench.args([
        "bench",
        "--runs",
        "1",
        "-o",
        "json",
        "--adapter",
        "/nowhere",
    ]);
    bench.uid(nobody).gid(nobody).env_clear();
    bench
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", folder.path());
    bench
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null());
    bench.stdout(std::process::Stdio::piped());
    let done = finish(bench.stderr(std::process::Stdio::piped()));
    assert_eq!(done.status, 0, "{done:#?}");
    let figures = done.report();
    for name in ["in-process", "cold", "compile", "serve", "sh"] {
        row(&figures, name);
    }
    for name in ["runc", "crun"] {
        assert!(!why(&figures, name).is_empty());
    }
}

#[test]
fn a_hook_that_fails_is_not_measured() {
    let only = ["--only", "in-process,serve,sh"];
    let figures = figures(
        &[
            only.as_slice(),
            &[lifecycle::READS_CONFIG, "--phase", "pre-stop"],
        ]
        .concat(),
    );
    assert!(
        why(&figures, "in-process").starts_with("the hook ended as Failed"),
        "{figures:#}"
    );
    assert!(
        why(&figures, "serve").starts_with("the hook failed"),
        "{figures:#}"
    );
    row(&figures, "sh");
}

#[test]
fn a_hook_is_called_with_its_options() {
    let hook = [
        lifecycle::READS_CONFIG,
        "--phase",
        "pre-stop",
        "--config",
        "seconds=5",
    ];
    let figures = figures(&[&["--only", "in-process,serve"], hook.as_slice()].concat());
    row(&figures, "in-process");
    row(&figures, "serve");
    let native = [
        "--native",
        "sh -c 'exit 0'",
        "--only",
        "native,wasmtime",
        wasip1::PRINTS,
    ];
    row(&self::figures(&native), "native");
}

#[test]
fn what_must_hold_is_asserted() {
    let only = ["--only", "true,in-process"];
    let holds = bench(&[&only[..], &["--assert", "in-process/true<=1000"]].concat());
    assert_eq!(holds.status, 0, "{holds:#?}");
    let fails = bench(
        &[
            &only[..],
            &["--assert", "true/in-process<=0", "--assert", "sh/true<=9"],
        ]
        .concat(),
    );
    assert_eq!(fails.status, 1, "{fails:#?}");
    let said: Vec<&str> = fails
        .stderr
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert!(
        said[0].starts_with("error: --assert true/in-process<=0: it is "),
        "{said:?}"
    );
    assert_eq!(
        said[1],
        "error: --assert sh/true<=9: sh was not measured: --only"
    );
}

#[test]
fn figures_are_drawn_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (svg, html, old) = (file("a.svg"), file("a.html"), file("old.json"));
    let only = ["--only", "true,sh", "--svg", &svg, "--html", &html];
    let first = bench(&[&only[..], &["-o", "json"]].concat());
    fs::write(&old, &first.stdout).unwrap();
    let svg = fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert!(
        svg.contains(">true</text>") && svg.contains(">sh</text>"),
        "{svg}"
    );
    let html = fs::read_to_string(html).unwrap();
    assert!(html.contains(&svg), "the chart is in it");
    let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http"), "it needs nothing else");
    let second = bench(&["--only", "true,sh", "--compare", &old]);
    assert_eq!(second.status, 0, "{second:#?}");
    assert_eq!(second.stdout.matches("  ×").count(), 2, "{second:#?}");
    fs::write(&old, "{}").unwrap();
    let none = bench(&["--only", "sh", "--compare", &old]);
    assert_eq!((none.status, none.stdout.as_str()), (78, ""));
}

#[test]
fn what_is_asked_for_is_checked_first() {
    for (words, status) in [
        (["--only", "zsh"], 2),
        (["--assert", "sh"], 2),
        (["--runs", "0"], 2),
        (["--native", "'"], 2),
        (["--compare", "/nowhere"], 78),
        (["--phase", "/nowhere"], 2),
    ] {
        let done = bench(&words);
        assert_eq!(
            (done.status, done.stdout.as_str()),
            (status, ""),
            "{done:#?}"
        );
    }
    assert_eq!(bench(&["/nowhere.wasm"]).status, 66);
}

#[test]
fn hooks_that_wait_are_counted() {
    let done = podhook(["bench", "--density", "1500", "-o", "json"]);
    let found = done.report();
    assert_eq!(done.status, 0, "{found:#}");
    let rows = found["rows"].as_array().unwrap();
    let hooks: Vec<u64> = rows
        .iter()
        .map(|row| row["hooks"].as_u64().unwrap())
        .collect();
    assert_eq!(hooks, [1000, 1500]);
    assert!(found["limit"].is_null());
    for row in rows {
        let bytes = row["bytes_each"].as_u64().unwrap();
        assert!((4 << 10..1 << 20).contains(&bytes), "{row:#}");
    }
    // A page of memory, a stack, and what holds them.
    let mut limited = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_podhook");
    let script = format!("ulimit -v 100000000; exec {program} bench --density 1000 -o json");
    limited
        .args(["-c", &script])
        .stdin(std::process::Stdio::null());
    limited
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let done = finish(&mut limited);
    assert_eq!(done.status, 0, "{done:#?}");
    let limit = &done.report()["limit"];
    assert!(
        limit["why"].as_str().unwrap().contains("address space"),
        "{limit:#}"
    );
}

/// Tests that make containers do so one after the other: they look for what is left.
static CONTAINERS: Mutex<()> = Mutex::new(());

#[test]
fn containers_are_removed() {
    let _alone = CONTAINERS.lock();
    if !rustix::process::geteuid().is_root() {
        return crate::podhook::skipped("no containers: not root");
    }
    let figures = figures(&["--only", "sh,runc,crun"]);
    for name in ["runc", "crun"] {
        if figures["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["name"] == name)
        {
            let list = Command::new(name).arg("list").output().unwrap();
            let list = String::from_utf8_lossy(&list.stdout).into_owned();
            assert!(!list.contains("podhook-bench-"), "{list}");
        } else {
            crate::podhook::skipped(&format!("{name}: {}", why(&figures, name)));
        }
    }
}

/// Without the first generation's hierarchies, or not root, it says so.
#[test]
fn where_no_cgroup_can_be_made_nothing_is_throttled() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("podhook");
    fs::copy(env!("CARGO_BIN_EXE_podhook"), &program).unwrap();
    let mut bench = Command::new(program);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        bench.uid(65_534).gid(65_534);
    }
    bench.args(["bench", "--throttle", "--check", "-o", "json"]);
    bench
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped());
    let done = finish(bench.stderr(std::process::Stdio::piped()));
    assert_eq!(done.status, 0, "{done:#?}");
    let found = done.report();
    assert_eq!(found["rows"].as_array().unwrap().len(), 0);
    let why = found["skipped"].as_str().unwrap();
    assert!(
        why.starts_with("no cgroup can be made here: /sys/fs/cgroup/"),
        "{why}"
    );
    let check = podhook(["bench", "--check"]);
    assert_eq!(check.status, 2, "{check:#?}");
}

#[test]
fn told_to_end_it_leaves_nothing() {
    let _alone = CONTAINERS.lock();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command();
    command.args(["bench", "--runs", "100000", "--row-time", "1h"]);
    command.args(["--only", "sh,serve,runc,crun"]);
    let mut child = command.env("TMPDIR", folder.path()).spawn().unwrap();
    let watchdog = watchdog(&child);
    let is_there = || fs::read_dir(folder.path()).unwrap().count() > 0;
    while !is_there() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    // Whether rows are measured yet or still made ready.
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(watchdog);
    assert!(!is_there());
    for tool in ["runc", "crun"] {
        if let Ok(list) = Command::new(tool).arg("list").output() {
            let list = String::from_utf8_lossy(&list.stdout).into_owned();
            let name = format!("podhook-bench-{tool}-{}", child.id());
            assert!(!list.contains(&name), "{list}");
        }
    }
}
