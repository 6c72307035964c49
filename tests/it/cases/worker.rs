//! What a pod's worker does beside hooks, where hooks depend on it: restarts and their
//! back-off, probes' tickers, sidecars, a kubelet that comes back.

use super::{container, delete, exec, played, pre_stop};
use serde_json::{Value, json};

fn sidecar(name: &str, lifecycle: Value) -> Value {
    let mut sidecar = container(name, lifecycle);
    sidecar["restartPolicy"] = json!("Always");
    sidecar
}

/// R17: only a pod that ends has an order in which its containers go.
#[test]
fn a_sidecar_that_is_killed_alone_waits_for_nobody() {
    let mut side = sidecar("s", json!({}));
    side["livenessProbe"] = json!({"exec": {"command": ["bad"]}, "failureThreshold": 1});
    let spec = json!({"initContainers": [side], "containers": [container("c", json!({}))]});
    let bad = json!({"command": ["bad"], "exitCode": 1});
    let seen = played(&spec, &json!({"exec": [bad], "actions": [delete(12.0)]}));
    let rows = seen.containers();
    assert_eq!(
        rows[2..5],
        ["9.55 s signal TERM", "9.55 s exit 0", "9.55 s start"]
    );
}

/// R65, §4.7: what a sidecar waits for is the end of the others' kills, and a pause as
/// preStop hook goes on after its container.
#[test]
fn a_sidecar_waits_for_the_others_hooks() {
    let pause = pre_stop(json!({"sleep": {"seconds": 6}}));
    let spec = json!({
        "initContainers": [sidecar("s", json!({}))], "containers": [container("c", pause)],
    });
    let scenario = json!({"containers": {"c": {"exitsAfterSeconds": 4}}, "actions": [delete(2.0)]});
    let rows = played(&spec, &scenario).containers();
    assert_eq!(rows[2..4], ["4.0 c exit 0", "8.0 s signal TERM"]);
}

/// R21: also a container that a probe kills is started later each time, since what ended
/// before it counts.
#[test]
fn restarts_by_a_probe_back_off() {
    let mut main = container("c", json!({}));
    main["livenessProbe"] =
        json!({"exec": {"command": ["bad"]}, "failureThreshold": 1, "periodSeconds": 1});
    let bad = json!({"command": ["bad"], "exitCode": 1});
    let spec = json!({"containers": [main]});
    let seen = played(&spec, &json!({"exec": [bad], "actions": [delete(60.0)]}));
    let starts: Vec<_> = seen
        .containers()
        .into_iter()
        .filter(|row| row.ends_with("start"))
        .collect();
    // At ticks of the probe's own; the first two restarts are immediate.
    assert_eq!(
        starts,
        [
            "0.0 c start",
            "0.55 c start",
            "1.55 c start",
            "12.55 c start",
            "33.55 c start"
        ]
    );
    assert!(seen.has_event("BackOff"));
}

/// A kubelet that is started anew asks on, although it shows what was shown before.
#[test]
fn a_restarted_kubelet_probes() {
    let mut main = container("c", json!({}));
    main["livenessProbe"] =
        json!({"exec": {"command": ["bad"]}, "failureThreshold": 1, "initialDelaySeconds": 4});
    let scenario = json!({
        "exec": [{"command": ["bad"], "exitCode": 1}],
        "actions": [
            {"atSeconds": 1, "stopKubelet": {}}, {"atSeconds": 2, "startKubelet": {}}, delete(20.0),
        ],
    });
    let seen = played(&json!({"containers": [main]}), &scenario);
    let killing = "Killing Container c failed liveness probe, will be restarted";
    assert!(
        seen.events().iter().any(|event| event.ends_with(killing)),
        "{seen:#?}"
    );
}

/// R32: a pod that the API does not know any more is ended without its hooks.
#[test]
fn an_orphan_gets_no_hook() {
    let scenario = json!({"actions": [
        {"atSeconds": 1, "stopKubelet": {}},
        {"atSeconds": 2, "delete": {"gracePeriodSeconds": 0}},
        {"atSeconds": 3, "startKubelet": {}},
    ]});
    let spec = json!({"containers": [container("c", pre_stop(exec("hi")))]});
    let seen = played(&spec, &scenario);
    let rows = seen.processes();
    assert_eq!(rows.len(), 3, "{rows:#?}");
    assert!(rows[1].ends_with(" c signal TERM"));
    assert_eq!(seen.timeouts(), [2]);
}

/// R20: a container's own policy and rules decide, also when all have ended.
#[test]
fn a_container_s_own_policy_decides() {
    let rule = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]);
    let ends = |pod: &str, own: &str, rules: Option<&Value>| {
        let mut main = container("c", json!({}));
        main["restartPolicy"] = json!(own);
        if let Some(rules) = rules {
            main["restartPolicyRules"] = rules.clone();
        }
        let spec = json!({"restartPolicy": pod, "containers": [main]});
        let exits = json!([{"exitsAfterSeconds": 1, "exitCode": 42}, {}]);
        let scenario = json!({"containers": {"c": exits}, "actions": [delete(9.0)]});
        let seen = played(&spec, &scenario);
        let starts = seen
            .containers()
            .iter()
            .filter(|row| row.ends_with("start"))
            .count();
        let last = seen.statuses("c").pop().unwrap();
        (starts, last.split(' ').nth(1).unwrap().to_owned())
    };
    assert_eq!(ends("Never", "Always", None), (2, "Succeeded".to_owned()));
    assert_eq!(ends("Always", "Never", None), (1, "Failed".to_owned()));
    assert_eq!(
        ends("Never", "Never", Some(&rule)),
        (2, "Succeeded".to_owned())
    );
}

/// A main container that ended waits for the last sidecar, as at first.
#[test]
fn the_last_sidecar_comes_back_before_the_others() {
    let spec = json!({
        "initContainers": [sidecar("s", json!({}))], "containers": [container("c", json!({}))],
    });
    let scenario = json!({
        "containers": {
            "s": [{"exitsAfterSeconds": 1, "exitCode": 1}, {"exitsAfterSeconds": 1, "exitCode": 1}, {}],
            "c": [{"exitsAfterSeconds": 3.5, "exitCode": 1}, {}],
        },
        "actions": [delete(30.0)],
    });
    let rows = played(&spec, &scenario).containers();
    let back: Vec<_> = rows
        .iter()
        .skip(6)
        .filter(|row| row.ends_with("start"))
        .collect();
    assert_eq!(back, ["12.3 s start", "12.3 c start"]);
}
