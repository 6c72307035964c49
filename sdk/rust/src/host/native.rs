//! Off WebAssembly: this thread's mock answers, where a test has made one. Otherwise
//! nothing is set or limited, what is said goes to stderr, and what can fail does.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use log::Level;

use crate::testing::{Script, with};
use crate::{container, events, http, state};

pub(crate) fn log(level: Level, target: &str, message: &str, fields: &[(String, String)]) {
    if with(|mock| mock.log(level, target, message, fields)).is_none() {
        let fields: String = fields
            .iter()
            .map(|(key, value)| format!(" {key}={value}"))
            .collect();
        eprintln!("{level:<5} {target}: {message}{fields}");
    }
}

pub(crate) fn log_max_level() -> Level {
    Level::Trace
}

pub(crate) fn config_get(key: &str) -> Option<String> {
    with(|mock| mock.config().get(key).cloned()).flatten()
}

pub(crate) fn config_all() -> Vec<(String, String)> {
    with(|mock| mock.config().clone().into_iter().collect()).unwrap_or_default()
}

pub(crate) fn remaining_time() -> Option<Duration> {
    with(|mock| mock.remaining()).flatten()
}

pub(crate) fn remaining_fuel() -> Option<u64> {
    with(|mock| mock.fuel()).flatten()
}

pub(crate) fn remaining_memory() -> Option<u64> {
    with(|mock| mock.memory()).flatten()
}

pub(crate) fn sleep(time: Duration) {
    if with(|mock| mock.sleep(time)).is_none() {
        std::thread::sleep(time);
    }
}

pub(crate) fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    with(|mock| mock.elapsed()).unwrap_or_else(|| START.elapsed())
}

pub(crate) fn path(path: &Path) -> PathBuf {
    with(|mock| mock.path(path)).unwrap_or_else(|| path.to_owned())
}

pub(crate) fn event(kind: events::Kind, reason: &str, note: &str) {
    if with(|mock| mock.event(kind, reason, note)).is_none() {
        eprintln!("{kind:?} {reason}: {note}");
    }
}

pub(crate) fn termination_message(text: &str) {
    if with(|mock| mock.termination_message(text)).is_none() {
        eprintln!("termination message: {text}");
    }
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>, state::Error> {
    of_state(|mock| mock.values().get(key).cloned())
}

pub(crate) fn state_set(key: &str, value: &[u8]) -> Result<(), state::Error> {
    of_state(|mock| drop(mock.values().insert(key.to_owned(), value.to_vec())))
}

pub(crate) fn state_delete(key: &str) -> Result<(), state::Error> {
    of_state(|mock| drop(mock.values().remove(key)))
}

pub(crate) fn state_keys() -> Result<Vec<String>, state::Error> {
    of_state(|mock| mock.values().keys().cloned().collect())
}

fn of_state<T>(ask: impl FnOnce(&mut Script) -> T) -> Result<T, state::Error> {
    with(ask).ok_or(state::Error::Unavailable)
}

pub(crate) fn http_send(request: http::Request) -> Result<http::Response, http::Error> {
    with(|mock| mock.http_send(request)).unwrap_or(Err(http::Error::Unavailable))
}

pub(crate) fn http_send_all(
    requests: Vec<http::Request>,
) -> Vec<Result<http::Response, http::Error>> {
    let unavailable = requests.iter().map(|_| Err(http::Error::Unavailable));
    let unavailable = unavailable.collect();
    with(|mock| mock.http_send_all(requests)).unwrap_or(unavailable)
}

pub(crate) fn container_signal(signal: container::Signal) -> Result<(), container::Error> {
    with(|mock| mock.signal(signal)).unwrap_or(Err(container::Error::Unavailable))
}

pub(crate) fn container_running() -> Result<bool, container::Error> {
    with(|mock| mock.is_running()).unwrap_or(Err(container::Error::Unavailable))
}

pub(crate) fn container_wait(timeout: Option<Duration>) -> Result<bool, container::Error> {
    with(|mock| mock.wait(timeout)).unwrap_or(Err(container::Error::Unavailable))
}
