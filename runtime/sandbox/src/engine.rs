//! One worker's engine: configuration, linkers, alarm.
//!
//! One engine per worker thread: engines that are shared between threads do not
//! scale (a shared pool index, shared reference counts). Nothing made by one engine
//! may reach another; code crosses over as bytes.

use crate::alarm::Alarm;
use crate::config::{self, Allocation, Profile};
use crate::linkers::Linkers;
use crate::pool::Reset;
use crate::turns::Turns;
use podhook_lifecycle::Bell;
use std::sync::Arc;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime does not run under this configuration on this machine.
    #[error("cannot set up the sandbox: {0}")]
    Config(String),
    /// No thread for the alarm.
    #[error("cannot start the alarm thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// One worker's engine.
pub struct Engine {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) linkers: Linkers,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) turns: Arc<Turns>,
    /// Its process ends with its only run.
    pub(crate) runs_once: bool,
    profile: Profile,
    compatibility: u64,
}

impl Engine {
    /// An engine of this profile.
    ///
    /// # Errors
    /// Where the machine cannot hold it (address space, threads).
    pub fn new(profile: Profile) -> Result<Self, EngineError> {
        let engine = Self::for_one_run(profile)?;
        engine.alarm.start()?;
        Ok(Self {
            runs_once: false,
            ..engine
        })
    }

    /// An engine for a process that runs one hook and ends: without a thread for its
    /// alarm, as long as no limit needs one.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn for_one_run(profile: Profile) -> Result<Self, EngineError> {
        let wasmtime =
            wasmtime_engine(&profile).map_err(|error| EngineError::Config(format!("{error:#}")))?;
        Ok(Self {
            linkers: Linkers::default(),
            turns: Arc::default(),
            alarm: Arc::new(Alarm::new(&wasmtime)),
            compatibility: compatibility(&wasmtime),
            runs_once: true,
            profile,
            wasmtime,
        })
    }

    /// Another engine for the same worker: hooks of both take turns.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn beside(&self, profile: Profile) -> Result<Self, EngineError> {
        Ok(Self {
            turns: self.turns.clone(),
            ..Self::new(profile)?
        })
    }

    /// Says that a hook for this worker waits to be polled for the first time: a guest
    /// that computes alone makes way for it. May be called from any thread.
    pub fn knock(&self) {
        self.turns.knock();
        self.alarm.ring();
    }

    /// Makes a guest that computes look up, once. May be called from a signal handler.
    pub fn interrupter(&self) -> impl Fn() + Send + Sync + 'static {
        let engine = self.wasmtime.clone();
        move || engine.increment_epoch()
    }

    /// What this engine was made for.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// For whom code is to be compiled.
    pub(crate) fn target(&self) -> Target {
        Target {
            wasmtime: self.wasmtime.clone(),
            profile: self.profile,
            compatibility: self.compatibility,
        }
    }
}

/// Engines that can exchange code; may be sent to another thread.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) profile: Profile,
    pub(crate) compatibility: u64,
}

/// Kernels before 6.7 cannot tell which pages were written: the pool then falls
/// back to resetting a short prefix.
fn wasmtime_engine(profile: &Profile) -> wasmtime::Result<wasmtime::Engine> {
    if !matches!(profile.allocation, Allocation::Pooled { .. }) {
        return wasmtime::Engine::new(&config::config(profile, Reset::Prefix)?);
    }
    wasmtime::Engine::new(&config::config(profile, Reset::WrittenPages)?).or_else(|error| {
        tracing::debug!("no PAGEMAP_SCAN: {error:#}");
        wasmtime::Engine::new(&config::config(profile, Reset::Prefix)?)
    })
}

#[cfg(feature = "compile")]
pub(crate) fn compatibility(engine: &wasmtime::Engine) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// Without a compiler there is no code of different kinds to tell apart.
#[cfg(not(feature = "compile"))]
fn compatibility(_engine: &wasmtime::Engine) -> u64 {
    0
}
