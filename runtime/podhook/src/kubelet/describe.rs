//! A pod as `kubectl describe pod` shows it: what it came to, and its events.

use crate::kubelet::timeline::{At, Row, Timeline};
use podhook_lifecycle::Handler;
use podhook_lifecycle::pod_event::PodEvent;
use podhook_lifecycle::pod_status::{ContainerState, ContainerStatus, PodStatus, Termination};
use podhook_lifecycle::spec::{ContainerSpec, PodSpec};
use podhook_runner::one_line::one_line;
use podhook_runner::report_line;

/// The whole page; `ip`: the pod's address, `gone`: there is no such object any more.
pub(crate) fn page(timeline: &Timeline, ip: Option<&str>, gone: bool, now: At) -> String {
    let spec = timeline.spec();
    let mut lines = head(spec, timeline.last_status(), ip);
    if gone
        && timeline
            .last_status()
            .is_some_and(|status| !status.phase.is_terminal())
    {
        let note = "(deleted by force: the last status that was seen)";
        lines.push(field(0, "", note));
    }
    if let Some(status) = timeline.last_status() {
        lines.extend(containers("Init Containers", spec, status, true));
        lines.extend(containers("Containers", spec, status, false));
    }
    lines.extend(hooks(timeline));
    lines.extend(events(timeline, now));
    lines.iter().map(|line| one_line(line) + "\n").collect()
}

fn head(spec: &PodSpec, status: Option<&PodStatus>, ip: Option<&str>) -> Vec<String> {
    let mut lines = vec![
        field(0, "Name", &spec.pod.name),
        field(
            0,
            "Namespace",
            spec.pod.namespace.as_deref().unwrap_or("default"),
        ),
    ];
    if let Some(status) = status {
        lines.push(field(0, "Status", status.phase.as_str()));
        lines.extend(status.reason.map(|reason| field(0, "Reason", reason)));
    }
    lines.extend(ip.map(|ip| field(0, "IP", ip)));
    lines
}

fn containers(title: &str, spec: &PodSpec, status: &PodStatus, init: bool) -> Vec<String> {
    let of_list = spec
        .all()
        .filter(|(index, _)| spec.is_init(*index) == init)
        .filter_map(|(index, container)| Some((container, status.containers.get(index.0)?)));
    let lines: Vec<_> = of_list
        .flat_map(|(container, status)| one_container(container, status))
        .collect();
    match lines.is_empty() {
        true => lines,
        false => std::iter::once(format!("{title}:")).chain(lines).collect(),
    }
}

fn one_container(spec: &ContainerSpec, status: &ContainerStatus) -> Vec<String> {
    let mut lines = vec![format!("  {}:", spec.name)];
    lines.extend(spec.image.iter().map(|image| field(4, "Image", image)));
    lines.extend(state(&status.state));
    if let Some(last) = status.last {
        lines.push(field(4, "Last State", "Terminated"));
        lines.extend(termination(last));
    }
    lines.push(field(
        4,
        "Ready",
        if status.ready { "True" } else { "False" },
    ));
    lines.push(field(4, "Restart Count", &status.restart_count.to_string()));
    lines
}

fn state(state: &ContainerState) -> Vec<String> {
    match state {
        ContainerState::Running => vec![field(4, "State", "Running")],
        ContainerState::Waiting { reason, message } => {
            let mut lines = vec![field(4, "State", "Waiting"), field(6, "Reason", reason)];
            lines.extend(message.iter().map(|text| field(6, "Message", text)));
            lines
        }
        ContainerState::Terminated(end) => {
            let mut lines = vec![field(4, "State", "Terminated")];
            lines.extend(termination(*end));
            lines
        }
    }
}

fn termination(end: Termination) -> [String; 2] {
    let code = end.code.to_string();
    [field(6, "Reason", end.reason), field(6, "Exit Code", &code)]
}

/// Values stand in one column, wherever their names begin.
fn field(indent: usize, name: &str, value: &str) -> String {
    let name = match name {
        "" => String::new(),
        name => format!("{:indent$}{name}:", ""),
    };
    format!("{name:<20}{value}")
}

/// Every hook that ran, which no kubelet lists.
fn hooks(timeline: &Timeline) -> Vec<String> {
    let spec = timeline.spec();
    let lines = timeline.rows().filter_map(|(_, row)| {
        let Row::Report(index, hook, report) = row else {
            return None;
        };
        let container = &spec.container(*index)?.name;
        let handler = report.handler.map_or("", Handler::field);
        let outcome = report_line::what(report.outcome);
        let cpu = report.usage.cpu.usage_nsec / 1000;
        let took = report.took.as_secs_f64();
        let used = report.module.as_ref().map(|_| {
            let memory = report.usage.memory.peak >> 10;
            format!(", {cpu} µs of CPU, {memory} KiB of memory")
        });
        let name = format!("{container}/{}", hook.field());
        let used = used.unwrap_or_default();
        Some(format!(
            "  {name:<28} {handler:<9} {outcome}, took {took:.3} s{used}"
        ))
    });
    let lines: Vec<_> = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => std::iter::once("Hooks:".to_owned()).chain(lines).collect(),
    }
}

/// Repeated events are one line: the last of them, with its count and its first time.
fn events(timeline: &Timeline, At(now): At) -> Vec<String> {
    let mut seen: Vec<(f64, f64, &PodEvent)> = Vec::new();
    for (At(t), row) in timeline.rows() {
        let Row::Event(event) = row else { continue };
        match seen.iter_mut().find(|(_, _, known)| known.same_as(event)) {
            Some(known) => (known.1, known.2) = (t, event),
            None => seen.push((t, t, event)),
        }
    }
    if seen.is_empty() {
        return vec!["Events:  <none>".to_owned()];
    }
    let head = [
        ("Type", "Reason", "Age", "From", "Message"),
        ("----", "------", "----", "----", "-------"),
    ];
    let head = head.map(|(kind, reason, age, from, message)| row(kind, reason, age, from, message));
    let lines = seen.iter().map(|(first, last, event)| {
        let (first, last) = (age(now - first), age(now - last));
        let age = match event.count {
            1 => last,
            count => format!("{last} (x{count} over {first})"),
        };
        row(
            event.kind.as_str(),
            event.reason,
            &age,
            "kubelet",
            &event.message,
        )
    });
    std::iter::once("Events:".to_owned())
        .chain(head)
        .chain(lines)
        .collect()
}

fn row(kind: &str, reason: &str, age: &str, from: &str, message: &str) -> String {
    format!("  {kind:<8} {reason:<20} {age:<18} {from:<8} {message}")
}

/// `75` seconds as `75s`, and more as kubectl does.
fn age(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds.max(0.0) as u64;
    match (seconds / 60, seconds % 60) {
        (0..2, _) => format!("{seconds}s"),
        (minutes @ 2..10, rest @ 1..) => format!("{minutes}m{rest}s"),
        (minutes @ 2..180, _) => format!("{minutes}m"),
        (minutes, _) => format!("{}h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_kubectl_has_them() {
        for (seconds, text) in [
            (0.4, "0s"),
            (75.0, "75s"),
            (120.0, "2m"),
            (135.0, "2m15s"),
            (3000.0, "50m"),
            (11000.0, "3h"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }
}
