//! `podhook-exec`: the same hooks as `podhook run` runs, from compiled files, with the
//! same reports; and what is particular to a process inside of a container.

use crate::podhook::{Finished, command, finish, podhook, repository, scratch};
use podhook_test_guests::{lifecycle, wasip1, wasip2, wat};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

mod bundle;
pub(crate) mod container;
mod signals;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// The executable, static as it is shipped but not as well optimized; built once.
pub(crate) fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let rustup = ["target", "add", TARGET];
        let mut add = Command::new("rustup");
        add.args(rustup).current_dir(repository());
        assert_eq!(add.status().unwrap().code(), Some(0), "{rustup:?}");
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--locked", "--package", "podhook-exec"])
            .args(["--target", TARGET, "--message-format=json"])
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let built = finish(&mut cargo);
        assert_eq!(built.status, 0);
        let messages = built.stdout.lines();
        let messages = messages.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut executables = messages.filter_map(|message| {
            let file = message["executable"].as_str()?;
            file.ends_with("podhook-exec").then(|| PathBuf::from(file))
        });
        executables.next().unwrap()
    })
}

/// A module, compiled.
pub(crate) fn compiled(module: &str, options: &[&str]) -> String {
    let folder = tempfile::tempdir_in(scratch()).unwrap().keep();
    let to = folder.join("hook.cwasm");
    let to = to.to_str().unwrap();
    let done = podhook([&["compile", module, "-o", to], options].concat());
    assert_eq!(done.status, 0, "{done:#?}");
    to.to_owned()
}

/// The adapter, about to be started.
pub(crate) fn adapter(arguments: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn runs(arguments: &[&str]) -> Finished {
    finish(&mut adapter(arguments))
}

/// What a run comes to, without what differs from run to run.
fn essence(mut report: Value) -> Value {
    for field in [
        "id",
        "startedAt",
        "finishedAt",
        "durationSeconds",
        "accounting",
        "usage",
    ] {
        report[field].take();
    }
    report["module"]["source"].take();
    report["limits"].take();
    report
}

/// Runs a module both ways.
fn same(module: &str, options: &[&str], words: &[&str]) {
    let fuel: &[&str] = match options.contains(&"--fuel") {
        true => &["--fuel"],
        false => &[],
    };
    let hook = compiled(module, fuel);
    let line = |hook| [&["-o", "json"], options, &[hook, "--"], words].concat();
    let by_run = finish(command().arg("run").args(line(module)));
    let mut arguments = vec!["--cgroup", "none", "--max-output", "64Ki"];
    if !options.contains(&"--memory") {
        arguments.extend(["--memory", "128Mi"]);
    }
    let by_adapter = runs(&[arguments, line(&hook)].concat());
    assert_eq!(by_adapter.status, by_run.status, "{by_adapter:#?}");
    assert_eq!(by_adapter.stderr, by_run.stderr);
    let (mut ours, mut theirs) = (essence(by_adapter.report()), essence(by_run.report()));
    // A command prints its own name.
    for report in [&mut ours, &mut theirs] {
        let said = report["stdout"].as_str().unwrap();
        report["stdout"] = said.replace(&hook, "HOOK").replace(module, "HOOK").into();
    }
    assert_eq!(ours, theirs);
}

#[test]
fn every_kind_ends_as_it_does_in_podhook_run() {
    for module in [wasip1::EXITS, wasip2::EXITS] {
        for words in [&[][..], &["return"], &["1"], &["65"], &["panic"]] {
            same(module, &[], words);
        }
    }
    same(wasip1::PRINTS, &[], &["a", "b"]);
    same(wasip2::PRINTS, &["--env", "A=1"], &["a"]);
    same(lifecycle::NOOP, &["--phase", "pre-stop"], &[]);
    for words in [&["failed"][..], &["retryable"], &["invalid"], &["panic"]] {
        same(lifecycle::ANSWERS, &["--phase", "post-start"], words);
    }
    same(
        podhook_test_guests::http::SERVES,
        &["--http-get", "/?a=b"],
        &[],
    );
}

#[test]
fn limits_hold_as_they_do_in_podhook_run() {
    same(wat::UNREACHABLE, &[], &[]);
    same(wat::DEEP, &[], &[]);
    same(wat::GROW, &["--memory", "8Mi"], &[]);
    same(wat::NEEDS_256_MIB, &["--memory", "64Mi"], &[]);
    same(wat::SPIN, &["--timeout", "50ms"], &[]);
    same(wat::SLEEP, &["--timeout", "50ms"], &[]);
    same(wat::SPIN, &["--fuel", "1000000"], &[]);
    same(wat::RANDOM_FLOOD, &[], &[]);
    same(wat::OUTPUT_FLOOD, &["--max-output", "1Ki"], &[]);
}

#[test]
fn what_is_granted_and_what_is_not_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text"), "content").unwrap();
    let grant = format!("{}::/data:ro", folder.path().display());
    for module in [wasip1::FILES, wasip2::FILES] {
        for timeout in ["0", "10s"] {
            let options = ["--dir", &grant, "--timeout", timeout];
            same(module, &options, &["read", "/data/text"]);
            same(module, &options, &["read", "/data/none"]);
        }
        same(module, &[], &["read", "/data/text"]);
    }
    let state = tempfile::tempdir().unwrap();
    let state = ["--state-dir", state.path().to_str().unwrap()];
    same(lifecycle::ASKS, &state, &["state", "set", "k", "v"]);
    same(lifecycle::ASKS, &state, &["state", "get", "k"]);
    same(lifecycle::ASKS, &["--config", "a=b"], &["config"]);
    same(lifecycle::ASKS, &[], &["log", "said"]);
    same(lifecycle::ASKS, &[], &["event", "Drained", "all"]);
    same(lifecycle::ASKS, &[], &["get", "http://127.0.0.1:1/"]);
    same(
        lifecycle::ASKS,
        &["--allow-host", "127.0.0.1:1"],
        &["get", "http://127.0.0.1:1/"],
    );
}

#[test]
fn hooks_that_wait_are_waited_for() {
    let server = crate::server::Server::start(|_| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong".to_vec())
    });
    let allow = server.address().to_string();
    let url = format!("http://{allow}/ping");
    same(
        lifecycle::ASKS,
        &["--allow-host", &allow],
        &["must-get", &url],
    );
    same(
        lifecycle::ANSWERS,
        &["--phase", "post-start", "--timeout", "100ms"],
        &["sleep"],
    );
}

#[test]
fn only_what_was_compiled_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(compiled(wat::SPIN, &[])).unwrap();
    let file = folder.path().join("file");
    let refused = |bytes: &[u8], why: &str| {
        std::fs::write(&file, bytes).unwrap();
        let name = file.to_str().unwrap();
        let text = runs(&[name]);
        assert_eq!((text.status, text.stdout.as_str()), (65, ""), "{text:#?}");
        let line = format!("error: {name}: Refused (InvalidModule): ");
        assert!(
            text.stderr.starts_with(&line) && text.stderr.contains(why),
            "{text:#?}"
        );
        let report = runs(&["-o", "json", name]).report();
        assert_eq!(
            (&report["outcome"], &report["exitCode"]),
            (&"Refused".into(), &65.into())
        );
    };
    refused(b"", "not compiled by podhook");
    refused(b"#!/bin/sh\nexit 0\n", "not compiled by podhook");
    refused(&std::fs::read(wat::SPIN).unwrap(), "not compiled yet");
    for at in [0, 200, whole.len() / 2, whole.len() - 30] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        refused(&damaged, "damaged");
    }
    let mut older = whole.clone();
    *older.last_mut().unwrap() = 1;
    refused(&older, "another version");
    refused(&whole[..whole.len() - 1], "not compiled by podhook");
}

#[test]
fn bad_words_are_said() {
    let hook = compiled(lifecycle::NOOP, &[]);
    let fails = |arguments: &[&str], status, why: &str| {
        let failed = runs(arguments);
        assert_eq!(
            (failed.status, failed.stdout.as_str()),
            (status, ""),
            "{failed:#?}"
        );
        assert!(failed.stderr.starts_with("error: "), "{failed:#?}");
        assert!(failed.stderr.contains(why), "{failed:#?}");
    };
    fails(&[], 2, "no HOOK is named");
    fails(&["--nope", &hook], 2, "unexpected argument '--nope'");
    fails(&[&hook], 2, "both phases");
    fails(
        &["--fuel", "5", "--phase", "pre-stop", &hook],
        2,
        "compiled without --fuel",
    );
    fails(&["/nowhere.cwasm"], 66, "/nowhere.cwasm: ");
    fails(&["/"], 66, "not a regular file");
    fails(
        &["--cgroup", "/nowhere", "--phase", "pre-stop", &hook],
        66,
        "no such cgroup",
    );
    let help = runs(&["--help"]);
    assert!(help.status == 0 && help.stdout.contains("Usage: podhook-exec"));
    assert_eq!(
        runs(&["-V"]).stdout,
        concat!("podhook-exec ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn help_names_every_option() {
    let help = runs(&["--help"]).stdout;
    let run = podhook(["run", "--help"]).stdout;
    let options = run.split_whitespace().filter(|word| word.starts_with("--"));
    for option in
        options.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'))
    {
        // It is in its container: nobody is there to watch it from outside.
        let elsewhere = ["--", "--verbose", "--isolation"];
        assert!(
            help.contains(option) || elsewhere.contains(&option),
            "{option}"
        );
    }
}

#[test]
fn of_much_output_the_end_is_kept() {
    let hook = compiled(wat::OUTPUT_FLOOD, &[]);
    let text = runs(&["--timeout", "100ms", &hook]);
    assert!(
        text.stdout.len() + text.stderr.len() < 10_000,
        "{}",
        text.stdout.len()
    );
    let report = runs(&["-o", "json", "--timeout", "100ms", &hook]).report();
    let kept = report["stdout"].as_str().unwrap().len();
    assert_eq!(kept, 4096);
    assert!(report["truncatedBytes"]["stdout"].as_u64().unwrap() > 4096);
}

#[test]
fn output_goes_to_the_container_s_log_besides() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "before\n").unwrap();
    let hook = compiled(lifecycle::ASKS, &[]);
    let to = log.to_str().unwrap();
    let text = runs(&["--log-to", to, &hook, "--", "log", "said"]);
    assert_eq!(text.status, 0, "{text:#?}");
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(
        logged.starts_with("before\nwarn asks: said answer=42\n"),
        "{logged}"
    );
    assert!(logged.ends_with("logged\n"), "{logged}");
    let nowhere = runs(&["--log-to", "/nowhere/log", &hook, "--", "log", "said"]);
    assert_eq!(
        nowhere.status, 0,
        "a log that is not to be had stops no hook"
    );
    assert!(
        nowhere.stderr.contains("warning: --log-to /nowhere/log: "),
        "{nowhere:#?}"
    );
}

/// Their numbers must not go to files of ours, which then get the output.
#[test]
fn closed_streams_are_nobody_else_s() {
    let hook = compiled(wat::SPIN, &[]);
    let script = format!(
        "{} -o json --timeout 100ms {hook} <&- >&- 2>&-",
        executable().display()
    );
    let mut shell = Command::new("sh");
    let done = finish(shell.args(["-c", &script]));
    assert_eq!(done.status, 124, "{done:#?}");
}

#[test]
fn the_pod_is_known_by_the_downward_api() {
    let folder = tempfile::tempdir().unwrap();
    let hook = compiled(lifecycle::ASKS, &[]);
    let info = folder.path().to_str().unwrap();
    let asked = |variables: &[(&str, &str)]| {
        let mut command = adapter(&["--podinfo", info, &hook, "--", "pod"]);
        command.env_clear().envs(variables.iter().copied());
        finish(&mut command).stdout
    };
    assert_eq!(asked(&[]).trim_end(), r#""" None None None [] []"#);
    for (name, text) in [
        ("namespace", "shop\n"),
        ("labels", "app=\"web\"\ntier=\"a\\\"b\"\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let fifo = folder.path().join("annotations");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, fifo, kind, 0o600.into(), 0).unwrap();
    let variables = [
        ("HOSTNAME", "host"),
        ("MY_POD_NAME", "web-0"),
        ("CONTAINER_NAME", "app"),
    ];
    let expected = r#""web-0" Some("shop") None Some("app") [("app", "web"), ("tier", "a\"b")] []"#;
    assert_eq!(asked(&variables).trim_end(), expected);
    let variables = [
        ("HOSTNAME", "host"),
        ("POD_NAMESPACE", "other"),
        ("POD_UID", "u-1"),
    ];
    let expected = r#""host" Some("other") Some("u-1") None"#;
    assert!(asked(&variables).starts_with(expected));
}
