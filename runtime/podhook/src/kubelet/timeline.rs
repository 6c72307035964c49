//! All that was seen of a pod, in order: events, processes, statuses, calls, reports.
//!
//! Times count from the first `CreateContainer`; what came before is negative. Who
//! watches is told of each row as soon as its time can be said.

use podhook_lifecycle::machine::{Effect, Time};
use podhook_lifecycle::pod_event::PodEvent;
use podhook_lifecycle::pod_status::PodStatus;
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use podhook_lifecycle::{Hook, Report};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Seconds since the first `CreateContainer`, exact to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct At(pub(crate) f64);

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Start,
    Exit(i32),
    Killed(Option<i32>),
    SignalTerm,
}

/// Whose process it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Container(ContainerIndex),
    Hook(ContainerIndex, Hook),
}

/// A call of the container runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    CreateContainer(ContainerIndex),
    StartContainer(ContainerIndex),
    StopContainer(ContainerIndex, u64),
    StopPodSandbox,
}

/// One row of a timeline.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    Event(PodEvent),
    Process(Whose, What),
    Status(PodStatus),
    Call(Call),
    /// A handler has run, of whatever kind.
    Report(ContainerIndex, Hook, Box<Report>),
}

/// A line that a container printed. There is no end to what a container prints, so there
/// are so many lines at a time that were not shown yet; this is one of them while it lives.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// None for what is said in place of lines that were left out.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Somebody who is shown rows as they come.
pub(crate) trait Watcher {
    fn row(&mut self, spec: &PodSpec, at: At, row: &Row);

    fn printed(&mut self, container: &str, at: At, line: Line);

    /// Nothing more is to be said about this moment.
    fn settled(&mut self);
}

/// The rows so far.
pub(crate) struct Timeline {
    spec: Arc<PodSpec>,
    rows: Vec<(Time, Row)>,
    created_at: Option<Time>,
    watcher: Option<Box<dyn Watcher>>,
    /// How many rows the watcher was shown.
    shown: usize,
}

impl Timeline {
    pub(crate) fn new(spec: Arc<PodSpec>) -> Self {
        Self {
            spec,
            rows: Vec::new(),
            created_at: None,
            watcher: None,
            shown: 0,
        }
    }

    /// The same, shown to `watcher` as it comes.
    pub(crate) fn watched(spec: Arc<PodSpec>, watcher: Box<dyn Watcher>) -> Self {
        Self {
            watcher: Some(watcher),
            ..Self::new(spec)
        }
    }

    /// Keeps what of an effect can be seen from outside.
    pub(crate) fn record(&mut self, now: Time, effect: &Effect) {
        let row = match effect {
            Effect::Event(event) => Row::Event(event.clone()),
            Effect::Status(status) => Row::Status(status.clone()),
            Effect::CreateContainer(container) => {
                self.created_at.get_or_insert(now);
                Row::Call(Call::CreateContainer(*container))
            }
            Effect::StartContainer(container) => Row::Call(Call::StartContainer(*container)),
            Effect::StopContainer(container, timeout) => {
                Row::Call(Call::StopContainer(*container, *timeout))
            }
            Effect::StopPodSandbox => Row::Call(Call::StopPodSandbox),
            Effect::Terminate(_)
            | Effect::Kill(_)
            | Effect::RunHook(_)
            | Effect::RunProbe(..)
            | Effect::CutHooks => return,
        };
        self.push(now, row);
    }

    pub(crate) fn process(&mut self, now: Time, whose: Whose, what: What) {
        self.push(now, Row::Process(whose, what));
    }

    pub(crate) fn report(&mut self, now: Time, whose: (ContainerIndex, Hook), report: Report) {
        self.push(now, Row::Report(whose.0, whose.1, Box::new(report)));
    }

    /// Is shown and not kept.
    pub(crate) fn printed(&mut self, now: Time, container: ContainerIndex, line: Line) {
        let at = self.at(now);
        let spec = self.spec.container(container);
        if let (Some(watcher), Some(spec)) = (&mut self.watcher, spec) {
            watcher.printed(&spec.name, at, line);
        }
    }

    /// Nothing more will come of this moment.
    pub(crate) fn settled(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            watcher.settled();
        }
    }

    /// Nothing more will come.
    pub(crate) fn over(&mut self) {
        self.created_at.get_or_insert(Time::ZERO);
        self.show();
        self.settled();
        self.watcher = None;
    }

    fn push(&mut self, now: Time, row: Row) {
        self.rows.push((now, row));
        if self.created_at.is_some() {
            self.show();
        }
    }

    fn show(&mut self) {
        let Some(mut watcher) = self.watcher.take() else {
            return;
        };
        let rows = self.rows.get(self.shown..).unwrap_or_default();
        for (time, row) in rows {
            watcher.row(&self.spec, self.at(*time), row);
        }
        self.shown = self.rows.len();
        self.watcher = Some(watcher);
    }

    /// The last status that was shown; none, where the pod never had any.
    pub(crate) fn last_status(&self) -> Option<&PodStatus> {
        let mut rows = self.rows.iter().rev();
        rows.find_map(|(_, row)| {
            if let Row::Status(status) = row {
                Some(status)
            } else {
                None
            }
        })
    }

    pub(crate) fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// All rows in the order in which they came.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (At, &Row)> {
        self.rows.iter().map(|(time, row)| (self.at(*time), row))
    }

    pub(crate) fn at(&self, time: Time) -> At {
        let zero = self.created_at.unwrap_or_default();
        let micros = |span: Time| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        #[allow(clippy::cast_precision_loss)]
        let micros = micros(time).saturating_sub(micros(zero)) as f64;
        At(micros / 1e6)
    }
}
