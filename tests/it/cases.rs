//! Cases of Kubernetes' own tests and sources, played in virtual time: what is exact
//! there is exact here. Each test names its cases.

mod exec;
mod grace;
mod post_start;
mod pre_stop;
mod sidecar;
mod sleep;
mod worker;

use crate::podhook::podhook;
use serde_json::{Value, json};

/// A pod's life, as it was printed.
#[derive(Debug)]
struct Life(Value);

/// Plays a pod that nothing is wrong with.
fn played(spec: &Value, scenario: &Value) -> Life {
    let metadata = json!({"name": "p", "namespace": "n", "uid": "u"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    let case = json!({"pod": pod, "scenario": scenario}).to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    std::fs::write(&path, case).unwrap();
    let done = podhook(["pod", "simulate", path.to_str().unwrap(), "-o", "json"]);
    assert_eq!((done.status, &*done.stderr), (0, ""), "{done:#?}");
    Life(serde_json::from_str(&done.stdout).unwrap())
}

impl Life {
    fn rows(&self, list: &str) -> &[Value] {
        self.0[list].as_array().unwrap()
    }

    /// `T WHO WHAT` of each process, with the code where there is one.
    fn processes(&self) -> Vec<String> {
        let fields = ["t", "container", "hook", "what", "code"];
        self.rows("processes")
            .iter()
            .map(|row| line(row, &fields))
            .collect()
    }

    /// `T CONTAINER WHAT`, without rows of hooks.
    fn containers(&self) -> Vec<String> {
        let rows = self.processes().into_iter();
        rows.filter(|row| !row.contains('/')).collect()
    }

    /// `T REASON MESSAGE` of each event.
    fn events(&self) -> Vec<String> {
        let fields = ["t", "reason", "message"];
        self.rows("events")
            .iter()
            .map(|row| line(row, &fields))
            .collect()
    }

    /// `T CALL CONTAINER`, and how long a container had to stop.
    fn calls(&self) -> Vec<String> {
        let fields = ["t", "call", "container", "timeoutSeconds"];
        self.rows("calls")
            .iter()
            .map(|row| line(row, &fields))
            .collect()
    }

    /// How long containers had to stop, each time that one was told.
    fn timeouts(&self) -> Vec<u64> {
        let rows = self.rows("calls").iter();
        rows.filter_map(|row| row["timeoutSeconds"].as_u64())
            .collect()
    }

    /// `T PHASE STATE REASON` of a container, of each status.
    fn statuses(&self, container: &str) -> Vec<String> {
        let line = |row: &Value| {
            let shown = &row["containers"][container];
            let words = line(shown, &["state", "reason"]);
            format!("{} {words}", line(row, &["t", "phase"]))
        };
        self.rows("statuses").iter().map(line).collect()
    }

    fn has_event(&self, reason: &str) -> bool {
        self.rows("events")
            .iter()
            .any(|event| event["reason"] == reason)
    }

    /// What the container's status says of a postStart hook that failed.
    fn hook_error(&self) -> &str {
        let mut shown = self
            .rows("statuses")
            .iter()
            .map(|row| &row["containers"]["c"]);
        let failed = shown.find(|shown| shown["reason"] == "PostStartHookError");
        failed.unwrap()["message"].as_str().unwrap()
    }
}

/// The fields that a row has, in one line.
fn line(row: &Value, fields: &[&str]) -> String {
    let values = fields.iter().map(|field| &row[*field]);
    let words = values.filter(|value| !value.is_null());
    let words = words.map(|value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A container with these hooks.
fn container(name: &str, lifecycle: Value) -> Value {
    let mut container = json!({"name": name, "image": "i"});
    container["lifecycle"] = lifecycle;
    container
}

/// A pod of one container, `c`, with a grace period.
fn pod_of(grace: u64, lifecycle: Value) -> Value {
    json!({"terminationGracePeriodSeconds": grace, "containers": [container("c", lifecycle)]})
}

/// A handler that executes a command of one word.
fn exec(command: &str) -> Value {
    json!({"exec": {"command": [command]}})
}

fn pre_stop(handler: Value) -> Value {
    hook("preStop", handler)
}

fn post_start(handler: Value) -> Value {
    hook("postStart", handler)
}

fn hook(hook: &str, handler: Value) -> Value {
    let mut lifecycle = json!({});
    lifecycle[hook] = handler;
    lifecycle
}

/// What one command comes to, and that the pod is deleted.
fn scenario(command: &Value, deleted_at: f64) -> Value {
    json!({"exec": [command], "actions": [delete(deleted_at)]})
}

fn delete(at: f64) -> Value {
    json!({"atSeconds": at, "delete": {}})
}
