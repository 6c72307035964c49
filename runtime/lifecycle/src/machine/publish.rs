//! The status that the API shows, which is not always what is.
//!
//! While the worker is busy nothing is published (R12): a container with a postStart
//! hook runs long before it is shown to. Only probes write past the worker.

use super::{NodeState, PodMachine};
use crate::pod_event::PodEvent;
use crate::pod_status::{
    ContainerState, ContainerStatus, Phase, PodStatus, Progress, Termination, phase,
};
use crate::spec::ContainerIndex;

/// etcd's `--max-request-bytes` by default: a status with a longer text in it cannot
/// be stored (§5: 1 MB was, 3 MB was not).
const MAX_OBJECT_BYTES: usize = 1_572_864;

const DEADLINE: &str = "Pod was active on the node longer than the specified deadline";

impl PodMachine {
    pub(super) fn publish_first(&mut self) {
        let status = self.status_now(Progress {
            initialized: false,
            terminal: false,
        });
        self.publish(status);
    }

    /// The status of what is now.
    pub(super) fn status_now(&mut self, progress: Progress) -> PodStatus {
        let containers: Vec<_> = (0..self.runtime.len())
            .map(|index| self.container_status(ContainerIndex(index)))
            .collect();
        let phase = phase(&self.spec, &containers, progress);
        let mut status = PodStatus {
            phase,
            containers,
            reason: None,
        };
        if self.past_deadline() {
            self.event(PodEvent::normal("DeadlineExceeded", DEADLINE));
            status.phase = Phase::Failed;
            status.reason = Some("DeadlineExceeded");
        }
        status
    }

    fn container_status(&self, index: ContainerIndex) -> ContainerStatus {
        let on_node = self.runtime.get(index.0).cloned().unwrap_or_default();
        let runs = matches!(on_node.state, NodeState::Running { .. });
        let mut status = ContainerStatus {
            state: match on_node.state {
                NodeState::Absent | NodeState::Created => self.not_yet(),
                NodeState::Running { .. } => ContainerState::Running,
                NodeState::Ended { end, .. } => ContainerState::Terminated(end),
            },
            last: on_node.previous,
            ready: runs && self.is_ready(index),
            started: runs && self.has_started(index),
            restart_count: on_node.starts.saturating_sub(1),
        };
        self.show_done(index, &mut status);
        self.show_reason(index, &mut status);
        status
    }

    fn not_yet(&self) -> ContainerState {
        let reason = match self.spec.init_containers.is_empty() {
            true => "ContainerCreating",
            false => "PodInitializing",
        };
        ContainerState::Waiting {
            reason,
            message: None,
        }
    }

    /// An init container that has done its work is ready.
    fn show_done(&self, index: ContainerIndex, status: &mut ContainerStatus) {
        if !self.spec.is_init(index) || self.spec.is_sidecar(index) {
            return;
        }
        status.ready = matches!(status.state, ContainerState::Terminated(end) if end.code == 0);
    }

    /// A container that will be started (again) is shown waiting, where it is known
    /// why; R18. An init container that exited 0 never is, not even a sidecar.
    fn show_reason(&self, index: ContainerIndex, status: &mut ContainerStatus) {
        let ended = match status.state {
            ContainerState::Terminated(end) => Some(end),
            ContainerState::Waiting { .. } => None,
            ContainerState::Running => return,
        };
        let finished_init = self.spec.is_init(index) && ended.is_some_and(|end| end.code == 0);
        let comes = ended.is_none_or(|end| self.is_restarted(index, end));
        let reason = self.kubelet.reasons.get(index.0).and_then(Option::as_ref);
        if let (false, true, Some(known)) = (finished_init, comes, reason) {
            status.last = ended.or(status.last);
            status.state = ContainerState::Waiting {
                reason: known.reason,
                message: Some(known.message.clone()),
            };
        }
    }

    /// Shows a status, if it is another, can be stored and has a reader. As long as
    /// something may run, a pod keeps the phase it has, even `Pending`.
    pub(super) fn publish(&mut self, mut status: PodStatus) {
        let before = self.api.published.as_ref();
        if status.phase.is_terminal() {
            status.phase = before.map_or(Phase::Pending, |before| before.phase);
            status.reason = before.and_then(|before| before.reason);
        }
        self.store(status);
    }

    /// A pod that did not come to an end of its own has failed.
    pub(super) fn publish_last(&mut self) {
        let mut status = self.status_now(Progress {
            initialized: self.is_initialized(),
            terminal: true,
        });
        if self.spec.init_containers.is_empty() || self.is_initialized() {
            let first = self.spec.init_containers.len();
            status.containers.iter_mut().skip(first).for_each(show_lost);
        }
        let begun = self.begun_inits(&status);
        status.containers.iter_mut().take(begun).for_each(show_lost);
        if !status.phase.is_terminal() {
            status.phase = Phase::Failed;
        }
        self.store(status);
    }

    /// How many init containers have begun: up to the last of them, and one at least.
    fn begun_inits(&self, status: &PodStatus) -> usize {
        let count = self.spec.init_containers.len();
        let begun = |one: &ContainerStatus| {
            !matches!(one.state, ContainerState::Waiting { .. }) || one.last.is_some()
        };
        let inits = status.containers.get(..count).unwrap_or_default();
        inits.iter().rposition(begun).map_or(1, |last| last + 1)
    }

    pub(super) fn store(&mut self, status: PodStatus) {
        // A kubelet that was started anew finds what it shows.
        self.start_probes(&status);
        let same = self.api.published.as_ref() == Some(&status);
        if same || text_bytes(&status) > MAX_OBJECT_BYTES {
            return;
        }
        self.api.published = Some(status.clone());
        if !self.api.gone {
            self.effects.push_back(super::Effect::Status(status));
        }
    }
}

/// What should have ended, and of whose end nothing is known (`TerminatePod`).
fn show_lost(status: &mut ContainerStatus) {
    if !matches!(status.state, ContainerState::Terminated(_)) {
        status.state = ContainerState::Terminated(Termination {
            code: 137,
            reason: "ContainerStatusUnknown",
        });
    }
}

fn text_bytes(status: &PodStatus) -> usize {
    let texts = status
        .containers
        .iter()
        .map(|container| match &container.state {
            ContainerState::Waiting { message, .. } => message.as_ref().map_or(0, String::len),
            ContainerState::Running | ContainerState::Terminated(_) => 0,
        });
    texts.sum()
}
