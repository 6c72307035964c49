//! `podhook pod run` from the outside: real processes, real sockets, real time.
//!
//! What comes when is told by the order of rows and by what cannot have been sooner;
//! how fast the machine is decides nothing.

mod adapters;
mod files;
mod handlers;
mod modules;
mod pressure;
mod refusals;
mod signals;
mod text;

use crate::podhook::{Finished, command, finish};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A pod's file, in a folder of its own.
struct PodFile {
    folder: TempDir,
}

impl PodFile {
    fn new(spec: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
        fs::write(folder.path().join("pod.json"), pod.to_string()).unwrap();
        Self { folder }
    }

    /// Of one container.
    fn of(container: &Value) -> Self {
        Self::new(&json!({"containers": [container]}))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("pod.json")
    }

    /// A module under the name by which the pod's hooks call it.
    fn with_module(self, name: &str, module: &str) -> Self {
        fs::copy(module, self.folder.path().join(name)).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .args(["pod", "run"])
            .arg(self.path())
            .args(arguments);
        command
    }

    /// Without what is said to every user but root.
    fn run(&self, arguments: &[&str]) -> Finished {
        let mut done = finish(&mut self.command(arguments));
        let lines = done.stderr.lines();
        let kept = lines.filter(|line| !line.starts_with("warning: podhook is not root"));
        done.stderr = kept.map(|line| format!("{line}\n")).collect();
        done
    }

    /// The result of an orderly run.
    fn played(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(done.status, 0, "{done:#?}");
        done.report()
    }
}

/// A container that runs this.
fn sh(script: &str) -> Value {
    // To a container's command `$$` is one dollar.
    let script = script.replace("$$", "$$$$");
    json!({"name": "c", "image": "i", "command": ["sh", "-c", script]})
}

/// Runs until SIGTERM, and needs no time until it would be heeded.
const UNTIL_TERM: &str = "exec sleep 1000";

/// A container with these handlers.
fn hooked(script: &str, lifecycle: &Value) -> Value {
    let mut container = sh(script);
    container["lifecycle"] = lifecycle.clone();
    container
}

fn exec(words: &[&str]) -> Value {
    json!({"exec": {"command": words}})
}

fn rows<'t>(timeline: &'t Value, list: &str) -> &'t Vec<Value> {
    timeline[list].as_array().unwrap()
}

/// `WHO WHAT [CODE]` of each process.
fn processes(timeline: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let who = row["container"].as_str().or(row["hook"].as_str()).unwrap();
        let code = row["code"].as_i64().map(|code| format!(" {code}"));
        format!(
            "{who} {}{}",
            row["what"].as_str().unwrap(),
            code.unwrap_or_default()
        )
    };
    rows(timeline, "processes").iter().map(row).collect()
}

/// `REASON: MESSAGE` of each event.
fn events(timeline: &Value) -> Vec<String> {
    let event = |event: &Value| {
        let [reason, message] = ["reason", "message"].map(|field| event[field].as_str().unwrap());
        format!("{reason}: {message}")
    };
    rows(timeline, "events").iter().map(event).collect()
}

/// When a process did what.
fn when(timeline: &Value, row: &str) -> f64 {
    let index = processes(timeline).iter().position(|found| found == row);
    let index = index.unwrap_or_else(|| panic!("no {row} in {timeline:#}"));
    rows(timeline, "processes")[index]["t"].as_f64().unwrap()
}

/// The only report there is.
fn report(timeline: &Value) -> &Value {
    let reports = rows(timeline, "reports");
    assert_eq!(reports.len(), 1, "{timeline:#}");
    &reports[0]
}

fn uid(timeline: &Value) -> String {
    let message = report(timeline)["message"].as_str().unwrap();
    let uid = message.split("p_default(").nth(1).unwrap();
    uid.split(')').next().unwrap().to_owned()
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

/// The order of a life: what runs, what waits for it, what is said of it.
#[test]
fn a_pod_lives_and_is_deleted() {
    let hooks = json!({
        "postStart": exec(&["sh", "-c", "sleep 0.1; echo up"]),
        "preStop": exec(&["sh", "-c", "sleep 0.1; echo down"]),
    });
    let pod = PodFile::of(&hooked(UNTIL_TERM, &hooks));
    let seen = pod.played(&["--native-exec", "--until", "running"]);
    assert_eq!(
        processes(&seen),
        [
            "c start",
            "c/postStart start",
            "c/postStart exit 0",
            "c/preStop start",
            "c/preStop exit 0",
            "c signal TERM",
            "c exit 143",
        ]
    );
    assert_eq!(
        events(&seen),
        [
            "Created: Container created",
            "Started: Container started",
            "Killing: Stopping container c",
        ]
    );
    let phases: Vec<_> = rows(&seen, "statuses")
        .iter()
        .map(|status| status["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["Pending", "Running", "Failed"]);
    let calls: Vec<_> = rows(&seen, "calls")
        .iter()
        .map(|call| call["call"].as_str().unwrap())
        .collect();
    assert_eq!(
        calls,
        [
            "CreateContainer",
            "StartContainer",
            "StopContainer",
            "StopPodSandbox"
        ]
    );
    let reports: Vec<_> = rows(&seen, "reports")
        .iter()
        .map(|report| {
            let field = |name: &str| report[name].as_str().unwrap().to_owned();
            ["kind", "handler", "phase", "outcome", "stdout"].map(field)
        })
        .collect();
    assert_eq!(
        reports,
        [
            ["HookReport", "exec", "PostStart", "Succeeded", "up\n"],
            ["HookReport", "exec", "PreStop", "Succeeded", "down\n"],
        ]
    );
    assert_eq!(seen["accounts"][0]["container"], "c");
}

/// POST-09, POST-10, POST-11, POST-15: what people see of a failed postStart hook.
#[test]
fn a_failed_post_start_hook_restarts_its_container() {
    let hooks = json!({
        "postStart": exec(&["/bin/sh", "-c", "echo no >&2; exit 1"]),
        "preStop": exec(&["true"]),
    });
    let pod = PodFile::of(&hooked(UNTIL_TERM, &hooks));
    let seen = pod.played(&["--native-exec", "--until", "running"]);
    let failing = [
        "Created: Container created",
        "Started: Container started",
        "FailedPostStartHook: PostStartHook failed",
        "Killing: FailedPostStartHook",
    ];
    let events = events(&seen);
    assert_eq!(events[..4], failing);
    assert_eq!(events[4..8], failing);
    assert!(
        events[8].starts_with("BackOff: Back-off restarting failed container c in pod p_default("),
        "{events:?}"
    );
    let counts: Vec<_> = rows(&seen, "events")
        .iter()
        .map(|event| event["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts[..8], [1, 1, 1, 1, 2, 2, 2, 2]);
    let waits = rows(&seen, "statuses")
        .iter()
        .find(|status| status["containers"]["c"]["reason"] == "PostStartHookError");
    let message = waits.unwrap()["containers"]["c"]["message"]
        .as_str()
        .unwrap();
    assert_eq!(message, rows(&seen, "reports")[0]["message"]);
    assert!(message.ends_with("failed - error: command '/bin/sh -c echo no >&2; exit 1' exited with 1: no\n, message: \"no\\n\""), "{message}");
    assert_eq!(
        processes(&seen)[..7],
        [
            "c start",
            "c/postStart start",
            "c/postStart exit 1",
            "c/preStop start",
            "c/preStop exit 0",
            "c signal TERM",
            "c exit 143",
        ]
    );
}

/// POST-03, POST-05, SIDECAR-01, SIDECAR-03: one after the other, and back.
#[test]
fn containers_start_in_order_and_a_sidecar_goes_last() {
    let spec = json!({
        "initContainers": [
            {"name": "init", "image": "i", "command": ["true"]},
            {
                "name": "side", "image": "i", "command": ["sh", "-c", UNTIL_TERM],
                "restartPolicy": "Always",
                "lifecycle": {"postStart": exec(&["sleep", "0.1"]), "preStop": exec(&["true"])},
            },
        ],
        "containers": [hooked(UNTIL_TERM, &json!({"preStop": exec(&["sleep", "0.1"])}))],
    });
    let seen = PodFile::new(&spec).played(&["--native-exec", "--until", "running"]);
    let main = [
        "c start",
        "c/preStop start",
        "c/preStop exit 0",
        "c signal TERM",
        "c exit 143",
    ];
    let order = [
        "init start",
        "init exit 0",
        "side start",
        "side/postStart start",
        "side/postStart exit 0",
        main[0],
    ];
    assert_eq!(processes(&seen)[..6], order);
    assert!(when(&seen, main[4]) <= when(&seen, "side signal TERM"));
    // Both hooks run at once, though the sidecar is told last.
    assert!(when(&seen, "side/preStop start") < when(&seen, main[2]));
}

/// R56 is about hooks; a container's own command and environment do know variables.
#[test]
fn variables_are_known_to_containers_and_not_to_hooks() {
    let script = "echo $1; exec sh -c \"$2\"";
    let mut container = hooked("", &json!({"postStart": exec(&["echo", "$(B)"])}));
    container["command"] = json!(["sh", "-c", script, "x", "$(B)"]);
    container["args"] = json!([UNTIL_TERM]);
    container["env"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}]);
    let pod = PodFile::of(&container);
    let seen = pod.played(&["--native-exec", "--until", "running"]);
    assert_eq!(report(&seen)["stdout"], "$(B)\n");
    let text = pod.run(&["--native-exec", "--until", "running"]);
    let printed: Vec<_> = text
        .stdout
        .lines()
        .filter(|line| line.contains("Output"))
        .collect();
    assert!(
        printed.len() == 1 && printed[0].ends_with(" 12"),
        "{text:#?}"
    );
}

/// PRE-10: a probe that fails brings the preStop hook on.
#[test]
fn a_failed_liveness_probe_restarts() {
    let mut container = hooked(UNTIL_TERM, &json!({"preStop": exec(&["true"])}));
    container["livenessProbe"] = json!({
        "exec": {"command": ["sh", "-c", "echo sick; exit 1"]},
        "failureThreshold": 1, "periodSeconds": 1,
    });
    let pod = PodFile::of(&container);
    let seen = pod.played(&["--native-exec", "--delete-after", "3s"]);
    let events = events(&seen);
    assert_eq!(
        events[2..4],
        [
            "Unhealthy: Liveness probe failed: sick\n",
            "Killing: Container c failed liveness probe, will be restarted",
        ]
    );
    assert_eq!(
        processes(&seen)[1..5],
        [
            "c/preStop start",
            "c/preStop exit 0",
            "c signal TERM",
            "c exit 143"
        ]
    );
    assert_eq!(processes(&seen)[5], "c start");
}

/// POST-02: and no hook is run.
#[test]
fn a_command_that_is_not_there_is_an_event() {
    let mut container = hooked("", &json!({"postStart": exec(&["true"])}));
    container["command"] = json!(["/nope"]);
    let seen = PodFile::of(&container).played(&["--native-exec", "--until", "running"]);
    assert_eq!(
        events(&seen)[1],
        "Failed: Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/nope\": stat /nope: no such file or directory: unknown"
    );
    assert_eq!(processes(&seen), [""; 0]);
    assert_eq!(rows(&seen, "reports").len(), 0);
}
