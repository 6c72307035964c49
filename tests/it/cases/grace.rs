//! GRACE: how long a container has to end.

use super::{delete, exec, played, pod_of, pre_stop, scenario};
use serde_json::{Value, json};

/// The timeout of the one stop of a pod without hooks.
fn timeout(grace: u64, delete: &Value) -> Vec<u64> {
    let actions = json!({"actions": [{"atSeconds": 5, "delete": delete}]});
    played(&pod_of(grace, json!({})), &actions).timeouts()
}

/// GRACE-02, GRACE-13, GRACE-14: the pod's, unless the deletion has one.
#[test]
fn a_deletion_may_have_its_own() {
    assert_eq!(timeout(60, &json!({})), [60]);
    assert_eq!(timeout(30, &json!({})), [30]);
    assert_eq!(timeout(30, &json!({"gracePeriodSeconds": 5})), [5]);
}

/// GRACE-19, GRACE-20, GRACE-21: what the hook took is taken off in whole seconds, and
/// two are left in any case.
#[test]
fn whole_seconds_of_the_hook_are_taken_off() {
    for (grace, takes, left) in [(10, 1.9, 9), (10, 0.9, 10), (3, 2.5, 2)] {
        let told = json!({"command": ["bye"], "takesSeconds": takes});
        let seen = played(&pod_of(grace, pre_stop(exec("bye"))), &scenario(&told, 5.0));
        assert_eq!(seen.timeouts(), [left], "{takes} of {grace}");
    }
}

/// GRACE-16: without any grace the hook has the one second that is left.
#[test]
fn a_deletion_without_grace() {
    let spec = pod_of(30, pre_stop(exec("bye")));
    let told = json!({
        "exec": [{"command": ["bye"], "takesSeconds": null}],
        "actions": [{"atSeconds": 5, "delete": {"gracePeriodSeconds": 0}}],
    });
    let seen = played(&spec, &told);
    assert_eq!(seen.timeouts(), [2]);
    assert_eq!(
        seen.processes()[1..3],
        ["5.0 c/preStop start", "6.0 c signal TERM"]
    );
}

/// GRACE-23, of a pod whose hook is over: it has its grace, and no more.
#[test]
fn the_grace_is_kept_to_the_second() {
    let scenario = json!({"containers": {"c": {"onTerm": "ignore"}}, "actions": [delete(5.0)]});
    let seen = played(&pod_of(30, json!({})), &scenario);
    assert_eq!(
        seen.containers()[1..],
        ["5.0 c signal TERM", "35.0 c killed 137"]
    );
}
