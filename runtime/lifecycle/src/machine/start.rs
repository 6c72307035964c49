//! One container's start: back-off, create, start, postStart hook (R10–R22).
//!
//! Follows `startContainer` and `doBackOff`. The hook runs in line: until it ends,
//! the pod's worker does nothing else, whatever comes (R11, R15), and there is no
//! limit to that (R14).

use super::memory::Reason;
use super::worker::{Work, ended_at};
use super::{Effect, NodeState, OnNode, PodMachine};
use crate::Hook;
use crate::duration;
use crate::grace::KillReason;
use crate::hook_error::event_message;
use crate::pod_event::PodEvent;
use crate::pod_status::{CRASH_LOOP_BACK_OFF, Termination};
use crate::spec::ContainerIndex;

/// Why a container waits whose postStart hook failed.
const POST_START_HOOK_ERROR: &str = "PostStartHookError";
/// Why a container waits whose command could not be started.
const RUN_CONTAINER_ERROR: &str = "RunContainerError";

impl PodMachine {
    pub(super) fn start(&mut self, container: ContainerIndex) {
        if self.backs_off(container) {
            self.kubelet.failed = true;
            return;
        }
        let previous = self.runtime.get(container.0).map(|on_node| OnNode {
            starts: on_node.starts + 1,
            state: NodeState::Created,
            previous_at: ended_at(on_node),
            previous: match on_node.state {
                NodeState::Ended { end, .. } => Some(end),
                NodeState::Absent | NodeState::Created | NodeState::Running { .. } => None,
            },
            ..OnNode::default()
        });
        if let (Some(on_node), Some(fresh)) = (self.on_node(container), previous) {
            *on_node = fresh;
        }
        self.effects.push_back(Effect::CreateContainer(container));
        self.event_about(container, PodEvent::normal("Created", "Container created"));
        self.effects.push_back(Effect::StartContainer(container));
        self.kubelet.work = Work::Starting(container);
    }

    /// R21. The wait counts from the last end that was known when the sync began: of a
    /// container that this very sync has killed, the end of the start before it.
    fn backs_off(&mut self, container: ContainerIndex) -> bool {
        let ended = self.kubelet.ended_before.get(container.0);
        let (Some(Some(ended)), Some(backoff)) =
            (ended.copied(), self.kubelet.backoffs.get_mut(container.0))
        else {
            return false;
        };
        if backoff.until(ended, self.now).is_none() {
            backoff.restarted(ended, self.now);
            return false;
        }
        let wait = duration::text(backoff.wait());
        let (name, pod) = (self.name(container).to_owned(), self.spec.full_name());
        let event = format!("Back-off restarting failed container {name} in pod {pod}");
        self.event_about(container, PodEvent::warning("BackOff", event));
        let message = format!("back-off {wait} restarting failed container={name} pod={pod}");
        self.waits(container, CRASH_LOOP_BACK_OFF, message);
        true
    }

    pub(super) fn waits(
        &mut self,
        container: ContainerIndex,
        reason: &'static str,
        message: String,
    ) {
        if let Some(known) = self.kubelet.reasons.get_mut(container.0) {
            *known = Some(Reason { reason, message });
        }
    }

    pub(super) fn container_started(
        &mut self,
        container: ContainerIndex,
        result: Result<(), String>,
    ) {
        let now = self.now;
        let state = match &result {
            Ok(()) => NodeState::Running { since: now },
            Err(_) => NodeState::Ended {
                at: now,
                end: START_ERROR,
            },
        };
        if let Some(on_node) = self.on_node(container) {
            on_node.state = state;
        }
        if self.kubelet.work == Work::Starting(container) {
            match result {
                Ok(()) => self.post_start(container),
                Err(why) => self.start_failed(container, why),
            }
        }
    }

    /// R10: a hook of a container that could not be started is not run.
    fn start_failed(&mut self, container: ContainerIndex, why: String) {
        let event = PodEvent::warning("Failed", format!("Error: {why}"));
        self.event_about(container, event);
        self.waits(container, RUN_CONTAINER_ERROR, why);
        self.start_over(container, Err(()));
        self.sync_by(self.now + self.pace.notice);
    }

    fn post_start(&mut self, container: ContainerIndex) {
        self.event_about(container, PodEvent::normal("Started", "Container started"));
        match self.handler(container, Hook::PostStart) {
            None => self.start_over(container, Ok(())),
            Some(_) => {
                let hook = self.run_hook(container, Hook::PostStart, None);
                self.kubelet.work = Work::PostStart { container, hook };
            }
        }
    }

    /// R16, R17: nothing is said of success; failure kills the container, with its
    /// preStop hook and its whole grace, and is final for this start of it.
    pub(super) fn post_start_done(&mut self, result: Result<(), String>) {
        let Work::PostStart { container, .. } = self.kubelet.work else {
            return;
        };
        match result {
            Ok(()) => self.start_over(container, Ok(())),
            Err(message) => {
                let event =
                    PodEvent::warning("FailedPostStartHook", event_message(Hook::PostStart));
                self.event_about(container, event);
                self.kubelet.work = Work::Unwinding { container, message };
                let grace = self.base_grace(container, KillReason::Other);
                self.kill(container, "FailedPostStartHook", grace);
            }
        }
    }

    /// The kill after a failed hook is done; R18 says where its text goes.
    pub(super) fn unwound(&mut self, container: ContainerIndex, message: String) {
        self.waits(container, POST_START_HOOK_ERROR, message);
        self.start_over(container, Err(()));
    }

    /// R19: after a failure the sync goes on, except that what comes after an init
    /// container has to wait for it.
    fn start_over(&mut self, container: ContainerIndex, result: Result<(), ()>) {
        self.kubelet.work = Work::BetweenSteps;
        match result {
            Ok(()) => {
                self.kubelet.acted = true;
                if let Some(reason) = self.kubelet.reasons.get_mut(container.0) {
                    *reason = None;
                }
            }
            Err(()) => {
                self.kubelet.failed = true;
                if self.spec.is_init(container) && !self.spec.is_sidecar(container) {
                    self.kubelet.steps.clear();
                }
            }
        }
    }
}

/// As containerd leaves a container whose process could not be made.
const START_ERROR: Termination = Termination {
    code: 128,
    reason: "StartError",
};
