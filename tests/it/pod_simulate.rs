//! `podhook pod simulate` from the outside: the kubelet's rules, by the names they have
//! in Kubernetes' own tests, in virtual time.

use crate::podhook::{Finished, podhook};
use serde_json::{Value, json};

fn simulate(case: &Value) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    std::fs::write(&path, case.to_string()).unwrap();
    podhook(["pod", "simulate", path.to_str().unwrap(), "-o", "json"])
}

fn timeline(spec: &Value, scenario: &Value) -> Value {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
    let done = simulate(&json!({"pod": pod, "scenario": scenario}));
    assert_eq!((done.status, &*done.stderr), (0, ""), "{done:#?}");
    serde_json::from_str(&done.stdout).unwrap()
}

/// A container whose hooks execute commands of these names.
fn container(name: &str, hooks: &[(&str, &str)]) -> Value {
    let hooks: serde_json::Map<_, _> = hooks
        .iter()
        .map(|(hook, command)| {
            let exec = json!({"exec": {"command": [command]}});
            ((*hook).to_owned(), exec)
        })
        .collect();
    json!({"name": name, "image": "i", "lifecycle": hooks})
}

fn rows<'t>(timeline: &'t Value, list: &str) -> &'t Vec<Value> {
    timeline[list].as_array().unwrap()
}

/// `T WHO WHAT` of each process row.
fn processes(timeline: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let who = row["container"].as_str().or(row["hook"].as_str()).unwrap();
        format!("{} {who} {}", row["t"], row["what"].as_str().unwrap())
    };
    rows(timeline, "processes").iter().map(row).collect()
}

fn messages(timeline: &Value) -> Vec<&str> {
    let events = rows(timeline, "events").iter();
    events
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

fn delete(at: f64) -> Value {
    json!({"atSeconds": at, "delete": {}})
}

/// POST-01, POST-09, POST-10, POST-17: a hook that fails takes its container down, with
/// its preStop hook, and the next container starts all the same.
#[test]
fn a_failed_post_start_hook_kills_its_container_alone() {
    let spec = json!({
        "restartPolicy": "Never",
        "containers": [container("a", &[("postStart", "no"), ("preStop", "bye")]), container("b", &[])],
    });
    let scenario = json!({
        "exec": [{"command": ["no"], "takesSeconds": 1, "exitCode": 1}, {"command": ["bye"], "takesSeconds": 2}],
        "actions": [delete(9.0)],
    });
    let seen = timeline(&spec, &scenario);
    assert_eq!(
        messages(&seen),
        [
            "Container created",
            "Container started",
            "PostStartHook failed",
            "FailedPostStartHook",
            "Container created",
            "Container started",
            "Stopping container b",
        ]
    );
    assert_eq!(
        processes(&seen)[..8],
        [
            "0.0 a start",
            "0.0 a/postStart start",
            "1.0 a/postStart exit",
            "1.0 a/preStop start",
            "3.0 a/preStop exit",
            "3.0 a signal TERM",
            "3.0 a exit",
            "3.0 b start",
        ]
    );
    assert_eq!(rows(&seen, "calls")[2]["timeoutSeconds"], 28);
}

/// POST-18, GRACE-23: what is deleted while its postStart hook runs waits for it, and
/// then has its whole grace, of which a hook may take all but two seconds.
#[test]
fn grace_is_counted_from_the_end_of_a_post_start_hook() {
    let spec = json!({
        "terminationGracePeriodSeconds": 3,
        "containers": [container("c", &[("postStart", "hi"), ("preStop", "hangs")])],
    });
    let scenario = json!({
        "containers": {"c": {"onTerm": "ignore"}},
        "exec": [{"command": ["hi"], "takesSeconds": 5}, {"command": ["hangs"], "takesSeconds": null}],
        "actions": [delete(1.0)],
    });
    let seen = timeline(&spec, &scenario);
    assert_eq!(
        processes(&seen),
        [
            "0.0 c start",
            "0.0 c/postStart start",
            "5.0 c/postStart exit",
            "5.0 c/preStop start",
            "8.0 c signal TERM",
            "10.0 c killed",
            "10.0 c/preStop killed",
        ]
    );
    assert_eq!(messages(&seen).last(), Some(&"PreStopHook failed"));
}

/// SIDECAR-04, SIDECAR-06: hooks of all run at once, SIGTERM goes from the last to the
/// first.
#[test]
fn sidecars_are_stopped_after_those_that_need_them() {
    let sidecar = |name| {
        let mut sidecar = container(name, &[("preStop", "bye")]);
        sidecar["restartPolicy"] = json!("Always");
        sidecar
    };
    let spec = json!({
        "initContainers": [sidecar("s1"), sidecar("s2")],
        "containers": [container("c", &[])],
    });
    let second = json!({"onTerm": {"exitsAfterSeconds": 1, "exitCode": 0}});
    let scenario = json!({
        "containers": {"s1": second, "s2": second, "c": second},
        "exec": [{"command": ["bye"], "takesSeconds": 0.5}],
        "actions": [delete(4.0)],
    });
    let seen = processes(&timeline(&spec, &scenario));
    let terms: Vec<_> = seen.iter().filter(|row| row.ends_with("TERM")).collect();
    assert_eq!(
        terms,
        [
            "4.0 c signal TERM",
            "5.0 s2 signal TERM",
            "6.0 s1 signal TERM"
        ]
    );
    let hooks: Vec<_> = seen
        .iter()
        .filter(|row| row.ends_with("preStop start"))
        .collect();
    assert_eq!(hooks, ["4.0 s1/preStop start", "4.0 s2/preStop start"]);
}

/// A restarted kubelet runs preStop again, and postStart never.
#[test]
fn a_restarted_kubelet_repeats_one_hook_and_loses_the_other() {
    let spec = json!({"containers": [container("c", &[("postStart", "hi"), ("preStop", "bye")])]});
    let scenario = json!({
        "exec": [{"command": ["hi"], "takesSeconds": 9}, {"command": ["bye"], "takesSeconds": 4}],
        "actions": [
            {"atSeconds": 1, "stopKubelet": {}}, {"atSeconds": 2, "startKubelet": {}},
            delete(5.0),
            {"atSeconds": 6, "stopKubelet": {}}, {"atSeconds": 7, "startKubelet": {}},
        ],
    });
    let seen = timeline(&spec, &scenario);
    assert_eq!(
        processes(&seen)[1..],
        [
            "0.0 c/postStart start",
            "1.0 c/postStart killed",
            "5.0 c/preStop start",
            "6.0 c/preStop killed",
            "8.3 c/preStop start",
            "12.3 c/preStop exit",
            "12.3 c signal TERM",
            "12.3 c exit",
        ]
    );
}

/// POST-15, and a day of it: back-off doubles up to five minutes.
#[test]
fn a_day_of_restarts() {
    let spec = json!({"containers": [container("c", &[("postStart", "no")])]});
    let scenario = json!({
        "exec": [{"command": ["no"], "exitCode": 1}],
        "actions": [delete(86_400.0)],
    });
    let seen = timeline(&spec, &scenario);
    let starts: Vec<f64> = rows(&seen, "processes")
        .iter()
        .filter(|row| row["container"] == "c" && row["what"] == "start")
        .map(|row| row["t"].as_f64().unwrap())
        .collect();
    let gaps: Vec<_> = starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).round())
        .collect();
    assert_eq!(
        gaps[..8],
        [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    );
    assert!(starts.len() > 280, "{}", starts.len());
    let last = rows(&seen, "statuses").last().unwrap();
    assert_eq!(last["phase"], "Succeeded");
}

#[test]
fn a_pod_that_is_rejected_is_not_played() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i", "lifecycle": {"preStop": {}}}]},
    });
    let done = simulate(&json!({"pod": pod}));
    assert_eq!(done.status, 65);
    let shown: Value = serde_json::from_str(&done.stdout).unwrap();
    let why = "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type";
    assert_eq!(shown, json!({"rejected": [why]}));
}

#[test]
fn a_scenario_that_makes_no_sense_is_an_error_with_its_field() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [container("c", &[])]},
    });
    for (scenario, words) in [
        (json!({"containers": {"x": {}}}), "scenario.containers.x"),
        (
            json!({"containers": {"c": []}}),
            "list of behaviours is empty",
        ),
        (
            json!({"actions": [{"atSeconds": 1}]}),
            "scenario.actions[0]",
        ),
        (
            json!({"actions": [{"atSeconds": -1, "delete": {}}]}),
            "between 0 and",
        ),
        (
            json!({"actions": [{"atSeconds": 1e300, "delete": {}}]}),
            "between 0 and",
        ),
        (
            json!({"exec": [{"command": "x"}]}),
            "scenario.exec[0].command",
        ),
        (json!({"whatever": 1}), "whatever"),
    ] {
        let done = simulate(&json!({"pod": pod, "scenario": scenario}));
        assert_eq!((done.status, &*done.stdout), (78, ""), "{done:#?}");
        assert!(done.stderr.contains(words), "{words}: {done:#?}");
    }
}
