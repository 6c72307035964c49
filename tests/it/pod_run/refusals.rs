//! What is not played: a clear error, and nothing is started.

use super::{PodFile, exec, exists, hooked, sh};
use podhook_test_guests::{lifecycle, wasip1};
use serde_json::{Value, json};

/// A pod whose container would leave a mark.
fn marked(lifecycle: &Value) -> (PodFile, impl Fn() -> bool + use<>) {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("started");
    let script = format!("touch {}", mark.display());
    let pod = PodFile::of(&hooked(&script, lifecycle));
    (pod, move || {
        let _ = &folder;
        exists(&mark)
    })
}

#[track_caller]
fn refused(pod: &PodFile, arguments: &[&str], status: i32, words: &[&str]) {
    let done = pod.run(arguments);
    assert_eq!((done.status, &*done.stdout), (status, ""), "{done:#?}");
    for word in words {
        assert!(done.stderr.contains(word), "{word} in {done:#?}");
    }
}

#[test]
fn a_handler_that_would_run_unsandboxed_is_named() {
    let (pod, started) = marked(&json!({
        "postStart": exec(&["/bin/sh", "-c", "true"]),
        "preStop": exec(&["nginx", "-s", "quit"]),
    }));
    let words = [
        "pod.json: line 1: spec.containers[0].lifecycle.postStart.exec.command: \"/bin/sh\" names no hook module under ",
        "spec.containers[0].lifecycle.preStop.exec.command: \"nginx\" names no hook module",
        "hint: --hooks DIR says where modules are; --native-exec",
    ];
    refused(&pod, &[], 77, &words);
    refused(&pod, &["-o", "json"], 77, &words);
    assert!(!started());
}

#[test]
fn a_module_that_is_missing_or_none() {
    let (pod, started) = marked(&json!({"preStop": exec(&["drain.wasm"])}));
    refused(
        &pod,
        &["--native-exec"],
        66,
        &["drain.wasm", "No such file"],
    );
    std::fs::write(pod.folder.path().join("drain.wasm"), "no module").unwrap();
    refused(
        &pod,
        &[],
        65,
        &[
            "line 1: spec.containers[0].lifecycle.preStop.exec.command",
            "drain.wasm: ",
        ],
    );
    let (adapter, _) = marked(&json!({"preStop": exec(&["podhook-exec", "nope"])}));
    refused(&adapter, &[], 66, &["no hook module nope in "]);
    let (outside, _) = marked(&json!({"preStop": exec(&["podhook-exec", "../x.wasm"])}));
    refused(&outside, &[], 66, &["no hook module ../x.wasm in "]);
    assert!(!started());
}

#[test]
fn the_adapter_s_bad_words_are_the_file_s_fault() {
    for (words, why) in [
        (&["podhook-exec"][..], "no HOOK after podhook-exec"),
        (
            &["podhook-exec", "--what", "hook.wasm"],
            "unexpected argument '--what' found",
        ),
        (
            &["podhook-exec", "--memory=1Q", "hook.wasm"],
            "invalid value '1Q'",
        ),
        (
            &["podhook-exec", "--container-pid=4", "hook.wasm"],
            "--container-pid: only 1 is known",
        ),
    ] {
        let (pod, started) = marked(&json!({"preStop": exec(words)}));
        let pod = pod.with_module("hook.wasm", wasip1::FILES);
        refused(
            &pod,
            &[],
            78,
            &["spec.containers[0].lifecycle.preStop.exec.command: ", why],
        );
        assert!(!started());
    }
    let words = ["podhook-exec", "--http-get=/", "hook.wasm"];
    let (pod, _) = marked(&json!({"preStop": exec(&words)}));
    let pod = pod.with_module("hook.wasm", lifecycle::NOOP);
    refused(&pod, &[], 2, &["hook.wasm is of kind lifecycle"]);
}

#[test]
fn a_pod_that_validation_rejects() {
    let pod = PodFile::of(&hooked("true", &json!({"preStop": {}})));
    let message =
        "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type";
    let text = pod.run(&[]);
    assert_eq!((text.status, text.stdout.trim_end()), (65, message));
    let object = pod.run(&["-o", "json"]);
    assert_eq!(object.status, 65);
    assert_eq!(object.report(), json!({"rejected": [message]}));
}

#[test]
fn options_that_make_no_sense() {
    let pod = PodFile::of(&sh("true"));
    for (arguments, word) in [
        (&["--grace=-1"][..], "--grace"),
        (&["--grace=5s"], "write whole seconds without a unit"),
        (&["--image=nginx"], "no =COMMAND"),
        (&["--image=nginx='x"], "a quote is not closed"),
        (&["--until=gone"], "possible values: running, done"),
        (&["--pod-ip=localhost"], "--pod-ip"),
    ] {
        refused(&pod, arguments, 2, &[word]);
    }
    let done = crate::podhook::podhook(["pod", "run", "/nowhere/pod.yaml"]);
    assert_eq!((done.status, &*done.stdout), (78, ""), "{done:#?}");
}
