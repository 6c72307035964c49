//! What a person sees: rows as they come, and what no kubelet shows of a hook.

use super::{PodFile, UNTIL_TERM, exec, hooked, sh};
use serde_json::json;

#[test]
fn the_reason_and_the_output_stand_under_the_event() {
    let hooks = json!({
        "postStart": exec(&["echo", "fine"]),
        "preStop": exec(&["sh", "-c", "echo out; echo err >&2; exit 3"]),
    });
    let done =
        PodFile::of(&hooked(UNTIL_TERM, &hooks)).run(&["--native-exec", "--until", "running"]);
    assert_eq!((done.status, &*done.stderr), (0, ""), "{done:#?}");
    let words = [
        "Hook     c/postStart              Succeeded, took ",
        "stdout: fine",
        "Status   Running                  c: running, ready",
        "Hook     c/preStop                Failed, took ",
        "Warning  spec.containers{c}       FailedPreStopHook: PreStopHook failed",
        "message: Exec lifecycle hook ([sh -c echo out; echo err >&2; exit 3]) for Container \"c\"",
        "stdout: out",
        "stderr: err",
        "Call     c                        StopContainer, timeout 30 s",
        "Name:               p",
        "Status:             Failed",
        "    State:          Terminated",
        "      Exit Code:    143",
        "Events:",
        "  Warning  FailedPreStopHook ",
    ];
    let mut rest = &*done.stdout;
    for word in words {
        let at = rest
            .find(word)
            .unwrap_or_else(|| panic!("no {word} in order in {done:#?}"));
        rest = &rest[at..];
    }
}

#[test]
fn an_image_without_a_command_is_slept_for() {
    let mut container = sh("");
    container["command"] = json!([]);
    let pod = PodFile::of(&container);
    let done = pod.run(&["--until", "running", "-o", "json"]);
    assert!(
        done.stderr.starts_with(
            "warning: container \"c\" has no command, and nothing is known of image \"i\""
        ),
        "{done:#?}"
    );
    assert_eq!(
        super::processes(&done.report()),
        ["c start", "c signal TERM", "c exit 0"]
    );
    let done = pod.run(&[
        "--until",
        "done",
        "-o",
        "json",
        "--image",
        "i=sh -c 'exit 4'",
        "--delete-after",
        "1s",
    ]);
    assert_eq!(
        super::processes(&done.report())[..2],
        ["c start", "c exit 4"]
    );
    assert!(!done.stderr.contains("warning"), "{done:#?}");
    let done = pod.run(&["--until", "running", "--image", "j=false"]);
    let warning =
        "warning: --image j: no container without a command has this image; those that do have: i";
    assert!(done.stderr.contains(warning), "{done:#?}");
}

#[test]
fn what_only_a_cluster_knows_is_left_out_and_said() {
    let mut container = sh("test -z \"$SECRET\"");
    container["env"] =
        json!([{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]);
    container["securityContext"] = json!({"runAsUser": 1000});
    let spec = json!({"restartPolicy": "Never", "containers": [container]});
    let done = PodFile::new(&spec).run(&[]);
    assert_eq!(done.status, 0);
    let warning = "spec.containers[0].securityContext: has no effect on this machine";
    assert!(done.stderr.contains(warning), "{done:#?}");
    assert!(
        done.stderr
            .contains("spec.containers[0].env[0].valueFrom: only a cluster knows its value"),
        "{done:#?}"
    );
    assert!(
        done.stdout.contains("terminated (Completed, exit code 0)"),
        "{done:#?}"
    );
}
