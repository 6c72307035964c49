//! EXEC: commands of hooks.

use super::{Life, delete, played, pod_of, post_start, scenario};
use serde_json::{Value, json};

/// A postStart hook that executes `command`.
fn post(command: &[&str], mut comes_to: Value, deleted_at: f64) -> Life {
    comes_to["command"] = json!(command);
    let spec = pod_of(30, post_start(json!({"exec": {"command": command}})));
    played(&spec, &scenario(&comes_to, deleted_at))
}

/// EXEC-01, EXEC-03: a command is its words as they are written; of one with other
/// words the scenario knows nothing.
#[test]
fn words_are_passed_as_they_are() {
    let spec = pod_of(
        30,
        post_start(json!({"exec": {"command": ["echo", "$(FOO)"]}})),
    );
    let fails = |command: &[&str]| {
        let told = json!({"command": command, "exitCode": 1});
        played(&spec, &scenario(&told, 5.0)).has_event("FailedPostStartHook")
    };
    assert!(fails(&["echo", "$(FOO)"]));
    for other in [&["echo", ""][..], &["echo"], &["echo $(FOO)"]] {
        assert!(!fails(other), "{other:?}");
    }
}

/// EXEC-04, EVENT-02: a command that succeeds may say what it likes, and of hooks that
/// succeed no event tells.
#[test]
fn words_on_stderr_are_no_failure() {
    let seen = post(&["hi"], json!({"stderr": "warn"}), 5.0);
    assert_eq!(
        seen.events(),
        [
            "0.0 Created Container created",
            "0.0 Started Container started",
            "5.0 Killing Stopping container c",
        ]
    );
}

/// EXEC-05, EXEC-06, POST-11: what a command said and how it ended is what the status
/// tells of it.
#[test]
fn a_failure_is_told_with_its_words() {
    let command = ["sh", "-c", "echo no >&2; exit 3"];
    let seen = post(&command, json!({"exitCode": 3, "stderr": "no\n"}), 5.0);
    assert_eq!(
        seen.hook_error(),
        "Exec lifecycle hook ([sh -c echo no >&2; exit 3]) for Container \"c\" in Pod \"p_n(u)\" \
         failed - error: command 'sh -c echo no >&2; exit 3' exited with 3: no\n, message: \"no\\n\""
    );
    assert!(seen.has_event("FailedPostStartHook"));
}

/// EXEC-09: a command that cannot be started said nothing.
#[test]
fn a_missing_command_said_nothing() {
    let why = "exec: \"/nope\": stat /nope: no such file or directory";
    let seen = post(&["/nope"], json!({"cannotStart": why}), 5.0);
    let error = seen.hook_error();
    assert!(error.contains(why), "{error}");
    assert!(error.ends_with("message: \"\""), "{error}");
}

/// EXEC-13: a hook takes as long as it takes.
#[test]
fn no_hook_is_too_long() {
    let seen = post(&["hi"], json!({"takesSeconds": 3600}), 4000.0);
    assert_eq!(
        seen.processes()[1..],
        [
            "0.0 c/postStart start",
            "3600.0 c/postStart exit 0",
            "4000.0 c signal TERM",
            "4000.0 c exit 0",
        ]
    );
    assert!(!seen.has_event("FailedPostStartHook"));
}

/// INVALID-02: a handler that only old pods may have fails its container.
#[test]
fn a_tcp_socket_is_no_handler_that_runs() {
    let spec = pod_of(30, post_start(json!({"tcpSocket": {"port": 8080}})));
    let seen = played(&spec, &json!({"actions": [delete(0.5)]}));
    assert_eq!(
        seen.events()[2..4],
        [
            "0.0 FailedPostStartHook PostStartHook failed",
            "0.0 Killing FailedPostStartHook",
        ]
    );
    assert_eq!(
        seen.containers()[1..3],
        ["0.0 c signal TERM", "0.0 c exit 0"]
    );
}
