//! What came of a case, beside what was to come of it.

use super::expected::{Event, Expected, Log, Outcome, Record, Request, Usage, Whole};
use super::matcher::Matcher;
use super::network::Seen;
use super::play::Played;
use podhook_lifecycle::{LogRecord, Report, State};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Each a line: what, what was wanted, what was.
pub(super) fn differences(expected: &Expected, played: &Played) -> Vec<String> {
    let mut found = Found::default();
    found.unanswered(&played.unanswered);
    found.outcome(expected, &played.report);
    found.output(expected, &played.report);
    found.logs(&expected.logs, &played.report.logs);
    if let Some(events) = &expected.events {
        found.events(events, &played.report);
    }
    if let Some(requests) = &expected.requests {
        found.requests(requests, &played.requests);
    }
    found.files(&expected.files, played);
    found.state(&expected.state, played);
    found.usage(&expected.usage, &played.report);
    if let (Some(wanted), Some(was)) = (&expected.process, &played.process) {
        found.text("process", Some(wanted), Some(was));
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn add(&mut self, what: &str, why: impl std::fmt::Display) {
        self.0.push(format!("{what}: {why}"));
    }

    fn matches(&mut self, what: &str, matcher: Option<&Matcher>, text: &[u8]) {
        if let Some(why) = matcher.and_then(|matcher| matcher.difference_of_bytes(text)) {
            self.add(what, why);
        }
    }

    fn text(&mut self, what: &str, wanted: Option<&str>, was: Option<&str>) {
        if wanted.is_some() && wanted != was {
            let (wanted, was) = (wanted.unwrap_or("nothing"), was.unwrap_or("nothing"));
            self.add(what, format_args!("wanted {wanted}, was {was}"));
        }
    }

    fn unanswered(&mut self, requests: &[String]) {
        for request in requests {
            self.add("http", format_args!("the case has no answer to {request}"));
        }
    }

    fn outcome(&mut self, expected: &Expected, report: &Report) {
        let was = report.outcome;
        let wanted = match (expected.outcome, expected.exit_code) {
            (None, None) => Some(Outcome::Succeeded),
            (wanted, _) => wanted,
        };
        let said = report.message.as_deref().unwrap_or_default();
        if let Some(wanted) = wanted.map(Outcome::as_str)
            && wanted != was.as_str()
        {
            let was = was.as_str();
            self.add(
                "outcome",
                format_args!("wanted {wanted}, was {was}: {said}"),
            );
        }
        if let Some(wanted) = expected.exit_code
            && wanted != was.exit_status()
        {
            let was = was.exit_status();
            self.add(
                "exitCode",
                format_args!("wanted {wanted}, was {was}: {said}"),
            );
        }
        let resource = was.resource().map(podhook_lifecycle::Resource::as_str);
        self.text("resource", expected.resource.as_deref(), resource);
        self.text("reason", expected.reason.as_deref(), was.reason());
        self.matches("message", expected.message.as_ref(), said.as_bytes());
    }

    fn output(&mut self, expected: &Expected, report: &Report) {
        let output = &report.output;
        self.matches("stdout", expected.stdout.as_ref(), &output.stdout);
        self.matches("stderr", expected.stderr.as_ref(), &output.stderr);
        let termination = report.termination_message.as_deref().unwrap_or_default();
        let wanted = expected.termination_message.as_ref();
        self.matches("terminationMessage", wanted, termination.as_bytes());
        let Some(wanted) = &expected.response else {
            return;
        };
        let Some(response) = &report.response else {
            return self.add("response", "wanted one, was none");
        };
        if let Some(status) = wanted.status
            && status != response.status
        {
            let was = response.status;
            self.add(
                "response.status",
                format_args!("wanted {status}, was {was}"),
            );
        }
        self.matches("response.body", wanted.body.as_ref(), &response.body);
    }

    /// Each of them, in order.
    fn logs(&mut self, wanted: &[Log], logs: &[LogRecord]) {
        let mut left = logs.iter();
        for (number, wanted) in wanted.iter().enumerate() {
            if !left.any(|log| wanted.is(log)) {
                let what = format!("logs[{number}]");
                let wanted = wanted.to_string();
                let why = format!(
                    "wanted {}, which did not come after those before it",
                    wanted.trim()
                );
                return self.add(&what, why);
            }
        }
    }

    fn events(&mut self, wanted: &[Event], report: &Report) {
        let events = &report.events;
        for (number, wanted) in wanted.iter().enumerate() {
            let what = format!("events[{number}]");
            let Some(event) = events.get(number) else {
                self.add(&what, format_args!("wanted {}, was none", wanted.reason));
                continue;
            };
            self.text(&what, wanted.kind.as_deref(), Some(event.kind.as_str()));
            self.text(&what, Some(&wanted.reason), Some(&event.reason));
            self.matches(&what, wanted.note.as_ref(), event.note.as_bytes());
        }
        for event in events.iter().skip(wanted.len()) {
            self.add(
                "events",
                format_args!("one more: {} {:?}", event.reason, event.note),
            );
        }
    }

    /// Each of them, in any order.
    fn requests(&mut self, wanted: &[Request], seen: &[Seen]) {
        let takers = takers(wanted, seen);
        let left: Vec<&Seen> = seen
            .iter()
            .enumerate()
            .filter(|(at, _)| !takers.contains_key(at))
            .map(|(_, seen)| seen)
            .collect();
        let has_one: BTreeSet<&usize> = takers.values().collect();
        for (number, wanted) in wanted.iter().enumerate() {
            if has_one.contains(&number) {
                continue;
            }
            let mut near = left.iter().filter(|seen| seen.asked == *wanted.asked());
            let why = near.find_map(|seen| wanted.difference(seen));
            let why = why.unwrap_or_else(|| "not sent".to_owned());
            let what = format!("requests[{number}]");
            self.add(&what, format_args!("{}: {why}", wanted.asked()));
        }
        for seen in left {
            self.add("requests", format_args!("one more: {}", seen.asked));
        }
    }

    fn files(&mut self, wanted: &BTreeMap<String, Option<Matcher>>, played: &Played) {
        for (path, wanted) in wanted {
            let what = format!("files {path}");
            match played.folders.get(path) {
                Ok(found) => self.kept(&what, wanted.as_ref(), found),
                Err(why) => self.add(&what, why),
            }
        }
    }

    fn state(&mut self, wanted: &BTreeMap<String, Option<Matcher>>, played: &Played) {
        for (key, wanted) in wanted {
            let what = format!("state {key}");
            match played.state.get(key) {
                Ok(found) => self.kept(&what, wanted.as_ref(), found),
                Err(why) => self.add(&what, why),
            }
        }
    }

    /// Something that is kept, or is not to be there.
    fn kept(&mut self, what: &str, wanted: Option<&Matcher>, found: Option<Vec<u8>>) {
        match (wanted, found) {
            (None, None) => {}
            (Some(_), None) => self.add(what, "there is none"),
            (None, Some(_)) => self.add(what, "wanted none, there is one"),
            (Some(matcher), Some(bytes)) => self.matches(what, Some(matcher), &bytes),
        }
    }

    fn usage(&mut self, most: &Usage, report: &Report) {
        let usage = &report.usage;
        let cpu = Duration::from_nanos(usage.cpu.usage_nsec);
        self.time("usage.cpu", most.cpu.map(|most| most.0), cpu);
        self.time("usage.time", most.time.map(|most| most.0), report.took);
        self.number(
            "usage.memory",
            most.memory.map(|most| most.0),
            usage.memory.peak,
        );
        match (most.fuel, usage.fuel) {
            (Some(_), None) => self.add("usage.fuel", "not counted; add fuel: N to the case"),
            (most, fuel) => {
                let consumed = fuel.map_or(0, |fuel| fuel.consumed);
                self.number("usage.fuel", most, consumed);
            }
        }
    }

    fn time(&mut self, what: &str, most: Option<Duration>, was: Duration) {
        if let Some(most) = most.filter(|most| was > *most) {
            self.add(what, format_args!("at most {most:?}, was {was:?}"));
        }
    }

    fn number(&mut self, what: &str, most: Option<u64>, was: u64) {
        if let Some(most) = most.filter(|most| was > *most) {
            self.add(what, format_args!("at most {most}, was {was}"));
        }
    }
}

/// Which wanted request each that was sent is, so that as many as can be are: one that could
/// be two of them is left to the one that has no other.
fn takers(wanted: &[Request], seen: &[Seen]) -> BTreeMap<usize, usize> {
    let fitting = |wanted: &Request| {
        let sent = seen.iter().enumerate();
        let fits = sent.filter(|(_, one)| wanted.difference(one).is_none());
        fits.map(|(at, _)| at).collect()
    };
    let fitting: Vec<Vec<usize>> = wanted.iter().map(fitting).collect();
    let mut takers = BTreeMap::new();
    for number in 0..wanted.len() {
        takes(number, &fitting, &mut takers, &mut BTreeSet::new());
    }
    takers
}

/// Finds one for a wanted request; who has it by now may have to find another.
fn takes(
    number: usize,
    fitting: &[Vec<usize>],
    takers: &mut BTreeMap<usize, usize>,
    tried: &mut BTreeSet<usize>,
) -> bool {
    for at in fitting.get(number).into_iter().flatten() {
        if !tried.insert(*at) {
            continue;
        }
        let taker = takers.get(at).copied();
        if taker.is_none_or(|other| takes(other, fitting, takers, tried)) {
            takers.insert(*at, number);
            return true;
        }
    }
    false
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Trapped => "Trapped",
            Self::Exhausted => "Exhausted",
            Self::Refused => "Refused",
        }
    }
}

impl Log {
    fn is(&self, log: &LogRecord) -> bool {
        match self {
            Self::Message(message) => *message == log.message,
            Self::Record(record) => record.is(log),
        }
    }
}

impl Record {
    fn is(&self, log: &LogRecord) -> bool {
        let same =
            |wanted: &Option<String>, was: &str| wanted.as_deref().is_none_or(|it| it == was);
        let has = |(name, matcher): (&String, &Matcher)| {
            let field = log.fields.iter().find(|(field, _)| field == name);
            field.is_some_and(|(_, value)| matcher.difference(value).is_none())
        };
        same(&self.level, log.level.as_str())
            && same(&self.target, &log.target)
            && self
                .message
                .as_ref()
                .is_none_or(|matcher| matcher.difference(&log.message).is_none())
            && self.fields.iter().all(has)
    }
}

impl Request {
    fn difference(&self, seen: &Seen) -> Option<String> {
        if seen.asked != *self.asked() {
            return Some("another".to_owned());
        }
        match self {
            Self::Which(_) => None,
            Self::Whole(whole) => whole.difference(seen),
        }
    }
}

impl Whole {
    fn difference(&self, seen: &Seen) -> Option<String> {
        let of_header = |(name, wanted): (&String, &Option<Matcher>)| {
            let value = seen.headers.get(name.as_str());
            let why = match (wanted, value) {
                (None, None) => None,
                (None, Some(_)) => Some("wanted none, there is one".to_owned()),
                (Some(_), None) => Some("there is none".to_owned()),
                (Some(matcher), Some(value)) => matcher.difference_of_bytes(value.as_bytes()),
            };
            why.map(|why| format!("{name}: {why}"))
        };
        self.headers.iter().find_map(of_header).or_else(|| {
            let why = self.body.as_ref()?.difference_of_bytes(&seen.body)?;
            Some(format!("body: {why}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(wanted: serde_json::Value, bodies: &[&'static str]) -> Vec<String> {
        let wanted: Vec<Request> = serde_json::from_value(wanted).unwrap();
        let sent = |body: &&'static str| Seen {
            asked: wanted[0].asked().clone(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        };
        let seen: Vec<Seen> = bodies.iter().map(sent).collect();
        let mut found = Found::default();
        found.requests(&wanted, &seen);
        found.0
    }

    #[test]
    fn a_request_is_left_to_the_one_that_has_no_other() {
        let general = serde_json::json!({"request": "PUT http://x/", "body": {"contains": "a"}});
        let special = serde_json::json!({"request": "PUT http://x/", "body": "a"});
        let any = serde_json::json!("PUT http://x/");
        let all = serde_json::json!([any, general, special]);
        assert!(difference(all.clone(), &["a", "ab", "c"]).is_empty());
        assert!(difference(all.clone(), &["c", "ab", "a"]).is_empty());
        assert_eq!(
            difference(all.clone(), &["c", "ab", "ab"]),
            [
                "requests[2]: PUT http://x/: body: wanted \"a\", was \"ab\"",
                "requests: one more: PUT http://x/"
            ]
        );
        assert_eq!(
            difference(all, &["a", "ab"]),
            ["requests[2]: PUT http://x/: not sent"]
        );
    }
}
