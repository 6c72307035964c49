//! SLEEP: the handler that waits.

use super::{delete, exec, played, pod_of, post_start, pre_stop};
use serde_json::{Value, json};

fn sleep(seconds: u64) -> Value {
    json!({"sleep": {"seconds": seconds}})
}

/// SLEEP-01, SLEEP-03: as long as it says, none at all included.
#[test]
fn it_takes_as_long_as_it_says() {
    for (seconds, until) in [(5, "7.0"), (0, "2.0")] {
        let spec = pod_of(30, pre_stop(sleep(seconds)));
        let seen = played(&spec, &json!({"actions": [delete(2.0)]}));
        let term = format!("{until} c signal TERM");
        assert_eq!(seen.containers()[1..], [term, format!("{until} c exit 0")]);
        assert_eq!(seen.timeouts(), [30 - seconds]);
        assert!(!seen.has_event("FailedPreStopHook"));
    }
}

/// SLEEP-01: before the container is said to run, as any hook.
#[test]
fn it_holds_up_a_start() {
    let seen = played(
        &pod_of(30, post_start(sleep(5))),
        &json!({"actions": [delete(9.0)]}),
    );
    let shown = seen.statuses("c");
    assert_eq!(shown[0], "-0.45 Pending waiting ContainerCreating");
    assert_eq!(shown[1], "5.0 Running running");
}

/// SLEEP-02: a pod that is deleted with less time ends it, of which no event tells: the
/// kubelet waits no longer for what the hook comes to.
#[test]
fn it_ends_with_the_grace() {
    let delete = json!({"atSeconds": 1, "delete": {"gracePeriodSeconds": 2}});
    let seen = played(
        &pod_of(30, pre_stop(sleep(3))),
        &json!({"actions": [delete]}),
    );
    assert_eq!(
        seen.containers()[1..],
        ["3.0 c signal TERM", "3.0 c exit 0"]
    );
    assert_eq!(seen.timeouts(), [2]);
    assert!(!seen.has_event("FailedPreStopHook"));
}

/// SLEEP-05: of its grace the container has left what the sleep left.
#[test]
fn it_is_taken_off_the_grace() {
    let scenario = json!({"containers": {"c": {"onTerm": "ignore"}}, "actions": [delete(1.0)]});
    let seen = played(&pod_of(10, pre_stop(sleep(5))), &scenario);
    assert_eq!(
        seen.containers()[1..],
        ["6.0 c signal TERM", "11.0 c killed 137"]
    );
    assert_eq!(seen.timeouts(), [5]);
}

/// SLEEP-07, PRE-09: a container that is gone has no hooks, however it went.
#[test]
fn nothing_is_run_for_a_container_that_went() {
    for (code, phase) in [(0, "Succeeded"), (7, "Failed")] {
        for handler in [sleep(10), exec("bye")] {
            let mut spec = pod_of(30, pre_stop(handler));
            spec["restartPolicy"] = json!("Never");
            let went = json!({"exitsAfterSeconds": 1, "exitCode": code});
            let scenario = json!({"containers": {"c": went}, "actions": [delete(20.0)]});
            let seen = played(&spec, &scenario);
            let exit = format!("1.0 c exit {code}");
            assert_eq!(seen.processes(), ["0.0 c start", &exit]);
            let shown = seen.statuses("c");
            let over = shown.iter().find(|row| row.contains(phase)).unwrap();
            let t: f64 = over.split(' ').next().unwrap().parse().unwrap();
            assert!((1.0..3.0).contains(&t), "{over}");
        }
    }
}

/// SLEEP-08: it does not look at its container.
#[test]
fn it_outlasts_its_container() {
    let went = json!({"c": {"exitsAfterSeconds": 2}});
    let scenario = json!({"containers": went, "actions": [delete(1.0)]});
    let seen = played(&pod_of(30, pre_stop(sleep(4))), &scenario);
    assert_eq!(seen.processes(), ["0.0 c start", "2.0 c exit 0"]);
    let stop = seen
        .calls()
        .into_iter()
        .find(|call| call.contains("StopContainer"));
    assert_eq!(stop.as_deref(), Some("5.0 StopContainer c 26"));
}
