//! Exec handlers that are modules: in the sandbox, with the container's own.

use super::{PodFile, UNTIL_TERM, events, exec, hooked, processes, report, rows};
use podhook_test_guests::{lifecycle, wasip1, wat};
use serde_json::{Value, json};

/// A preStop hook of a container with this environment and these resources.
fn pod(words: &[&str], module: &str) -> PodFile {
    let mut container = hooked(UNTIL_TERM, &json!({"preStop": exec(words)}));
    container["env"] = json!([{"name": "WHO", "value": "me"}]);
    container["resources"] = json!({"limits": {"memory": "32Mi"}});
    PodFile::of(&container).with_module("hook.wasm", module)
}

fn stdout(seen: &Value) -> &str {
    report(seen)["stdout"].as_str().unwrap()
}

#[test]
fn a_module_has_its_container_s_environment_and_nothing_else() {
    for program in ["hook.wasm", "/hook", "hook"] {
        let seen = pod(&[program, "env", "WHO"], wasip1::FILES).played(&["--until", "running"]);
        assert_eq!(stdout(&seen), "me\n");
        assert_eq!(report(&seen)["module"]["source"], program);
        assert_eq!(
            processes(&seen)[1..3],
            ["c/preStop start", "c/preStop exit 0"]
        );
    }
    let seen = pod(&["hook.wasm", "read", "/etc/passwd"], wasip1::FILES);
    let seen = seen.played(&["--until", "running"]);
    assert_eq!(report(&seen)["outcome"], "Failed");
}

#[test]
fn a_module_s_failure_is_an_exec_s_failure() {
    let words = ["hook.wasm", "read", "/etc/passwd"];
    let seen = pod(&words, wasip1::FILES).played(&["--until", "running"]);
    let message = report(&seen)["message"].as_str().unwrap();
    assert!(message.starts_with("Exec lifecycle hook ([hook.wasm read /etc/passwd]) for Container \"c\" in Pod \"p_default("), "{message}");
    assert!(
        message.contains(
            "command 'hook.wasm read /etc/passwd' exited with 1: error: hook.wasm: Failed"
        ),
        "{message}"
    );
    assert_eq!(events(&seen)[3], "FailedPreStopHook: PreStopHook failed");
    assert_eq!(processes(&seen)[2], "c/preStop exit 1");
}

/// What stands after the adapter's name is what `run` takes.
#[test]
fn the_adapter_s_words_are_understood() {
    let words = [
        "/x/podhook-exec",
        "--config=key=value",
        "--timeout=7s",
        "/hook.cwasm",
        "--",
        "config",
        "key",
    ];
    let seen = pod(&words, lifecycle::ASKS).played(&["--until", "running"]);
    assert_eq!(stdout(&seen), "Some(\"value\")\n");
    assert_eq!(report(&seen)["limits"]["timeoutSeconds"], 7);
    assert_eq!(report(&seen)["limits"]["memory"]["max"], 32 << 20);
}

#[test]
fn a_hook_is_told_whom_it_is_for() {
    let words = ["podhook-exec", "hook.wasm", "--", "context"];
    let seen = pod(&words, lifecycle::ASKS).played(&["--until", "running", "--grace", "9"]);
    assert_eq!(
        stdout(&seen),
        "PreStop attempt 1 timeout None grace Some(9s) pod p\n"
    );
}

/// A folder is the container's: with an overlay, what is written there is seen there.
#[test]
fn folders_are_the_container_s() {
    let hooks = json!({
        "postStart": exec(&["podhook-exec", "--dir=/usr/share::/share", "files", "--", "write", "/share/podhook-test", "hello"]),
        "preStop": exec(&["podhook-exec", "--dir=share::/share:ro", "files", "--", "read", "/share/podhook-test"]),
    });
    let mut container = hooked(UNTIL_TERM, &hooks);
    container["workingDir"] = json!("/usr");
    let pod = PodFile::of(&container).with_module("files.wasm", wasip1::FILES);
    if !rustix::process::geteuid().is_root() {
        return crate::podhook::skipped("/usr/share is not to be written to");
    }
    let seen = pod.played(&["--until", "running"]);
    let said: Vec<_> = rows(&seen, "reports")
        .iter()
        .map(|report| report["stdout"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["done\n", "hello\n"]);
    assert!(!std::path::Path::new("/usr/share/podhook-test").exists());
}

#[test]
fn a_folder_that_the_container_lacks_refuses_the_hook() {
    let words = [
        "podhook-exec",
        "--dir=/nowhere::/x",
        "hook.wasm",
        "--",
        "env",
        "WHO",
    ];
    let seen = pod(&words, wasip1::FILES).played(&["--until", "running"]);
    let report = report(&seen);
    assert_eq!(
        (&report["outcome"], &report["exitCode"]),
        (&json!("Refused"), &json!(77))
    );
    assert!(
        report["message"].as_str().unwrap().contains("/nowhere"),
        "{report:#}"
    );
}

/// What one hook keeps, the next of the same container finds; both are on its account.
#[test]
fn hooks_of_a_container_share_state_and_account() {
    let asks = |words: &[&str]| {
        exec(
            &[
                &["podhook-exec", "--phase=pre-stop", "hook.wasm", "--"],
                words,
            ]
            .concat(),
        )
    };
    let hooks = json!({
        "postStart": asks(&["state", "set", "k", "v"]),
        "preStop": asks(&["state", "get", "k"]),
    });
    let pod = PodFile::of(&hooked(UNTIL_TERM, &hooks)).with_module("hook.wasm", lifecycle::ASKS);
    let seen = pod.played(&["--until", "running"]);
    let said: Vec<_> = rows(&seen, "reports")
        .iter()
        .map(|report| report["stdout"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["Ok(())\n", "Ok(Some(\"v\"))\n"]);
    let used = |usage: &Value| usage["cpu"]["usage_usec"].as_u64().unwrap();
    let hooks: u64 = rows(&seen, "reports")
        .iter()
        .map(|report| used(&report["usage"]))
        .sum();
    let account = used(&seen["accounts"][0]["usage"]);
    // Both are whole microseconds of their own.
    assert!(account.abs_diff(hooks) <= 2, "{account} and {hooks}");
}

/// EXEC-14, with less to do: a container's CPU limit paces its hooks, which pay for it.
#[test]
fn a_hook_is_throttled_by_its_container_s_cpu_limit() {
    let mut container = hooked(
        UNTIL_TERM,
        &json!({"postStart": exec(&["hook.wasm", "float", "60"])}),
    );
    container["resources"] = json!({"limits": {"cpu": "100m"}});
    let seen = PodFile::of(&container).with_module("hook.wasm", lifecycle::WORKS);
    let seen = seen.played(&["--until", "running"]);
    let report = report(&seen);
    assert_eq!(report["outcome"], "Succeeded");
    let limit = json!({"quota_usec": 10_000, "period_usec": 100_000});
    assert_eq!(report["limits"]["cpu"], limit);
    let cpu = &report["usage"]["cpu"];
    assert!(cpu["nr_throttled"].as_u64().unwrap() >= 1, "{cpu}");
    let account = &seen["accounts"][0];
    assert_eq!(account["limits"]["cpu"]["quota_usec"], 10_000);
    assert_eq!(account["limits"]["cpu"]["weight"], 17);
    for name in ["usage_usec", "nr_periods", "nr_throttled"] {
        assert_eq!(account["usage"]["cpu"][name], cpu[name], "{name}");
    }
}

/// Limits of the pod bind where its containers have none.
#[test]
fn a_hook_over_its_pod_s_memory_is_killed() {
    let hook = exec(&["hook.wasm"]);
    let container = hooked(UNTIL_TERM, &json!({"preStop": hook}));
    let resources = json!({"limits": {"memory": "24Mi"}});
    let pod = PodFile::new(&json!({"containers": [container], "resources": resources}));
    let pod = pod.with_module("hook.wasm", wat::GROW);
    let seen = pod.played(&["--until", "running"]);
    assert_eq!(report(&seen)["reason"], "OOMKilled");
    assert_eq!(report(&seen)["limits"]["memory"]["max"], 24 << 20);
    // What is written for the container may be more than the pod has.
    let mut container = hooked(UNTIL_TERM, &json!({"preStop": exec(&["hook.wasm"])}));
    container["resources"] = json!({"limits": {"memory": "1Gi"}});
    let pod = PodFile::new(&json!({"containers": [container], "resources": resources}));
    let pod = pod.with_module("hook.wasm", wat::GROW);
    let seen = pod.played(&["--until", "running"]);
    let peak = report(&seen)["usage"]["memory"]["peak"].as_u64().unwrap();
    assert!(peak > 20 << 20 && peak <= 24 << 20, "{peak}");
}

/// The container's limit binds, as its cgroup would.
#[test]
fn a_hook_over_its_container_s_memory_is_killed() {
    let seen = pod(&["hook.wasm"], wat::GROW).played(&["--until", "running"]);
    let report = report(&seen);
    assert_eq!(
        (&report["reason"], &report["exitCode"]),
        (&json!("OOMKilled"), &json!(137))
    );
    let account = &seen["accounts"][0];
    assert_eq!(account["usage"]["memory"]["events"]["oom_kill"], 1);
    assert_eq!(account["limits"]["memory"]["max"], 32 << 20);
    assert!(account["usage"]["memory"]["peak"].as_u64().unwrap() <= 32 << 20);
}

/// R31 holds for modules: one that computes or waits for ever ends with its container.
#[test]
fn a_module_dies_with_its_container() {
    for module in [wat::SPIN, wat::SLEEP] {
        let container = hooked(
            "sleep 0.3; exit 5",
            &json!({"postStart": exec(&["hook.wasm"])}),
        );
        let pod = PodFile::new(&json!({"restartPolicy": "Never", "containers": [container]}));
        let seen = pod
            .with_module("hook.wasm", module)
            .played(&["--until", "done"]);
        assert_eq!(
            processes(&seen),
            [
                "c start",
                "c/postStart start",
                "c exit 5",
                "c/postStart killed"
            ]
        );
        assert_eq!(report(&seen)["outcome"], "Cancelled");
        assert!(
            report(&seen)["message"]
                .as_str()
                .unwrap()
                .contains("exited with 137: ")
        );
    }
}

#[test]
fn a_module_may_signal_its_container_and_no_other() {
    for option in ["--allow-signal", "--container-pid=1"] {
        let words = [
            "podhook-exec",
            option,
            "hook.wasm",
            "--",
            "signal",
            "SIGQUIT",
        ];
        let container = hooked(UNTIL_TERM, &json!({"preStop": exec(&words)}));
        let pod = PodFile::of(&container).with_module("hook.wasm", lifecycle::ASKS);
        let seen = pod.played(&["--until", "running"]);
        assert!(
            processes(&seen).contains(&"c exit 131".to_owned()),
            "{seen:#}"
        );
    }
}

/// With `--native-exec` the program that is named is executed, where there is one; where
/// there is none, a pod that mixes both kinds of hooks can still be played.
#[test]
fn the_adapter_itself_is_executed_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = folder.path().join("podhook-exec");
    std::fs::write(&adapter, "#!/bin/sh\necho I am the adapter: $1\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&adapter, mode).unwrap();
    let words = [adapter.to_str().unwrap(), "hook.wasm"];
    let seen = pod(&words, lifecycle::ASKS).played(&["--native-exec", "--until", "running"]);
    assert_eq!(stdout(&seen), "I am the adapter: hook.wasm\n");
    assert_eq!(report(&seen)["module"], Value::Null);
    let words = [
        "podhook-exec",
        "--config=key=value",
        "hook.wasm",
        "--",
        "config",
        "key",
    ];
    let seen = pod(&words, lifecycle::ASKS).played(&["--native-exec", "--until", "running"]);
    assert_eq!(stdout(&seen), "Some(\"value\")\n");
    assert_eq!(report(&seen)["container"], "c");
}

/// What a hook logs and reports is shown with it.
#[test]
fn records_of_a_hook_are_in_the_text() {
    for (words, shown) in [
        (&["log", "hello"][..], "warn: hello answer=42"),
        (
            &["event", "Drained", "all gone"],
            "event: Warning Drained: all gone",
        ),
    ] {
        let words = [&["podhook-exec", "hook.wasm", "--"], words].concat();
        let done = pod(&words, lifecycle::ASKS).run(&["--until", "running"]);
        assert!(done.stdout.contains(shown), "{shown} in {done:#?}");
        let hooks = "Hooks:\n  c/preStop                    exec      Succeeded, took ";
        assert!(done.stdout.contains(hooks), "{done:#?}");
    }
}
