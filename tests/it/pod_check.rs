//! `podhook pod check` from the outside: what it refuses, what it warns of, and what
//! files of anybody's cannot do to it.

use crate::podhook::{Finished, command, finish, podhook};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

/// A pod with this `lifecycle` in YAML's flow style.
fn pod(lifecycle: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: main\n    image: web:1\n    lifecycle: {lifecycle}\n"
    )
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn check(path: &Path) -> Finished {
    podhook(["pod", "check", path.to_str().unwrap()])
}

fn check_text(content: impl AsRef<[u8]>) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    check(&file(&folder, "pod.yaml", content))
}

/// Not a pod: status 78, nothing on stdout, and all of stderr are errors and a hint.
fn unreadable(finished: &Finished, words: &str) {
    assert_eq!(finished.status, 78, "{finished:#?}");
    assert_eq!(finished.stdout, "", "{finished:#?}");
    assert!(finished.stderr.contains(words), "{words}: {finished:#?}");
    let mut lines = finished.stderr.lines();
    assert!(
        lines.next().unwrap().starts_with("error: "),
        "{finished:#?}"
    );
    let known = |line: &str| line.starts_with("error: ") || line.starts_with("hint: ");
    assert!(lines.all(known), "{finished:#?}");
    assert!(finished.stderr.len() < 20_000, "{}", finished.stderr.len());
}

#[test]
fn a_good_pod_is_taken_without_a_word() {
    for lifecycle in [
        "{}",
        "{preStop: {sleep: {seconds: 5}}}",
        "{postStart: {exec: {command: [drain.wasm]}}, preStop: {exec: {command: [drain.wasm]}}}",
    ] {
        let finished = check_text(pod(lifecycle));
        assert_eq!(finished.status, 0, "{finished:#?}");
        assert_eq!(finished.stdout, "", "{finished:#?}");
        assert_eq!(finished.stderr, "", "{finished:#?}");
    }
}

#[test]
fn errors_are_the_api_servers_words() {
    let lifecycle = "{postStart: {}, preStop: {httpGet: {port: 0, scheme: http}}}";
    let finished = check_text(pod(lifecycle));
    assert_eq!(finished.status, 65, "{finished:#?}");
    assert_eq!(
        finished.stdout,
        "spec.containers[0].lifecycle.postStart: Required value: must specify a handler type\n\
         spec.containers[0].lifecycle.preStop.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive\n\
         spec.containers[0].lifecycle.preStop.httpGet.scheme: Unsupported value: \"http\": supported values: \"HTTP\", \"HTTPS\"\n"
    );
    let sleep = check_text(pod("{preStop: {sleep: {seconds: 31}}}"));
    assert_eq!(
        sleep.stdout,
        "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)\n"
    );
}

#[test]
fn warnings_are_on_stderr_and_no_failure() {
    let finished = check_text(pod("{preStop: {httpGet: {port: 80}}}"));
    assert_eq!(
        (finished.status, finished.stdout.as_str()),
        (0, ""),
        "{finished:#?}"
    );
    let start = "warning: spec.containers[0].lifecycle.preStop.httpGet: the kubelet ignores the status code";
    assert!(finished.stderr.starts_with(start), "{finished:#?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
    let tcp = check_text(pod("{postStart: {tcpSocket: {port: 80}}}"));
    assert!(tcp.stderr.contains("always fails"), "{tcp:#?}");
}

#[test]
fn json_has_errors_and_warnings_on_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let lifecycle = "{postStart: {exec: {}}, preStop: {tcpSocket: {port: 80}}}";
    let path = file(&folder, "pod.yaml", pod(lifecycle));
    let finished = podhook(["pod", "check", path.to_str().unwrap(), "-o", "json"]);
    assert_eq!(
        (finished.status, finished.stderr.as_str()),
        (65, ""),
        "{finished:#?}"
    );
    let found: Value = serde_json::from_str(&finished.stdout).unwrap();
    let field = "spec.containers[0].lifecycle.postStart.exec.command";
    assert_eq!(
        found["errors"],
        json!([{"field": field, "type": "FieldValueRequired", "message": "Required value"}])
    );
    let warnings = found["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{found:#}");
    assert_eq!(
        warnings[0]["field"],
        "spec.containers[0].lifecycle.preStop.tcpSocket"
    );
    assert_eq!(warnings[0].as_object().unwrap().len(), 2);
    let good = file(&folder, "good.yaml", pod("{}"));
    let finished = podhook(["pod", "check", good.to_str().unwrap(), "-o", "json"]);
    assert_eq!(finished.report(), json!({"errors": [], "warnings": []}));
}

#[test]
fn json_files_and_stdin_are_read_too() {
    let yaml = pod("{preStop: {exec: {command: [\"\\U0001F600\"]}}}");
    assert_eq!(check_text(yaml).status, 0);
    let json = "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\", \"metadata\": {\"name\": \"\\ud83d\\ude00\"},\n\"spec\": {\"containers\": [{\"name\": \"m\", \"lifecycle\": {\"preStop\": {}}}]}}";
    let finished = check_text(json);
    assert_eq!(finished.status, 65, "{finished:#?}");
    assert!(
        finished.stdout.contains("must specify a handler type"),
        "{finished:#?}"
    );
    let mut child = command()
        .args(["pod", "check", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(json.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(String::from_utf8_lossy(&output.stdout), finished.stdout);
    let nothing = finish(command().args(["pod", "check", "-"]));
    unreadable(&nothing, "stdin: empty");
}

#[test]
fn what_is_no_pod() {
    let changed = |line: &str, other: &str| check_text(pod("{}").replace(line, other));
    for (line, other, words) in [
        (
            "kind: Pod",
            "kind: Deployment",
            "line 2: kind: a Deployment, not a Pod",
        ),
        (
            "kind: Pod",
            "kind: Deployment",
            "hint: take its spec.template",
        ),
        (
            "kind: Pod",
            "kind: List",
            "hint: take one pod out of its items",
        ),
        ("kind: Pod", "kind: Service", "a Service, not a Pod"),
        ("apiVersion: v1", "apiVersion: v2", "line 1: apiVersion: "),
    ] {
        unreadable(&changed(line, other), words);
    }
    unreadable(&check_text("just text"), "not a pod");
    unreadable(&check_text("[1, 2]"), "not a pod");
    unreadable(&check_text(""), "empty");
    unreadable(&check_text("# only this\n"), "empty");
    unreadable(
        &check_text(format!("{}---\n{}", pod("{}"), pod("{}"))),
        "line 11: a second document",
    );
    let spaced = check_text(format!("---\n{}---\n", pod("{}")));
    assert_eq!(spaced.status, 0, "{spaced:#?}");
}

#[test]
fn what_is_wrong_in_a_pod_is_named_with_its_line() {
    let changed = |line: &str, other: &str| check_text(pod("{}").replace(line, other));
    let resources = |quantity: &str| {
        let resources = format!("image: web:1\n    resources: {{limits: {{memory: {quantity}}}}}");
        changed("image: web:1", &resources)
    };
    unreadable(
        &changed("lifecycle:", "lifecyle:"),
        "line 9: unknown field \"spec.containers[0].lifecyle\"",
    );
    let two = changed("lifecycle: {}", "lifecyle: {}\n    nmae: x");
    unreadable(&two, "line 10: unknown field \"spec.containers[0].nmae\"");
    assert_eq!(two.stderr.lines().count(), 2, "{two:#?}");
    unreadable(
        &changed("web:1", "[web]"),
        "line 8: spec.containers[0].image: invalid type: sequence",
    );
    unreadable(
        &changed("image: web:1", "name: other"),
        "line 8: key \"name\" is there twice",
    );
    unreadable(
        &resources("64MB"),
        "line 9: spec.containers[0].resources.limits[memory]: invalid quantity",
    );
    unreadable(&changed("spec:", "spec: {"), "not YAML");
    unreadable(&changed("web:1", "!!binary eA=="), "line 8: tag ");
    assert_eq!(resources("1000000").status, 0);
    let many: String = (0..1000).map(|index| format!("x{index}: 1\n")).collect();
    unreadable(&check_text(pod("{}") + &many), "and 980 more");
}

#[test]
fn what_would_cost_too_much() {
    let mut bomb = pod("{}") + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    unreadable(&check_text(bomb), "more than 200000 values");
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("- ", "")] {
        let nested = |levels| open.repeat(levels) + "1" + &close.repeat(levels);
        unreadable(&check_text(nested(65)), "nested deeper than 64 levels");
        unreadable(&check_text(nested(100_000)), "line 1: ");
    }
    unreadable(&check_text("a: &a [*a]\n"), "line 1: ");
    let folder = tempfile::tempdir().unwrap();
    let huge = folder.path().join("huge.yaml");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    unreadable(&check(&huge), "larger than 4 MiB");
}

#[test]
fn what_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    unreadable(&check(&path("missing.yaml")), "No such file");
    unreadable(&check(folder.path()), "not a regular file");
    unreadable(&check(Path::new("/dev/zero")), "not a regular file");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("fifo"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    unreadable(&check(&path("fifo")), "not a regular file");
    unreadable(
        &check_text(b"\x7fELF\x02\x01\x01\0\0\0"),
        "control characters",
    );
    unreadable(&check_text(b"a: 1\n\xff\xfe\xfd"), "line 2: not UTF-8 text");
    unreadable(&check_text(b"a: \x1b[31mred"), "control characters");
    let finished = podhook(["pod", "check"]);
    assert_eq!(
        (finished.status, finished.stdout.as_str()),
        (2, ""),
        "{finished:#?}"
    );
}

#[test]
fn names_in_a_file_cannot_write_to_the_terminal() {
    let finished = check_text(pod("{}").replace("lifecycle:", "\"a\\e[31m\\nerror: b\":"));
    unreadable(&finished, "unknown field");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
    assert!(!finished.stderr.contains('\u{1b}'), "{finished:#?}");
    let named = pod("{preStop: {httpGet: {port: \"\\e[31m\"}}}");
    let finished = check_text(named);
    assert_eq!(finished.status, 65, "{finished:#?}");
    assert!(!finished.stdout.contains('\u{1b}'), "{finished:#?}");
}

/// The API takes it; that it is not played is for those to say that would play it.
#[test]
fn a_rule_that_is_not_played_is_no_fault_of_the_pod() {
    let folder = tempfile::tempdir().unwrap();
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "c", "image": "i", "restartPolicy": "Never", "restartPolicyRules": [
          {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]}]}}"#;
    let path = file(&folder, "pod.json", pod);
    let path = path.to_str().unwrap();
    let checked = crate::podhook::podhook(["pod", "check", path]);
    assert_eq!((checked.status, &*checked.stdout), (0, ""), "{checked:#?}");
    let run = crate::podhook::podhook(["pod", "run", path]);
    assert_eq!(run.status, 78);
    let words = "line 3: spec.containers[0].restartPolicyRules[0].action: RestartAllContainers is not played";
    assert!(run.stderr.contains(words), "{run:#?}");
}
