//! Inside a sandbox: every function is one call of the host. In a component only the
//! interfaces of those that are used are imported.

use std::path::{Path, PathBuf};
use std::time::Duration;

use log::Level;

use super::bindings::imports::podhook::lifecycle as wit;
use super::millis;
use crate::{container, events, http, state};

pub(crate) fn log(level: Level, target: &str, message: &str, fields: &[(String, String)]) {
    wit::log::log(level.into(), target, message, fields);
}

pub(crate) fn log_max_level() -> Level {
    wit::log::max_level().into()
}

pub(crate) fn config_get(key: &str) -> Option<String> {
    wit::config::get(key)
}

pub(crate) fn config_all() -> Vec<(String, String)> {
    wit::config::all()
}

pub(crate) fn remaining_time() -> Option<Duration> {
    millis::deadline(wit::budget::remaining_ms())
}

pub(crate) fn remaining_fuel() -> Option<u64> {
    wit::budget::remaining_fuel()
}

pub(crate) fn remaining_memory() -> Option<u64> {
    wit::budget::remaining_memory()
}

pub(crate) fn sleep(time: Duration) {
    wit::clock::sleep_ms(millis::ceil(time));
}

pub(crate) fn elapsed() -> Duration {
    Duration::from_millis(wit::clock::now_ms())
}

pub(crate) fn path(path: &Path) -> PathBuf {
    path.to_owned()
}

pub(crate) fn event(kind: events::Kind, reason: &str, note: &str) {
    wit::events::emit(kind.into(), reason, note);
}

pub(crate) fn termination_message(text: &str) {
    wit::events::termination_message(text);
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>, state::Error> {
    Ok(wit::state::get(key)?)
}

pub(crate) fn state_set(key: &str, value: &[u8]) -> Result<(), state::Error> {
    Ok(wit::state::set(key, value)?)
}

pub(crate) fn state_delete(key: &str) -> Result<(), state::Error> {
    Ok(wit::state::delete(key)?)
}

pub(crate) fn state_keys() -> Result<Vec<String>, state::Error> {
    Ok(wit::state::keys()?)
}

pub(crate) fn http_send(request: http::Request) -> Result<http::Response, http::Error> {
    Ok(wit::http::send(&request.into())?.into())
}

pub(crate) fn http_send_all(
    requests: Vec<http::Request>,
) -> Vec<Result<http::Response, http::Error>> {
    let requests: Vec<_> = requests.into_iter().map(Into::into).collect();
    let answers = wit::http::send_all(&requests).into_iter();
    answers.map(|answer| Ok(answer?.into())).collect()
}

pub(crate) fn container_signal(signal: container::Signal) -> Result<(), container::Error> {
    Ok(wit::container::send_signal(signal.into())?)
}

pub(crate) fn container_running() -> Result<bool, container::Error> {
    Ok(wit::container::running()?)
}

pub(crate) fn container_wait(timeout: Option<Duration>) -> Result<bool, container::Error> {
    Ok(wit::container::wait_stopped(timeout.map(millis::ceil))?)
}
