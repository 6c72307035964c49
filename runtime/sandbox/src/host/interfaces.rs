//! The small interfaces of `podhook:lifecycle`: log, budget, clock, config, events, state.

use crate::bindings::podhook::lifecycle::{budget, clock, config, events, log, state, types};
use crate::event_loop;
use crate::guest::Guest;
use crate::record::OomKilled;
use podhook_lifecycle::{Event, EventKind, Level, LogRecord, StateError};
use std::time::{Duration, Instant};
use wasmtime::Result;
use wasmtime::component::Linker;

impl types::Host for Guest {}

impl log::Host for Guest {
    fn log(
        &mut self,
        level: log::Level,
        target: String,
        message: String,
        fields: Vec<(String, String)>,
    ) -> Result<()> {
        let record = LogRecord {
            level: level.into(),
            target,
            message,
            fields,
        };
        Ok(self.record.log(record)?)
    }

    fn max_level(&mut self) -> Result<log::Level> {
        Ok(log::Level::Debug)
    }
}

impl From<log::Level> for Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}

impl budget::Host for Guest {
    fn remaining_ms(&mut self) -> Result<u64> {
        Ok(Guest::remaining_ms(self))
    }

    /// Never reached: see [`add_remaining_fuel`].
    fn remaining_fuel(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }

    fn remaining_memory(&mut self) -> Result<Option<u64>> {
        Ok(self.record.meter().memory_left())
    }
}

/// `remaining-fuel`: fuel is counted in the store, which a [`budget::Host`] does not
/// see. Replaces the function of that name.
pub(crate) fn add_remaining_fuel(linker: &mut Linker<Guest>) -> Result<()> {
    let mut budget = linker.instance("podhook:lifecycle/budget@0.1.0")?;
    budget.func_wrap("remaining-fuel", |store, ()| Ok((store.get_fuel().ok(),)))
}

impl clock::Host for Guest {
    fn now_ms(&mut self) -> Result<u64> {
        let elapsed = self.epoch.get_or_insert_with(Instant::now).elapsed();
        Ok(u64::try_from(elapsed.as_millis())?)
    }

    async fn sleep_ms(&mut self, ms: u64) -> Result<()> {
        event_loop::need()?;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(())
    }
}

impl config::Host for Guest {
    fn get(&mut self, key: String) -> Result<Option<String>> {
        let mut settings = self.call.grants.config.iter().rev();
        Ok(settings
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.clone()))
    }

    fn all(&mut self) -> Result<Vec<(String, String)>> {
        let mut settings = std::collections::BTreeMap::new();
        for (name, value) in &self.call.grants.config {
            settings.insert(name.clone(), value.clone());
        }
        Ok(settings.into_iter().collect())
    }
}

impl events::Host for Guest {
    fn emit(&mut self, kind: events::Kind, reason: String, note: String) -> Result<()> {
        let kind = match kind {
            events::Kind::Normal => EventKind::Normal,
            events::Kind::Warning => EventKind::Warning,
        };
        Ok(self.record.event(Event { kind, reason, note })?)
    }

    fn termination_message(&mut self, text: String) -> Result<()> {
        let mut text = text;
        text.truncate(text.floor_char_boundary(TERMINATION_MESSAGE));
        text.shrink_to_fit();
        Ok(self.record.termination_message(text)?)
    }
}

/// Bytes, as the kubelet cuts `/dev/termination-log`.
const TERMINATION_MESSAGE: usize = 4096;

type StateResult<T> = Result<Result<T, state::StateError>>;

impl state::Host for Guest {
    fn get(&mut self, key: String) -> StateResult<Option<Vec<u8>>> {
        let value = self.state.get(&key);
        let size = value
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map_or(0, Vec::len);
        self.hold(size)?;
        Ok(value.map_err(Into::into))
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> StateResult<()> {
        Ok(self.state.set(&key, &value).map_err(Into::into))
    }

    fn delete(&mut self, key: String) -> StateResult<()> {
        Ok(self.state.delete(&key).map_err(Into::into))
    }

    fn keys(&mut self) -> StateResult<Vec<String>> {
        let keys = self.state.keys();
        let size = keys
            .as_ref()
            .map_or(0, |keys| keys.iter().map(String::len).sum());
        self.hold(size)?;
        Ok(keys.map_err(Into::into))
    }
}

impl From<StateError> for state::StateError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::TooLarge => Self::TooLarge,
            StateError::Full => Self::Full,
            StateError::Other(why) => Self::Other(why),
        }
    }
}

impl Guest {
    /// Charges a buffer that is handed to the guest and then dropped: it must have
    /// fitted.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), OomKilled> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.record.charge(bytes)?;
        self.record.release(bytes);
        Ok(())
    }
}
