//! What came of a hook, on one line.

use crate::one_line::one_line;
use podhook_lifecycle::{Outcome, Report};

/// What happened and why, after the hook's name; `None` after success.
pub(crate) fn failure(report: &Report) -> Option<String> {
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

/// The outcome, with the limit or the reason.
pub(crate) fn what(outcome: Outcome) -> String {
    let name = outcome.as_str();
    match (outcome.resource(), outcome.reason()) {
        (Some(resource), Some(reason)) => format!("{name} ({}, {reason})", resource.as_str()),
        (Some(resource), None) => format!("{name} ({})", resource.as_str()),
        (None, Some(reason)) => format!("{name} ({reason})"),
        (None, None) => name.to_owned(),
    }
}
