//! POST: hooks that run when a container started.

use super::{container, delete, exec, played, pod_of, post_start, scenario};
use serde_json::json;

/// POST-03: the next container is not even created before the hook is over.
#[test]
fn it_holds_up_the_next_container() {
    let spec = json!({"containers": [
        container("a", post_start(exec("hi"))),
        container("b", json!({})),
    ]});
    let told = json!({"command": ["hi"], "takesSeconds": 1});
    let seen = played(&spec, &scenario(&told, 9.0));
    assert_eq!(
        seen.calls()[..4],
        [
            "0.0 CreateContainer a",
            "0.0 StartContainer a",
            "1.0 CreateContainer b",
            "1.0 StartContainer b",
        ]
    );
}

/// POST-04, POST-06: beside the container's process, of which no one is told that it
/// runs until the hook is over.
#[test]
fn its_container_runs_unseen() {
    let seen = played(
        &pod_of(30, post_start(exec("hi"))),
        &scenario(&json!({"command": ["hi"], "takesSeconds": 2}), 9.0),
    );
    assert_eq!(
        seen.processes()[..3],
        [
            "0.0 c start",
            "0.0 c/postStart start",
            "2.0 c/postStart exit 0"
        ]
    );
    assert_eq!(
        seen.statuses("c")[..2],
        [
            "-0.45 Pending waiting ContainerCreating",
            "2.0 Running running"
        ]
    );
}

/// POST-05: init containers are over by then.
#[test]
fn it_comes_after_init_containers() {
    let mut spec = pod_of(30, post_start(exec("hi")));
    spec["initContainers"] = json!([{"name": "init", "image": "i"}]);
    let told = json!({
        "containers": {"init": {"exitsAfterSeconds": 3}},
        "exec": [{"command": ["hi"]}],
        "actions": [delete(9.0)],
    });
    let seen = played(&spec, &told).processes();
    let at = |what: &str| seen.iter().position(|row| row.ends_with(what)).unwrap();
    assert_eq!(seen[..2], ["0.0 init start", "3.0 init exit 0"]);
    assert!(at("init exit 0") < at("c start"));
    assert!(at("c start") < at("c/postStart start"));
}

/// POST-11: the reason is shown between restarts, with the hook's error.
#[test]
fn its_failure_is_the_reason_for_waiting() {
    let seen = played(
        &pod_of(30, post_start(exec("no"))),
        &scenario(&json!({"command": ["no"], "exitCode": 1}), 5.0),
    );
    let shown = seen.statuses("c");
    let waits = shown
        .iter()
        .filter(|row| row.ends_with(" Running waiting PostStartHookError"));
    assert_eq!(waits.count(), 2, "{shown:#?}");
    let error = seen.hook_error();
    assert!(
        error.starts_with("Exec lifecycle hook ([no]) for Container \"c\""),
        "{error}"
    );
}

/// EVENT-01: events name the container by its place in the pod.
#[test]
fn events_say_whose_hook_it_was() {
    let mut sidecar = container("s", post_start(exec("no")));
    sidecar["restartPolicy"] = json!("Always");
    let spec = json!({"initContainers": [sidecar], "containers": [container("c", json!({}))]});
    let other = pod_of(30, post_start(exec("no")));
    for (spec, path) in [
        (spec, "spec.initContainers{s}"),
        (other, "spec.containers{c}"),
    ] {
        let seen = played(
            &spec,
            &scenario(&json!({"command": ["no"], "exitCode": 1}), 2.0),
        );
        let failed = |event: &&serde_json::Value| event["reason"] == "FailedPostStartHook";
        let event = seen.rows("events").iter().find(failed).unwrap();
        assert_eq!(event["fieldPath"], path);
        assert_eq!(event["type"], "Warning");
    }
}
