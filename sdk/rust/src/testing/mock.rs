//! A mocked host in its place: the thread it was made on.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::script::Main;
use super::{Answer, Event, Record, Script, Sent};
use crate::container::Signal;
use crate::{Error, Result};

thread_local! {
    static CURRENT: RefCell<Option<Rc<RefCell<Script>>>> = const { RefCell::new(None) };
}

/// Asks this thread's mock; `None` without one.
pub(crate) fn with<T>(ask: impl FnOnce(&mut Script) -> T) -> Option<T> {
    let current = CURRENT.with_borrow(Clone::clone)?;
    let mut script = current.borrow_mut();
    Some(ask(&mut script))
}

/// A host for the hooks that this thread calls, until it is dropped.
///
/// Without being told anything: no settings, no limits, nothing granted. Tests on other
/// threads have hosts of their own.
#[derive(Debug)]
#[must_use = "the host is there until this is dropped"]
pub struct Mock {
    script: Rc<RefCell<Script>>,
}

/// How a call ended: see [`Mock::call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The hook returned.
    Returned(Result),
    /// Its time was over first: the host ended it, as `Exhausted` with `resource: time`.
    OutOfTime,
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl Mock {
    /// Takes its place on this thread.
    ///
    /// # Panics
    /// Where this thread has one already.
    pub fn new() -> Self {
        let script = Rc::<RefCell<Script>>::default();
        CURRENT.with_borrow_mut(|current| {
            let twice = "this thread has a `Mock` already: drop it first";
            assert!(current.is_none(), "{twice}");
            *current = Some(script.clone());
        });
        crate::logger::install();
        Self { script }
    }

    /// A setting, as `--config KEY=VALUE` gives it.
    pub fn config(self, key: &str, value: &str) -> Self {
        self.with(|script| script.config.insert(key.to_owned(), value.to_owned()))
    }

    /// A value in the state, as an earlier call left it.
    pub fn state(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref().to_vec();
        self.with(|script| script.values.insert(key.to_owned(), value))
    }

    /// What [`Context::path`](crate::Context::path) makes of paths under `guest`: the same
    /// under `host`.
    pub fn folder(self, guest: impl Into<PathBuf>, host: impl Into<PathBuf>) -> Self {
        self.with(|script| script.folders.push((guest.into(), host.into())))
    }

    /// The answer to a request: `"GET http://10.0.0.7/ready"`. Of several to the same one
    /// each is given once, the last again and again. A request without an answer is denied.
    pub fn answer(self, request: &str, answer: impl Into<Answer>) -> Self {
        self.with(|script| {
            let answers = script.answers.entry(request.to_owned()).or_default();
            answers.push_back(answer.into());
        })
    }

    /// Time until the host ends the call.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|script| script.timeout = Some(timeout))
    }

    /// Units of computation left. They do not become less.
    pub fn fuel(self, units: u64) -> Self {
        self.with(|script| script.fuel = Some(units))
    }

    /// Bytes the memory may grow by. They do not become less.
    pub fn memory(self, bytes: u64) -> Self {
        self.with(|script| script.memory = Some(bytes))
    }

    /// The container's main process may be signalled, and runs for so long from now on;
    /// zero: it has ended.
    pub fn main_process(self, runs_for: Duration) -> Self {
        self.with(|script| {
            script.main = match runs_for {
                Duration::ZERO => Main::Gone,
                Duration::MAX => Main::Runs(None),
                _ => Main::Runs(Some(script.elapsed.saturating_add(runs_for))),
            };
        })
    }

    /// The container's main process may be signalled, and ends so long after `signal`.
    pub fn main_process_heeds(self, signal: Signal, takes: Duration) -> Self {
        self.with(|script| script.main = Main::Heeds(vec![signal], takes))
    }

    /// Calls a hook as the host does: it is ended when its time is over.
    ///
    /// # Panics
    /// Where the hook does.
    pub fn call<E>(&self, hook: impl FnOnce() -> std::result::Result<(), E>) -> Ended
    where
        E: std::fmt::Display + 'static,
    {
        match catch_unwind(AssertUnwindSafe(hook)) {
            Ok(returned) => Ended::Returned(returned.map_err(Error::of)),
            Err(_) if self.script.borrow().is_over => Ended::OutOfTime,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Virtual time since the mock was made.
    pub fn elapsed(&self) -> Duration {
        self.script.borrow().elapsed
    }

    /// Requests that were sent, in their order; those that were denied as well.
    pub fn requests(&self) -> Vec<Sent> {
        self.script.borrow().requests.clone()
    }

    /// Signals that reached the container's main process.
    pub fn signals(&self) -> Vec<Signal> {
        self.script.borrow().signals.clone()
    }

    /// Log records of this thread.
    pub fn logs(&self) -> Vec<Record> {
        self.script.borrow().logs.clone()
    }

    /// Events.
    pub fn events(&self) -> Vec<Event> {
        self.script.borrow().events.clone()
    }

    /// What the hook wants to end up in `/dev/termination-log`.
    pub fn termination_message(&self) -> Option<String> {
        self.script.borrow().termination_message.clone()
    }

    /// A value of the state, as it is now.
    pub fn state_of(&self, key: &str) -> Option<Vec<u8>> {
        self.script.borrow().values.get(key).cloned()
    }

    fn with<T>(self, tell: impl FnOnce(&mut Script) -> T) -> Self {
        tell(&mut self.script.borrow_mut());
        self
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}
