//! PRE: hooks that run before a container is stopped.

use super::{Life, container, delete, exec, played, pod_of, pre_stop, scenario};
use serde_json::{Value, json};

/// PRE-01: the event, the hook, and then the container is stopped.
#[test]
fn it_comes_between_the_event_and_the_signal() {
    let seen = played(
        &pod_of(30, pre_stop(exec("bye"))),
        &scenario(&json!({"command": ["bye"], "takesSeconds": 2}), 5.0),
    );
    assert_eq!(seen.events()[2..], ["5.0 Killing Stopping container c"]);
    assert_eq!(
        seen.processes()[1..],
        [
            "5.0 c/preStop start",
            "7.0 c/preStop exit 0",
            "7.0 c signal TERM",
            "7.0 c exit 0",
        ]
    );
    assert_eq!(seen.calls()[2..3], ["7.0 StopContainer c 28"]);
}

/// PRE-02: a request goes to the handler's own host and port.
#[test]
fn a_request_is_sent_where_the_handler_says() {
    let handler = json!({"httpGet": {"host": "testHost.com", "port": 80, "path": "/bye"}});
    let spec = pod_of(30, pre_stop(handler));
    let ends_at = |host: &str, port: u16| {
        let http = json!([{"host": host, "port": port, "takesSeconds": 3, "status": 200}]);
        let seen = played(&spec, &json!({"http": http, "actions": [delete(5.0)]}));
        assert!(!seen.has_event("FailedPreStopHook"));
        seen.containers()[1].clone()
    };
    assert_eq!(ends_at("testHost.com", 80), "8.0 c signal TERM");
    for (host, port) in [("other.com", 80), ("testHost.com", 81)] {
        assert_eq!(ends_at(host, port), "5.0 c signal TERM");
    }
}

/// PRE-05: its failure is told, and changes nothing.
#[test]
fn its_failure_is_not_fatal() {
    let seen = played(
        &pod_of(30, pre_stop(exec("bye"))),
        &scenario(&json!({"command": ["bye"], "exitCode": 1}), 5.0),
    );
    assert_eq!(
        seen.events()[2..],
        [
            "5.0 Killing Stopping container c",
            "5.0 FailedPreStopHook PreStopHook failed",
        ]
    );
    assert_eq!(seen.calls()[2..3], ["5.0 StopContainer c 30"]);
}

/// PRE-06, PRE-08: when its time is over the container is stopped, and the hook runs on
/// as long as the container does.
#[test]
fn it_is_left_to_itself_when_its_time_is_over() {
    let seen = played(
        &pod_of(3, pre_stop(exec("bye"))),
        &json!({
            "containers": {"c": {"onTerm": {"exitsAfterSeconds": 1}}},
            "exec": [{"command": ["bye"], "takesSeconds": null}],
            "actions": [delete(5.0)],
        }),
    );
    assert_eq!(seen.calls()[2..3], ["8.0 StopContainer c 2"]);
    assert_eq!(
        seen.processes()[1..],
        [
            "5.0 c/preStop start",
            "8.0 c signal TERM",
            "9.0 c exit 0",
            "9.0 c/preStop killed",
        ]
    );
    let at_its_end: Vec<_> = seen
        .events()
        .into_iter()
        .filter(|row| row.starts_with("8.0"))
        .collect();
    assert_eq!(at_its_end, [""; 0]);
}

/// A container that a probe kills from 2 s on.
fn probed(probe: &str, grace: Option<u64>) -> Life {
    let mut spec = pod_of(60, pre_stop(exec("bye")));
    let mut told = json!({
        "exec": {"command": ["check"]}, "periodSeconds": 1, "failureThreshold": 1,
        "initialDelaySeconds": 2,
    });
    if let Some(grace) = grace {
        told["terminationGracePeriodSeconds"] = json!(grace);
    }
    spec["containers"][0][probe] = told;
    let bye = json!({"command": ["bye"], "takesSeconds": 1.5});
    let check = json!({"command": ["check"], "exitCode": 1});
    played(
        &spec,
        &json!({"exec": [bye, check], "actions": [delete(5.0)]}),
    )
}

fn killing(life: &Life) -> &Value {
    let mut events = life.rows("events").iter();
    events.find(|event| event["reason"] == "Killing").unwrap()
}

/// PRE-10, PRE-11: a probe's kill says whose it was, and the hook runs as for any other.
#[test]
fn it_runs_when_a_probe_kills() {
    for (probe, name) in [("livenessProbe", "liveness"), ("startupProbe", "startup")] {
        let seen = probed(probe, None);
        let why = format!("Container c failed {name} probe, will be restarted");
        assert_eq!(killing(&seen)["message"], why.as_str());
        let rows = seen.processes();
        assert!(rows[1].ends_with(" c/preStop start"), "{rows:#?}");
        assert!(rows[2].ends_with(" c/preStop exit 0"), "{rows:#?}");
        assert!(rows[3].ends_with(" c signal TERM"), "{rows:#?}");
    }
}

/// GRACE-03, GRACE-04: a probe may have a grace period of its own; GRACE-02: else it is
/// the pod's. The hook's second is taken off.
#[test]
fn a_probe_has_its_own_grace() {
    for probe in ["livenessProbe", "startupProbe"] {
        assert_eq!(probed(probe, Some(10)).timeouts()[0], 9, "{probe}");
        assert_eq!(probed(probe, None).timeouts()[0], 59, "{probe}");
    }
}

/// GRACE-07: to a deletion the probe's grace means nothing.
#[test]
fn a_deletion_has_the_grace_of_the_pod() {
    let mut spec = pod_of(60, json!({}));
    spec["containers"][0]["livenessProbe"] =
        json!({"exec": {"command": ["check"]}, "terminationGracePeriodSeconds": 10});
    let seen = played(&spec, &json!({"actions": [delete(5.0)]}));
    assert_eq!(seen.timeouts(), [60]);
}

/// PRE-15, PRE-17: hooks of all containers run at once, and the sandbox is stopped when
/// all containers are.
#[test]
fn all_run_at_once_and_the_sandbox_is_last() {
    let spec = json!({"containers": [
        container("a", pre_stop(exec("bye"))),
        container("b", pre_stop(exec("bye"))),
    ]});
    let seen = played(
        &spec,
        &scenario(&json!({"command": ["bye"], "takesSeconds": 2}), 5.0),
    );
    let rows = seen.processes();
    let starts: Vec<_> = rows
        .iter()
        .filter(|row| row.ends_with("preStop start"))
        .collect();
    assert_eq!(starts, ["5.0 a/preStop start", "5.0 b/preStop start"]);
    let calls = seen.calls();
    let mut stops: Vec<_> = calls
        .iter()
        .filter(|call| call.contains("StopContainer"))
        .collect();
    stops.sort();
    assert_eq!(stops, ["7.0 StopContainer a 28", "7.0 StopContainer b 28"]);
    assert!(
        calls.last().unwrap().ends_with("StopPodSandbox"),
        "{calls:#?}"
    );
}

/// PRE-18, of which no more is seen here: no liveness probe kills what is being stopped.
#[test]
fn no_probe_kills_during_the_hook() {
    let mut spec = pod_of(30, pre_stop(exec("bye")));
    spec["containers"][0]["livenessProbe"] = json!({
        "exec": {"command": ["check"]}, "periodSeconds": 1, "failureThreshold": 3,
    });
    let bye = json!({"command": ["bye"], "takesSeconds": 10});
    let check = json!({"command": ["check"], "exitCode": 1});
    let seen = played(
        &spec,
        &json!({"exec": [bye, check], "actions": [delete(0.5)]}),
    );
    let events = seen.events();
    let kills: Vec<_> = events
        .iter()
        .filter(|row| row.contains(" Killing "))
        .collect();
    assert_eq!(kills, ["0.5 Killing Stopping container c"]);
}
