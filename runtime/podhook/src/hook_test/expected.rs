//! What is to come of a case, as it is written under `expect`; the names are the report's.

use super::matcher::Matcher;
use super::request::Asked;
use super::written::{Size, Time};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What is not said is not looked at, but for the outcome.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Expected {
    /// `Succeeded`, where no exit code is said either.
    pub(super) outcome: Option<Outcome>,
    pub(super) resource: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<Matcher>,
    pub(super) exit_code: Option<u8>,
    pub(super) stdout: Option<Matcher>,
    pub(super) stderr: Option<Matcher>,
    pub(super) termination_message: Option<Matcher>,
    /// Each of them, in this order; others may be between them.
    pub(super) logs: Vec<Log>,
    /// All of them, in this order.
    pub(super) events: Option<Vec<Event>>,
    /// All of them, in any order: those of one call may be on their way at once.
    pub(super) requests: Option<Vec<Request>>,
    /// `null`: there is none.
    pub(super) files: BTreeMap<String, Option<Matcher>>,
    /// `null`: there is none.
    pub(super) state: BTreeMap<String, Option<Matcher>>,
    /// Of a module of kind `http`.
    pub(super) response: Option<Response>,
    /// At most.
    pub(super) usage: Usage,
    /// `running`, or the signal that ended it.
    pub(super) process: Option<String>,
}

/// As in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
    Trapped,
    Exhausted,
    Refused,
}

/// A record of the log: its message, or more of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Log {
    Message(String),
    Record(Record),
}

impl TryFrom<Value> for Log {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        if let Value::String(message) = value {
            return Ok(Self::Message(message));
        }
        let record = serde_json::from_value(value);
        record.map(Self::Record).map_err(|why| why.to_string())
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Record {
    pub(super) level: Option<String>,
    pub(super) target: Option<String>,
    pub(super) message: Option<Matcher>,
    pub(super) fields: BTreeMap<String, Matcher>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) reason: String,
    pub(super) note: Option<Matcher>,
}

/// A request that was sent: which, or more of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Request {
    Which(Asked),
    Whole(Whole),
}

impl TryFrom<Value> for Request {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        if let Value::String(text) = value {
            return Asked::try_from(text).map(Self::Which);
        }
        let whole = serde_json::from_value(value);
        whole.map(Self::Whole).map_err(|why| why.to_string())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whole {
    pub(super) request: Asked,
    /// In lower case; `null`: there is none.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<Matcher>>,
    pub(super) body: Option<Matcher>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: Option<u16>,
    pub(super) body: Option<Matcher>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Usage {
    /// CPU time.
    pub(super) cpu: Option<Time>,
    /// Its peak.
    pub(super) memory: Option<Size>,
    /// Counted where the case has `fuel`.
    pub(super) fuel: Option<u64>,
    /// Wall-clock time.
    pub(super) time: Option<Time>,
}

impl Request {
    pub(super) fn asked(&self) -> &Asked {
        match self {
            Self::Which(asked) => asked,
            Self::Whole(whole) => &whole.request,
        }
    }
}

impl fmt::Display for Log {
    /// As far as it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = match self {
            Self::Message(message) => return write!(f, "{message:?}"),
            Self::Record(record) => record,
        };
        let words = [&record.level, &record.target];
        for word in words.into_iter().flatten() {
            write!(f, "{word} ")?;
        }
        if let Some(message) = &record.message {
            write!(f, "{} ", message.wanted())?;
        }
        for (name, value) in &record.fields {
            write!(f, "{name}={} ", value.wanted())?;
        }
        Ok(())
    }
}
