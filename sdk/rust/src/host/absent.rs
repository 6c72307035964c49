//! Outside of a sandbox: nothing is set or limited, what is said goes to stderr, and
//! what can fail does.

use std::time::Duration;

use log::Level;

use crate::{container, events, http, state};

pub(crate) fn log(level: Level, target: &str, message: &str, fields: &[(String, String)]) {
    let fields: String = fields
        .iter()
        .map(|(key, value)| format!(" {key}={value}"))
        .collect();
    eprintln!("{level:<5} {target}: {message}{fields}");
}

pub(crate) fn log_max_level() -> Level {
    Level::Trace
}

pub(crate) fn config_get(_key: &str) -> Option<String> {
    None
}

pub(crate) fn config_all() -> Vec<(String, String)> {
    Vec::new()
}

pub(crate) fn remaining_time() -> Option<Duration> {
    None
}

pub(crate) fn remaining_fuel() -> Option<u64> {
    None
}

pub(crate) fn remaining_memory() -> Option<u64> {
    None
}

pub(crate) fn event(kind: events::Kind, reason: &str, note: &str) {
    eprintln!("{kind:?} {reason}: {note}");
}

pub(crate) fn termination_message(text: &str) {
    eprintln!("termination message: {text}");
}

pub(crate) fn state_get(_key: &str) -> Result<Option<Vec<u8>>, state::Error> {
    Err(state::Error::Unavailable)
}

pub(crate) fn state_set(_key: &str, _value: &[u8]) -> Result<(), state::Error> {
    Err(state::Error::Unavailable)
}

pub(crate) fn state_delete(_key: &str) -> Result<(), state::Error> {
    Err(state::Error::Unavailable)
}

pub(crate) fn state_keys() -> Result<Vec<String>, state::Error> {
    Err(state::Error::Unavailable)
}

pub(crate) fn http_send(_request: http::Request) -> Result<http::Response, http::Error> {
    Err(http::Error::Unavailable)
}

pub(crate) fn container_signal(_signal: container::Signal) -> Result<(), container::Error> {
    Err(container::Error::Unavailable)
}

pub(crate) fn container_running() -> Result<bool, container::Error> {
    Err(container::Error::Unavailable)
}

pub(crate) fn container_wait(_timeout: Option<Duration>) -> Result<bool, container::Error> {
    Err(container::Error::Unavailable)
}
