//! What came of a hook, on one line.

use crate::one_line::one_line;
use podhook_lifecycle::{Level, LogRecord, Outcome, Report};

/// What happened and why, after the hook's name; `None` after success.
#[must_use]
pub fn failure(report: &Report) -> Option<String> {
    if report.outcome == Outcome::Succeeded {
        return None;
    }
    let source = report
        .module
        .as_ref()
        .map_or("hook", |module| &module.source);
    let mut line = format!("error: {source}: {}", what(report.outcome));
    let notes = report.logs.iter().filter(|log| log.target == "podhook");
    let words = report.message.iter().chain(notes.map(|log| &log.message));
    for (index, word) in words.enumerate() {
        line.push_str(if index == 0 { ": " } else { "; " });
        line.push_str(word);
    }
    Some(one_line(&line))
}

/// Records of the hook's own that a person wants to see.
pub fn logs_of_the_hook(report: &Report) -> impl Iterator<Item = &LogRecord> {
    report.logs.iter().filter(|record| is_shown(record))
}

/// Of the hook's own from `info` on; what the host has to say is said with the outcome.
#[must_use]
pub fn is_shown(record: &LogRecord) -> bool {
    record.level >= Level::Info && record.target != "podhook"
}

/// `info target: message name=value`, on one line whatever the guest wrote.
#[must_use]
pub fn log(record: &LogRecord) -> String {
    let level = record.level.as_str();
    let mut line = format!("{level} {}: {}", record.target, record.message);
    for (name, value) in &record.fields {
        line.push_str(&format!(" {name}={value}"));
    }
    one_line(&line)
}

/// The outcome, with the limit or the reason.
#[must_use]
pub fn what(outcome: Outcome) -> String {
    let name = outcome.as_str();
    match (outcome.resource(), outcome.reason()) {
        (Some(resource), Some(reason)) => format!("{name} ({}, {reason})", resource.as_str()),
        (Some(resource), None) => format!("{name} ({})", resource.as_str()),
        (None, Some(reason)) => format!("{name} ({reason})"),
        (None, None) => name.to_owned(),
    }
}
