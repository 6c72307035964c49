//! What a mocked host knows, and what it was told.
//!
//! Does not know of threads: see [`super::mock`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::Level;

use super::Answer;
use crate::container::{self, Signal};
use crate::events::Kind;
use crate::http::{self, Request, Response};

/// A log record, as it reached the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// How grave.
    pub level: Level,
    /// Usually the path of the module it was written in.
    pub target: String,
    /// Its text.
    pub message: String,
    /// Its fields, in the order written.
    pub fields: Vec<(String, String)>,
}

/// A request, as it reached the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// `GET` and so on.
    pub method: String,
    /// Where to.
    pub url: String,
    /// In the order given.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
    /// Its own, not the call's.
    pub timeout: Option<Duration>,
}

impl From<Request> for Sent {
    fn from(request: Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout: request.timeout,
        }
    }
}

/// An event, as it reached the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Normal or a warning.
    pub kind: Kind,
    /// A word in `UpperCamelCase`.
    pub reason: String,
    /// A sentence.
    pub note: String,
}

/// The container's main process.
#[derive(Debug, Default)]
pub(super) enum Main {
    #[default]
    Denied,
    Gone,
    /// Until then, on the virtual clock; `None`: until it is told.
    Runs(Option<Duration>),
    /// Until so long after one of these signals.
    Heeds(Vec<Signal>, Duration),
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(super) config: BTreeMap<String, String>,
    pub(super) values: BTreeMap<String, Vec<u8>>,
    pub(super) folders: Vec<(PathBuf, PathBuf)>,
    pub(super) answers: HashMap<String, VecDeque<Answer>>,
    pub(super) main: Main,
    pub(super) timeout: Option<Duration>,
    pub(super) fuel: Option<u64>,
    pub(super) memory: Option<u64>,
    pub(super) elapsed: Duration,
    /// The host ended the call.
    pub(super) is_over: bool,
    pub(super) requests: Vec<Sent>,
    pub(super) signals: Vec<Signal>,
    pub(super) logs: Vec<Record>,
    pub(super) events: Vec<Event>,
    pub(super) termination_message: Option<String>,
}

impl Script {
    pub(crate) fn log(&mut self, level: Level, target: &str, message: &str, fields: Fields<'_>) {
        self.logs.push(Record {
            level,
            target: target.to_owned(),
            message: message.to_owned(),
            fields: fields.to_vec(),
        });
    }

    pub(crate) fn config(&self) -> &BTreeMap<String, String> {
        &self.config
    }

    pub(crate) fn remaining(&self) -> Option<Duration> {
        Some(self.timeout?.saturating_sub(self.elapsed))
    }

    pub(crate) fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    pub(crate) fn memory(&self) -> Option<u64> {
        self.memory
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Time passes; the call ends where it has no more of it.
    #[expect(
        clippy::panic,
        reason = "a hook ends in the middle, which nothing else does"
    )]
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.elapsed = self.elapsed.saturating_add(time);
        self.is_over = self.timeout.is_some_and(|timeout| self.elapsed >= timeout);
        if self.is_over {
            panic!("the call's time is over: the host ends it here (see `Mock::call`)");
        }
    }

    pub(crate) fn event(&mut self, kind: Kind, reason: &str, note: &str) {
        let (reason, note) = (reason.to_owned(), note.to_owned());
        self.events.push(Event { kind, reason, note });
    }

    pub(crate) fn termination_message(&mut self, text: &str) {
        self.termination_message = Some(text.to_owned());
    }

    pub(crate) fn values(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        &mut self.values
    }

    /// Where a path of the guest's is.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        let below =
            |(guest, host): &(PathBuf, PathBuf)| Some(host.join(path.strip_prefix(guest).ok()?));
        let found = self.folders.iter().rev().find_map(below);
        found.unwrap_or_else(|| path.to_owned())
    }

    pub(crate) fn http_send(&mut self, request: Request) -> Result<Response, http::Error> {
        let (answer, limit) = self.take_answer(request);
        match limit {
            Some(limit) if limit < answer.after => {
                self.sleep(limit);
                Err(http::Error::Timeout)
            }
            _ => {
                self.sleep(answer.after);
                answer.result
            }
        }
    }

    /// All at once: takes as long as the slowest.
    pub(crate) fn http_send_all(
        &mut self,
        requests: Vec<Request>,
    ) -> Vec<Result<Response, http::Error>> {
        let mut slowest = Duration::ZERO;
        let answers = requests.into_iter().map(|request| {
            let (answer, limit) = self.take_answer(request);
            let in_time = limit.is_none_or(|limit| limit >= answer.after);
            slowest = slowest.max(limit.map_or(answer.after, |limit| limit.min(answer.after)));
            if in_time {
                answer.result
            } else {
                Err(http::Error::Timeout)
            }
        });
        let answers = answers.collect();
        self.sleep(slowest);
        answers
    }

    fn take_answer(&mut self, request: Request) -> (Answer, Option<Duration>) {
        let what = format!("{} {}", request.method, request.url);
        let limit = request.timeout;
        self.requests.push(request.into());
        let Some(answers) = self.answers.get_mut(&what) else {
            let why = format!("the test has no answer to it: Mock::answer({what:?}, …)");
            return (Answer::error(http::Error::Denied(why)), limit);
        };
        // The last one stays.
        let answer = match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        };
        (answer.unwrap_or_else(|| Answer::new(204)), limit)
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), container::Error> {
        if !self.is_running()? {
            return Err(container::Error::NotRunning);
        }
        self.signals.push(signal);
        if let Main::Heeds(heeded, takes) = &self.main
            && heeded.contains(&signal)
        {
            self.main = Main::Runs(Some(self.elapsed.saturating_add(*takes)));
        }
        Ok(())
    }

    pub(crate) fn is_running(&self) -> Result<bool, container::Error> {
        match self.main {
            Main::Denied => Err(container::Error::Denied),
            Main::Gone => Ok(false),
            Main::Runs(until) => Ok(until.is_none_or(|until| self.elapsed < until)),
            Main::Heeds(..) => Ok(true),
        }
    }

    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Result<bool, container::Error> {
        if !self.is_running()? {
            return Ok(true);
        }
        let ends_in = match self.main {
            Main::Runs(Some(until)) => until.saturating_sub(self.elapsed),
            Main::Runs(None) | Main::Heeds(..) | Main::Denied | Main::Gone => Duration::MAX,
        };
        let waits = timeout.map_or(ends_in, |timeout| timeout.min(ends_in));
        self.sleep(waits);
        self.is_running().map(|running| !running)
    }
}

type Fields<'f> = &'f [(String, String)];
