//! SIDECAR: containers that start before the others and end after them.

use super::{Life, container, delete, exec, played, post_start};
use serde_json::{Value, json};

fn with_sidecar(lifecycle: Value) -> Life {
    let mut sidecar = container("s", lifecycle);
    sidecar["restartPolicy"] = json!("Always");
    let spec = json!({"initContainers": [sidecar], "containers": [container("c", json!({}))]});
    let slow = json!({"onTerm": {"exitsAfterSeconds": 1}});
    let scenario = json!({
        "containers": {"c": slow},
        "exec": [{"command": ["hi"], "takesSeconds": 1}],
        "actions": [delete(6.0)],
    });
    played(&spec, &scenario)
}

/// SIDECAR-01: its postStart hook holds up the pod's containers.
#[test]
fn its_hook_holds_up_the_others() {
    let rows = with_sidecar(post_start(exec("hi"))).processes();
    assert_eq!(
        rows[..3],
        [
            "0.0 s start",
            "0.0 s/postStart start",
            "1.0 s/postStart exit 0"
        ]
    );
    assert!(rows[3].ends_with(" c start"), "{rows:#?}");
}

/// SIDECAR-03: it is told when the others are gone.
#[test]
fn it_is_stopped_after_the_others() {
    let seen = with_sidecar(json!({}));
    let rows = seen.containers();
    assert_eq!(
        rows[2..],
        [
            "6.0 c signal TERM",
            "7.0 c exit 0",
            "7.0 s signal TERM",
            "7.0 s exit 0",
        ]
    );
}
