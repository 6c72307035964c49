//! A timeline as `-o json` shows it: `events`, `processes`, `statuses`, `calls`.

use crate::kubelet::timeline::{At, Call, Row, Timeline, What, Whose};
use podhook_lifecycle::pod_event::PodEvent;
use podhook_lifecycle::pod_status::{ContainerState, ContainerStatus, PodStatus, Termination};
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use podhook_runner::wire::HookReport;
use serde_json::{Map, Value, json};

/// The whole timeline, a list for each kind of row.
pub(crate) fn object(timeline: &Timeline) -> Map<String, Value> {
    let spec = timeline.spec();
    let rows = |of: fn(&PodSpec, At, &Row) -> Option<Value>| -> Value {
        timeline
            .rows()
            .filter_map(|(at, row)| of(spec, at, row))
            .collect()
    };
    Map::from_iter([
        ("events".to_owned(), rows(event)),
        ("processes".to_owned(), rows(process)),
        ("statuses".to_owned(), rows(status)),
        ("calls".to_owned(), rows(call)),
    ])
}

fn event(_: &PodSpec, At(t): At, row: &Row) -> Option<Value> {
    let Row::Event(event) = row else { return None };
    let PodEvent {
        kind,
        reason,
        message,
        field_path,
        count,
    } = event;
    Some(json!({
        "t": t, "type": kind.as_str(), "reason": reason, "message": message,
        "fieldPath": field_path, "count": count,
    }))
}

fn process(spec: &PodSpec, At(t): At, row: &Row) -> Option<Value> {
    let Row::Process(whose, what) = row else {
        return None;
    };
    let mut shown = Map::from_iter([("t".to_owned(), json!(t))]);
    match whose {
        Whose::Container(index) => shown.insert("container".to_owned(), name(spec, *index).into()),
        Whose::Hook(index, hook) => {
            let hook = format!("{}/{}", name(spec, *index), hook.field());
            shown.insert("hook".to_owned(), hook.into())
        }
    };
    let (what, code) = match what {
        What::Start => ("start", None),
        What::Exit(code) => ("exit", Some(*code)),
        What::Killed(code) => ("killed", *code),
        What::SignalTerm => ("signal TERM", None),
    };
    shown.insert("what".to_owned(), what.into());
    if let Some(code) = code {
        shown.insert("code".to_owned(), code.into());
    }
    Some(Value::Object(shown))
}

fn call(spec: &PodSpec, At(t): At, row: &Row) -> Option<Value> {
    let Row::Call(call) = row else { return None };
    let (call, container, timeout) = match call {
        Call::CreateContainer(index) => ("CreateContainer", Some(*index), None),
        Call::StartContainer(index) => ("StartContainer", Some(*index), None),
        Call::StopContainer(index, timeout) => ("StopContainer", Some(*index), Some(*timeout)),
        Call::StopPodSandbox => ("StopPodSandbox", None, None),
    };
    let mut shown = Map::from_iter([("t".to_owned(), json!(t)), ("call".to_owned(), call.into())]);
    if let Some(index) = container {
        shown.insert("container".to_owned(), name(spec, index).into());
    }
    if let Some(timeout) = timeout {
        shown.insert("timeoutSeconds".to_owned(), timeout.into());
    }
    Some(Value::Object(shown))
}

/// The report of each handler that ran, in the order in which they ended.
pub(crate) fn reports(timeline: &Timeline) -> serde_json::Result<Value> {
    let spec = timeline.spec();
    let reports = timeline.rows().filter_map(|(At(t), row)| {
        if let Row::Report(index, _, report) = row {
            let report = serde_json::to_value(HookReport::from(&**report));
            Some(report.map(|report| placed(report, t, name(spec, *index))))
        } else {
            None
        }
    });
    reports.collect()
}

/// A report does not know where in a pod's life it belongs.
fn placed(mut report: Value, t: f64, container: &str) -> Value {
    if let Some(fields) = report.as_object_mut() {
        fields.insert("t".to_owned(), t.into());
        fields.insert("container".to_owned(), container.into());
    }
    report
}

fn status(spec: &PodSpec, At(t): At, row: &Row) -> Option<Value> {
    let Row::Status(status) = row else {
        return None;
    };
    let PodStatus {
        phase,
        containers,
        reason,
    } = status;
    let containers: Map<_, _> = containers
        .iter()
        .enumerate()
        .map(|(index, container)| {
            let name = name(spec, ContainerIndex(index)).to_owned();
            (name, container_status(container))
        })
        .collect();
    let mut shown = Map::from_iter([
        ("t".to_owned(), json!(t)),
        ("phase".to_owned(), phase.as_str().into()),
        ("containers".to_owned(), Value::Object(containers)),
    ]);
    if let Some(reason) = reason {
        shown.insert("reason".to_owned(), (*reason).into());
    }
    Some(Value::Object(shown))
}

fn container_status(status: &ContainerStatus) -> Value {
    let mut shown = Map::from_iter([
        ("restartCount".to_owned(), status.restart_count.into()),
        ("ready".to_owned(), status.ready.into()),
        ("started".to_owned(), status.started.into()),
    ]);
    let state = match &status.state {
        ContainerState::Running => "running",
        ContainerState::Waiting { reason, message } => {
            shown.insert("reason".to_owned(), (*reason).into());
            if let Some(message) = message {
                shown.insert("message".to_owned(), message.as_str().into());
            }
            "waiting"
        }
        ContainerState::Terminated(end) => {
            shown.extend(termination(*end));
            "terminated"
        }
    };
    shown.insert("state".to_owned(), state.into());
    if let Some(last) = status.last {
        let last = Map::from_iter(termination(last));
        shown.insert("lastState".to_owned(), json!({ "terminated": last }));
    }
    Value::Object(shown)
}

fn termination(end: Termination) -> [(String, Value); 2] {
    [
        ("reason".to_owned(), end.reason.into()),
        ("exitCode".to_owned(), end.code.into()),
    ]
}

fn name(spec: &PodSpec, index: ContainerIndex) -> &str {
    spec.container(index)
        .map_or("", |container| &container.name)
}
