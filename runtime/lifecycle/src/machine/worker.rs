//! The pod's worker: one sync after the other, one step after the other.

use super::{HookId, NodeState, PodMachine, Time};
use crate::grace::{GraceSpec, KillReason, effective};
use crate::pod_status::{CRASH_LOOP_BACK_OFF, ContainerState, Phase, Progress};
use crate::spec::ContainerIndex;

/// How far the worker is with its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Makes the pod run.
    Syncing,
    /// Found it over; terminates it at this time.
    Ending(Time),
    /// Kills what still runs.
    Terminating,
    /// Killed all; shows the final status at this time.
    Settling(Time),
    Terminated,
}

/// What the worker is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    Idle,
    BetweenSteps,
    Starting(ContainerIndex),
    PostStart {
        container: ContainerIndex,
        hook: HookId,
    },
    /// Kills a container whose postStart hook failed, with this text.
    Unwinding {
        container: ContainerIndex,
        message: String,
    },
    /// Kills one container.
    Killing,
    /// Kills all that run, and takes the sandbox down after them.
    KillingPod,
}

impl Work {
    pub(super) fn awaits(&self, id: HookId) -> bool {
        matches!(self, Self::PostStart { hook, .. } if *hook == id)
    }
}

/// One thing of a sync.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Kill(ContainerIndex, String, KillReason),
    /// Everything at once, and the sandbox after it (R28, R29).
    KillPod,
    Start(ContainerIndex),
}

impl PodMachine {
    /// Moves the worker on by one step; true where it moved.
    pub(super) fn worker_step(&mut self) -> bool {
        let kills_done = self.kubelet.kills.iter().all(super::kill::Kill::is_done);
        match &self.kubelet.work {
            Work::Idle => self.idle_step(),
            Work::BetweenSteps => {
                match self.kubelet.steps.pop_front() {
                    Some(step) => self.step(step),
                    None => self.sync_is_over(),
                }
                true
            }
            Work::Starting(_) | Work::PostStart { .. } => false,
            Work::Unwinding { .. } | Work::Killing | Work::KillingPod if !kills_done => false,
            Work::Unwinding { .. } | Work::Killing | Work::KillingPod => {
                self.kubelet.kills.clear();
                self.kills_are_over();
                true
            }
        }
    }

    fn kills_are_over(&mut self) {
        match std::mem::replace(&mut self.kubelet.work, Work::BetweenSteps) {
            Work::Unwinding { container, message } => self.unwound(container, message),
            Work::KillingPod => self.pod_is_killed(),
            Work::Idle
            | Work::BetweenSteps
            | Work::Starting(_)
            | Work::PostStart { .. }
            | Work::Killing => {}
        }
    }

    fn idle_step(&mut self) -> bool {
        let now = self.now;
        match self.kubelet.stage {
            Stage::Syncing if self.api.deletion.is_some() => self.begin_termination(),
            Stage::Syncing if self.is_due() => self.sync(),
            Stage::Ending(at) if now >= at || self.api.deletion.is_some() => {
                self.begin_termination();
            }
            Stage::Settling(at) if now >= at => self.finish(),
            Stage::Syncing
            | Stage::Ending(_)
            | Stage::Terminating
            | Stage::Settling(_)
            | Stage::Terminated => return false,
        }
        true
    }

    fn is_due(&self) -> bool {
        self.past_deadline() || self.kubelet.sync_due.is_some_and(|due| due <= self.now)
    }

    /// `activeDeadlineSeconds` counts from the pod's arrival on the node.
    fn deadline(&self) -> Option<Time> {
        self.spec.active_deadline_seconds.map(crate::grace::span)
    }

    pub(super) fn past_deadline(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= self.now)
    }

    pub(super) fn worker_due(&self) -> Option<Time> {
        let idle = self.kubelet.work == Work::Idle;
        match self.kubelet.stage {
            Stage::Syncing if idle => [self.kubelet.sync_due, self.deadline()]
                .into_iter()
                .flatten()
                .min(),
            Stage::Ending(at) | Stage::Settling(at) => Some(at),
            Stage::Syncing | Stage::Terminating | Stage::Terminated => None,
        }
    }

    /// SyncPod: first the status of what is, then what is to be done about it.
    fn sync(&mut self) {
        self.kubelet.sync_due = None;
        let status = self.status_now(Progress {
            initialized: self.is_initialized(),
            terminal: false,
        });
        let over = status.phase.is_terminal();
        self.publish(status);
        if over {
            self.kubelet.stage = Stage::Ending(self.now + self.pace.resync);
            return;
        }
        self.kubelet.ended_before = self.runtime.iter().map(last_end).collect();
        self.kubelet.steps = self.plan();
        self.kubelet.acted = false;
        self.kubelet.failed = false;
        self.kubelet.work = Work::BetweenSteps;
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Start(container) => self.start(container),
            Step::Kill(container, message, reason) => {
                let grace = self.base_grace(container, reason);
                self.kubelet.work = Work::Killing;
                self.kill(container, message, grace);
            }
            Step::KillPod => {
                let own = GraceSpec {
                    termination: self.spec.termination_grace_period_seconds,
                    ..GraceSpec::default()
                };
                self.kill_all(crate::grace::base(own, KillReason::Other));
            }
        }
    }

    pub(super) fn kill_all(&mut self, grace: i64) {
        self.kubelet.work = Work::KillingPod;
        for index in (0..self.runtime.len()).map(ContainerIndex) {
            if self.runs(index) {
                let message = format!("Stopping container {}", self.name(index));
                self.kill(index, message, grace);
            }
        }
    }

    /// A sync that changed something is followed by another at once; one that failed
    /// by another soon, or when a back-off ends.
    fn sync_is_over(&mut self) {
        self.kubelet.work = Work::Idle;
        if self.kubelet.acted && !self.kubelet.failed {
            self.sync_by(self.now);
        } else if self.kubelet.failed {
            let soon = self.now + self.pace.retry;
            let at = match self.shows_back_off() {
                true => self.back_off_ends().unwrap_or(soon),
                false => self.back_off_ends().map_or(soon, |end| end.min(soon)),
            };
            self.sync_by(at);
        }
    }

    fn back_off_ends(&self) -> Option<Time> {
        self.runtime
            .iter()
            .zip(&self.kubelet.backoffs)
            .zip(&self.kubelet.reasons)
            .filter(|(_, reason)| {
                reason
                    .as_ref()
                    .is_some_and(|reason| reason.reason == CRASH_LOOP_BACK_OFF)
            })
            .filter_map(|((on_node, backoff), _)| backoff.until(ended_at(on_node)?, self.now))
            .min()
    }

    /// Whether the API shows the back-off that the last sync found.
    fn shows_back_off(&self) -> bool {
        self.api.published.as_ref().is_some_and(|status| {
            status.containers.iter().any(|container| {
                matches!(container.state, ContainerState::Waiting { reason, .. } if reason == CRASH_LOOP_BACK_OFF)
            })
        })
    }

    /// R41: a pod that is over goes at once. R42: a later delete can only shorten,
    /// and what is under way does not hear of it.
    pub(super) fn delete(&mut self, grace: Option<i64>) {
        let over = |phase: Phase| phase.is_terminal();
        if self.status().is_none_or(|status| over(status.phase)) {
            self.api.gone = true;
            return;
        }
        let own = self.spec.termination_grace_period_seconds.unwrap_or(0);
        let asked = match grace.unwrap_or(own) {
            negative if negative < 0 => 1,
            seconds => seconds,
        };
        let deletion = self.api.deletion.map_or(asked, |before| before.min(asked));
        self.api.deletion = Some(deletion);
        self.api.gone = deletion == 0;
    }

    /// R35.
    pub(super) fn effective_grace(&self) -> i64 {
        let given = GraceSpec {
            deletion: self.api.deletion,
            termination: self.spec.termination_grace_period_seconds,
            ..GraceSpec::default()
        };
        effective(given, None)
    }
}

/// The last end that there was, of this start or of the one before.
fn last_end(on_node: &super::OnNode) -> Option<Time> {
    ended_at(on_node).or(on_node.previous_at)
}

pub(super) fn ended_at(on_node: &super::OnNode) -> Option<Time> {
    match on_node.state {
        NodeState::Ended { at, .. } => Some(at),
        NodeState::Absent | NodeState::Created | NodeState::Running { .. } => None,
    }
}
