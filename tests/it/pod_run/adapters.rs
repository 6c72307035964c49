//! Pods whose handlers are the real adapters: `podhook-exec` in a container of runc and as
//! a process, `podhook serve` as a sidecar. What came of them must be what a kubelet was
//! seen to make of such handlers.

use super::{PodFile, UNTIL_TERM, events, exec, hooked, rows};
use crate::adapter::container::Container;
use crate::adapter::{compiled, executable};
use crate::serve;
use podhook_test_guests::{lifecycle, wasip1};
use serde_json::{Value, json};
use std::net::TcpListener;

const SUCCEEDS: [&str; 3] = [
    "Created: Container created",
    "Started: Container started",
    "Killing: Stopping container c",
];

/// `HANDLER PHASE OUTCOME` of each report.
fn reports(timeline: &Value) -> Vec<String> {
    let report = |report: &Value| {
        let [handler, phase, outcome] =
            ["handler", "phase", "outcome"].map(|field| report[field].as_str().unwrap());
        format!("{handler} {phase} {outcome}")
    };
    rows(timeline, "reports").iter().map(report).collect()
}

fn message(timeline: &Value, index: usize) -> &str {
    rows(timeline, "reports")[index]["message"]
        .as_str()
        .unwrap()
}

/// What a runtime does for the kubelet: from the machine's own mount namespace.
fn on_the_machine<'w>(machine: &'w str, words: &[&'w str]) -> Vec<&'w str> {
    [&["nsenter", "-t", machine, "-m"], words].concat()
}

#[test]
fn an_exec_adapter_in_a_container() {
    let words: &[&str] = &["--phase", "post-start"];
    let hooks = [
        ("greet", lifecycle::WORKS, words),
        ("fail", wasip1::EXITS, &[]),
    ];
    let Some(container) = Container::start(&hooks) else {
        return;
    };
    let machine = std::process::id().to_string();
    let name = &container.name;
    let runtime = format!(
        "trap 'runc kill {name} TERM' TERM; while runc state {name} | grep -q running; do sleep 0.1; done"
    );
    let main = on_the_machine(&machine, &["sh", "-c", &runtime]);
    let hook = |words: &[&'static str]| {
        let words = [&["runc", "exec", name.as_str()], words].concat();
        exec(&on_the_machine(&machine, &words))
    };
    let main = main.iter().map(|word| word.replace("$$", "$$$$"));
    let container = json!({
        "name": "c", "image": "i", "command": main.collect::<Vec<_>>(),
        "lifecycle": {
            "postStart": hook(&["/hooks/greet", "--", "hash", "5"]),
            "preStop": hook(&["/hooks/fail", "7"]),
        },
    });
    let played = PodFile::of(&container).played(&["--native-exec", "--until", "running"]);
    let failed = ["FailedPreStopHook: PreStopHook failed"];
    let expected = [&SUCCEEDS[..2], &SUCCEEDS[2..], &failed].concat();
    assert_eq!(sorted(events(&played)), sorted(expected), "{played:#}");
    assert_eq!(
        reports(&played),
        ["exec PostStart Succeeded", "exec PreStop Failed"]
    );
    assert!(
        message(&played, 1).contains("exited with 7"),
        "{}",
        message(&played, 1)
    );
}

fn sorted<T: Into<String>>(lines: Vec<T>) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().map(Into::into).collect();
    lines.sort();
    lines
}

#[test]
fn an_exec_adapter_as_a_process() {
    let adapter = executable().to_str().unwrap();
    let exits = compiled(wasip1::EXITS, &[]);
    let noop = compiled(lifecycle::NOOP, &[]);
    let container = hooked(
        UNTIL_TERM,
        &json!({
            "postStart": exec(&[adapter, "--phase", "post-start", &noop]),
            "preStop": exec(&[adapter, "--timeout", "5s", &exits, "--", "3"]),
        }),
    );
    let played = PodFile::of(&container).played(&["--native-exec", "--until", "running"]);
    assert_eq!(
        reports(&played),
        ["exec PostStart Succeeded", "exec PreStop Failed"]
    );
    let said = message(&played, 1);
    assert!(
        said.contains("exited with 3: error: ") && said.contains("exit status 3"),
        "{said}"
    );
    let failing = hooked(
        UNTIL_TERM,
        &json!({"postStart": exec(&[adapter, &exits, "--", "panic"])}),
    );
    let spec = json!({"restartPolicy": "Never", "containers": [failing]});
    let played = PodFile::new(&spec).played(&["--native-exec", "--until", "done"]);
    let seen = events(&played);
    for event in [
        "FailedPostStartHook: PostStartHook failed",
        "Killing: FailedPostStartHook",
    ] {
        assert!(seen.iter().any(|one| one == event), "{seen:?}");
    }
    assert!(
        message(&played, 0).contains("exited with 134"),
        "{}",
        message(&played, 0)
    );
}

#[test]
fn the_http_adapter_as_a_sidecar() {
    let folder = serve::hooks();
    let hooks = folder.path().to_str().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let listen = format!("127.0.0.1:{port}");
    let server = env!("CARGO_BIN_EXE_podhook");
    let sidecar = json!({
        "name": "podhook", "image": "i", "restartPolicy": "Always",
        "command": [server, "serve", "--hooks", hooks, "--listen", listen, "--timeout", "200ms"],
        "env": [{"name": "PODHOOK_CACHE", "value": ""}],
        "startupProbe": {
            "httpGet": {"port": port, "path": "/readyz"},
            "periodSeconds": 1, "failureThreshold": 60,
        },
    });
    let get = |path: &str| json!({"httpGet": {"port": port, "path": path}});
    let lifecycle = json!({
        "postStart": get("/v1/hooks/noop/postStart?container=c"),
        "preStop": get("/v1/hooks/spin/preStop?container=c"),
    });
    let spec = json!({
        "initContainers": [sidecar],
        "containers": [hooked(UNTIL_TERM, &lifecycle)],
    });
    let played = PodFile::new(&spec).played(&["--until", "running"]);
    assert_eq!(
        reports(&played),
        ["httpGet PostStart Succeeded", "httpGet PreStop Failed"]
    );
    let expected = format!(
        "failed - error: Get \"http://127.0.0.1:{port}/v1/hooks/spin/preStop?container=c\": net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"\""
    );
    assert!(
        message(&played, 1).contains(&expected),
        "{}",
        message(&played, 1)
    );
    let seen = events(&played);
    let failed = "FailedPreStopHook: PreStopHook failed".to_owned();
    assert!(seen.contains(&failed), "{seen:?}");
    assert!(
        !seen.iter().any(|event| event.contains("PostStartHook")),
        "{seen:?}"
    );
}
