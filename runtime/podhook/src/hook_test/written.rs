//! Single values of a case file, as they are written there.

use podhook_lifecycle::Hook;
use podhook_runner::grammar;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::time::Duration;

/// `post-start`, `pre-stop`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Phase(pub(super) Hook);

impl TryFrom<String> for Phase {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|why| format!("{why}"))
    }
}

/// `1m30s`, `20ms`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Time(pub(super) Duration);

impl TryFrom<Value> for Time {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let parsed = grammar::duration(&scalar(&value)?);
        parsed.map(Self).map_err(|why| why.to_string())
    }
}

/// Bytes: `64Mi`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Size(pub(super) u64);

impl TryFrom<Value> for Size {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let parsed = grammar::size(&scalar(&value)?);
        parsed.map(Self).map_err(|why| why.to_string())
    }
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err("not a single value".to_owned())
        }
    }
}

/// One of them, or a list.
#[derive(Debug, Clone)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMore<T> {
    /// By way of a value: an error is then that of the one that is wrong.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |value| serde_json::from_value(value).map_err(D::Error::custom);
        let values = match Value::deserialize(from)? {
            Value::Array(values) => values,
            one @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)) => vec![one],
        };
        values
            .into_iter()
            .map(of)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
