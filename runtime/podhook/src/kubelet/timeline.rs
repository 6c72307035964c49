//! All that was seen of a pod, in order: events, processes, statuses, calls.
//!
//! Times count from the first `CreateContainer`; what came before is negative.

use podhook_lifecycle::Hook;
use podhook_lifecycle::machine::{Effect, Time};
use podhook_lifecycle::pod_event::PodEvent;
use podhook_lifecycle::pod_status::PodStatus;
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use std::sync::Arc;

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
}

/// The rows so far.
pub(crate) struct Timeline {
    spec: Arc<PodSpec>,
    rows: Vec<(Time, Row)>,
    created_at: Option<Time>,
}

impl Timeline {
    pub(crate) fn new(spec: Arc<PodSpec>) -> Self {
        Self {
            spec,
            rows: Vec::new(),
            created_at: None,
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

    fn push(&mut self, now: Time, row: Row) {
        self.rows.push((now, row));
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
