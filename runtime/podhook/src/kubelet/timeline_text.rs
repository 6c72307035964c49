//! A timeline for a person: one line a row.

use crate::kubelet::timeline::{At, Call, Row, Timeline, What, Whose};
use podhook_lifecycle::pod_status::{ContainerState, ContainerStatus, PodStatus};
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use podhook_lifecycle::{Level, LogRecord, Report};
use podhook_runner::one_line::one_line;
use podhook_runner::report_line;

/// Characters of a status' message that are shown.
const MESSAGE: usize = 400;

/// All of it.
pub(crate) fn whole(timeline: &Timeline) -> String {
    let rows: Vec<_> = timeline
        .rows()
        .filter_map(|(at, row)| line(timeline.spec(), at, row))
        .collect();
    lines(&rows)
}

/// Names and texts are the file's, and stay on their lines.
pub(crate) fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| one_line(text) + "\n").collect()
}

/// How a hook ended, and what it cost.
fn ran(report: &Report) -> String {
    let took = report.took.as_secs_f64();
    format!("{}, took {took:.3} s", report_line::what(report.outcome))
}

/// What no kubelet shows of a hook: why it failed, and what it printed; a line each,
/// set in so far that it stands under an event's text.
pub(crate) fn details(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(message) = &report.message {
        lines.push(format!("message: {message}"));
    }
    lines.extend(report.logs.iter().filter_map(log));
    let events = report.events.iter();
    lines.extend(events.map(|event| {
        let (kind, reason) = (event.kind.as_str(), &event.reason);
        format!("event: {kind} {reason}: {}", event.note)
    }));
    if let Some(answer) = &report.response {
        let body = String::from_utf8_lossy(&answer.body);
        lines.push(format!("answer: {} {}", answer.status, shortened(&body)));
    }
    let streams = [
        ("stdout", &report.output.stdout, report.output.stdout_cut),
        ("stderr", &report.output.stderr, report.output.stderr_cut),
    ];
    for (stream, bytes, cut) in streams {
        let text = String::from_utf8_lossy(bytes);
        lines.extend(text.lines().map(|line| format!("{stream}: {line}")));
        if cut > 0 {
            lines.push(format!("{stream}: [{cut} bytes left out]"));
        }
    }
    lines
        .iter()
        .map(|line| format!("{:47}{line}", ""))
        .collect()
}

/// The hook's own records from `info` on, and what the host has to say.
fn log(record: &LogRecord) -> Option<String> {
    if record.target == "podhook" {
        return Some(format!("note: {}", record.message));
    }
    let fields = record.fields.iter();
    let fields: String = fields
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    let level = record.level.as_str();
    (record.level >= Level::Info).then(|| format!("{level}: {}{fields}", record.message))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// One row: seconds, what it is, whose it is, what happened.
pub(crate) fn line(spec: &PodSpec, At(t): At, row: &Row) -> Option<String> {
    let (kind, who, what) = match row {
        Row::Event(event) => {
            let count = match event.count {
                1 => String::new(),
                count => format!(" (x{count})"),
            };
            let path = event.field_path.as_deref().unwrap_or("pod");
            let what = format!("{}: {}{count}", event.reason, event.message);
            (event.kind.as_str(), path.to_owned(), what)
        }
        Row::Process(whose, what) => ("Process", process_name(spec, *whose), process(*what)),
        Row::Status(shown) => (
            "Status",
            shown.phase.as_str().to_owned(),
            status(spec, shown),
        ),
        Row::Call(Call::StopContainer(index, timeout)) => {
            let what = format!("StopContainer, timeout {timeout} s");
            ("Call", name(spec, *index).to_owned(), what)
        }
        Row::Call(_) => return None,
        Row::Report(index, hook, report) => {
            let who = process_name(spec, Whose::Hook(*index, *hook));
            ("Hook", who, ran(report))
        }
    };
    Some(shown(At(t), kind, &who, &what))
}

/// What a container printed.
pub(crate) fn printed(at: At, container: &str, text: &str) -> String {
    shown(at, "Output", container, text)
}

fn shown(At(t): At, kind: &str, who: &str, what: &str) -> String {
    format!("{t:>10.3}s  {kind:<8} {who:<24} {what}")
}

fn process_name(spec: &PodSpec, whose: Whose) -> String {
    match whose {
        Whose::Container(index) => name(spec, index).to_owned(),
        Whose::Hook(index, hook) => format!("{}/{}", name(spec, index), hook.field()),
    }
}

fn process(what: What) -> String {
    match what {
        What::Start => "starts".to_owned(),
        What::Exit(code) => format!("exits {code}"),
        What::Killed(_) => "is killed".to_owned(),
        What::SignalTerm => "gets SIGTERM".to_owned(),
    }
}

fn status(spec: &PodSpec, status: &PodStatus) -> String {
    let shown: Vec<_> = status
        .containers
        .iter()
        .enumerate()
        .map(|(index, container)| {
            let name = name(spec, ContainerIndex(index));
            format!("{name}: {}", container_status(container))
        })
        .collect();
    shown.join("; ")
}

fn container_status(status: &ContainerStatus) -> String {
    let restarts = match status.restart_count {
        0 => String::new(),
        count => format!(", restarts {count}"),
    };
    let state = match &status.state {
        ContainerState::Running if status.ready => "running, ready".to_owned(),
        ContainerState::Running => "running, not ready".to_owned(),
        ContainerState::Terminated(end) => {
            format!("terminated ({}, exit code {})", end.reason, end.code)
        }
        ContainerState::Waiting { reason, message } => match message {
            None => format!("waiting ({reason})"),
            Some(message) => {
                format!("waiting ({reason}: {})", shortened(message))
            }
        },
    };
    state + &restarts
}

fn name(spec: &PodSpec, index: ContainerIndex) -> &str {
    spec.container(index)
        .map_or("", |container| &container.name)
}
