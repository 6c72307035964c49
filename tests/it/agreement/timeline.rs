//! What is seen of a pod's life, as recordings and simulations write it down.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Deserialize)]
pub(super) struct Timeline {
    pub(super) events: Vec<Event>,
    pub(super) processes: Vec<Process>,
    pub(super) statuses: Vec<Status>,
    #[serde(default, deserialize_with = "exact_or_none")]
    until: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(deserialize_with = "exact")]
    t: f64,
    r#type: String,
    reason: String,
    message: String,
    field_path: Option<String>,
    count: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Process {
    #[serde(deserialize_with = "exact")]
    pub(super) t: f64,
    pub(super) container: Option<String>,
    hook: Option<String>,
    pub(super) what: String,
    code: Option<i64>,
    /// Its process is a probe's, of which nothing is compared.
    #[serde(default)]
    pub(super) probe: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(deserialize_with = "exact")]
    pub(super) t: f64,
    pub(super) phase: String,
    pub(super) containers: BTreeMap<String, Shown>,
}

/// A container's status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) ready: Option<bool>,
    pub(super) started: Option<bool>,
    pub(super) restart_count: Option<u32>,
    pub(super) message: Option<String>,
}

/// Decimals as they are written, up to the sixth: serde_json reads some of them a bit
/// off, and what is at the very edge of a tolerance must not fall to either side by that.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    f64::deserialize(deserializer).map(microseconds)
}

fn exact_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Option::<f64>::deserialize(deserializer).map(|seconds| seconds.map(microseconds))
}

fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// What makes two events one with a count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) kind: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) field_path: Option<String>,
}

impl Timeline {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let read: Self = Self::deserialize(value).map_err(|error| error.to_string())?;
        for process in &read.processes {
            if process.who().is_empty() {
                return Err(format!("whose process is it: {process:?}"));
            }
            if process.what == "exit" && process.code.is_none() {
                return Err(format!("an exit without a code: {process:?}"));
            }
        }
        Ok(read)
    }

    /// Until when it was looked at; where that is not said, a second past its last row.
    pub(super) fn end(&self) -> f64 {
        let processes = self.processes.iter().map(|process| process.t);
        let events = self.events.iter().map(|event| event.t);
        let last = processes.chain(events).fold(0.0, f64::max);
        self.until
            .filter(|until| *until != 0.0)
            .unwrap_or(last + 1.0)
    }

    /// How often the container that started most was restarted; processes of hooks
    /// count together, as one more container.
    pub(super) fn most_restarts(&self) -> f64 {
        let mut starts: HashMap<_, f64> = HashMap::new();
        for process in &self.processes {
            if process.what == "start" {
                *starts.entry(&process.container).or_default() += 1.0;
            }
        }
        starts.into_values().fold(1.0, f64::max) - 1.0
    }

    /// Each event as often as it happened. A row whose count jumped stands for those
    /// that it swallowed; a count that starts over was written by another kubelet.
    pub(super) fn occurrences(&self) -> Vec<(f64, Said)> {
        let mut seen: HashMap<Said, i64> = HashMap::new();
        let mut all = Vec::new();
        for event in &self.events {
            let said = event.said();
            let before = seen.get(&said).copied().unwrap_or_default();
            let count = event.count.filter(|count| *count != 0);
            let count = count.unwrap_or(before + 1);
            seen.insert(said.clone(), count);
            for _ in 0..(count - before).max(1) {
                all.push((event.t, said.clone()));
            }
        }
        all
    }

    /// When processes of the container began.
    pub(super) fn start_of(&self, container: &str, restart: u32) -> Option<f64> {
        let mut starts = self
            .processes
            .iter()
            .filter(|process| process.container.as_deref() == Some(container))
            .filter(|process| process.what == "start");
        starts
            .nth(usize::try_from(restart).ok()?)
            .map(|process| process.t)
    }
}

impl Event {
    fn said(&self) -> Said {
        Said {
            kind: self.r#type.clone(),
            reason: self.reason.clone(),
            message: plain(&self.message),
            field_path: self.field_path.clone(),
        }
    }
}

impl Process {
    /// The container, or `CONTAINER/HOOK`.
    pub(super) fn who(&self) -> &str {
        let hook = self.hook.as_deref().filter(|hook| !hook.is_empty());
        hook.or(self.container.as_deref()).unwrap_or_default()
    }

    pub(super) fn label(&self) -> String {
        match self.code {
            Some(code) if self.what == "exit" => format!("exit {code}"),
            _ => self.what.clone(),
        }
    }

    pub(super) fn is_end(&self) -> bool {
        self.what == "exit" || self.what == "killed"
    }
}

impl Said {
    /// The container it is about.
    pub(super) fn container(&self) -> Option<&str> {
        let (_, name) = self.field_path.as_deref()?.split_once('{')?;
        Some(name.rsplit_once('}')?.0)
    }
}

/// A message without what differs from one life of the same pod to the next: uids and
/// names of executions.
pub(super) fn plain(message: &str) -> String {
    let in_uid = |sign: char| matches!(sign, '0'..='9' | 'a'..='f' | '-');
    let podless = masked(message, "p_conformance(", &in_uid, ')', "{pod}");
    let exec = "failed to start exec \"";
    let instead = "failed to start exec \"{id}\"";
    spaced(&masked(&podless, exec, &|sign| sign != '"', '"', instead))
}

/// With one blank for each run of white space.
pub(super) fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` with each `open…close` whose middle fits replaced.
fn masked(
    text: &str,
    open: &str,
    fits: &dyn Fn(char) -> bool,
    close: char,
    instead: &str,
) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once(open) {
        let after = inner.trim_start_matches(fits).strip_prefix(close);
        masked.push_str(before);
        masked.push_str(after.map_or(open, |_| instead));
        rest = after.unwrap_or(inner);
    }
    masked + rest
}
