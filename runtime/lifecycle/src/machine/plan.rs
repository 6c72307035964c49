//! What a sync finds to do.
//!
//! Follows `computePodActions` and `computeInitContainerActions`.

use super::worker::Step;
use super::{NodeState, PodMachine};
use crate::grace::KillReason;
use crate::pod_status::Termination;
use crate::probe::ProbeKind;
use crate::restart::restarts;
use crate::spec::{ContainerIndex, RestartPolicy};
use std::collections::VecDeque;

/// First kills, one after the other (R28), then starts (R11).
#[derive(Default)]
struct Plan {
    kills: Vec<Step>,
    starts: Vec<ContainerIndex>,
}

impl PodMachine {
    pub(super) fn plan(&self) -> VecDeque<Step> {
        let mut plan = Plan::default();
        if self.plan_init(&mut plan) && self.plan_regular(&mut plan) {
            return VecDeque::from([Step::KillPod]);
        }
        let starts = plan.starts.into_iter().map(Step::Start);
        plan.kills.into_iter().chain(starts).collect()
    }

    /// Whether one of `containers` was ever started.
    pub(super) fn is_initialized(&self) -> bool {
        let first = self.spec.init_containers.len();
        self.runtime
            .iter()
            .skip(first)
            .any(|on_node| on_node.starts > 0)
    }

    /// R64: one init container after the other; true where all have done their work.
    /// Sidecars before the one at work are kept running.
    fn plan_init(&self, plan: &mut Plan) -> bool {
        let count = self.spec.init_containers.len();
        // `hasAnyRegularContainerCreated`: what ended counts no more.
        let regular = self.runtime.iter().skip(count);
        let mut states = regular.map(|on_node| on_node.state);
        let past =
            states.any(|state| matches!(state, NodeState::Created | NodeState::Running { .. }));
        let at_work = match past {
            true => count,
            false => self.init_at_work(),
        };
        (0..at_work)
            .map(ContainerIndex)
            .filter(|index| self.spec.is_sidecar(*index))
            .for_each(|sidecar| self.plan_sidecar(sidecar, plan));
        if at_work < count {
            self.plan_at_work(ContainerIndex(at_work), plan);
        }
        at_work >= count
    }

    /// The last one that was started, or, where that is done, the one after it.
    fn init_at_work(&self) -> usize {
        let started = |index: &usize| self.runtime.get(*index).is_some_and(|on| on.starts > 0);
        let latest = (0..self.spec.init_containers.len()).rev().find(started);
        latest.map_or(0, |latest| {
            latest + usize::from(self.init_is_done(ContainerIndex(latest)))
        })
    }

    fn plan_at_work(&self, index: ContainerIndex, plan: &mut Plan) {
        match self.state(index) {
            NodeState::Absent => plan.starts.push(index),
            NodeState::Ended { end, .. } if !self.spec.is_sidecar(index) => {
                if self.is_restarted(index, end) {
                    plan.starts.push(index);
                }
            }
            NodeState::Ended { .. } | NodeState::Created | NodeState::Running { .. } => {
                if self.spec.is_sidecar(index) {
                    self.plan_sidecar(index, plan);
                }
            }
        }
    }

    /// A sidecar is done once it runs and its startup probe, if any, has succeeded;
    /// another init container once it exited 0.
    fn init_is_done(&self, index: ContainerIndex) -> bool {
        match self.state(index) {
            NodeState::Running { .. } => self.spec.is_sidecar(index) && self.has_started(index),
            NodeState::Ended { end, .. } => !self.spec.is_sidecar(index) && end.code == 0,
            NodeState::Absent | NodeState::Created => false,
        }
    }

    fn plan_sidecar(&self, sidecar: ContainerIndex, plan: &mut Plan) {
        match self.state(sidecar) {
            NodeState::Ended { .. } => plan.starts.push(sidecar),
            NodeState::Running { .. } => {
                if let Some((reason, what)) = self.failed_probe(sidecar) {
                    let message =
                        format!("Init container {} failed {what} probe", self.name(sidecar));
                    plan.kills.push(Step::Kill(sidecar, message, reason));
                    plan.starts.push(sidecar);
                }
            }
            NodeState::Absent | NodeState::Created => {}
        }
    }

    /// True where nothing is to be kept: the whole pod is killed then, sidecars too.
    fn plan_regular(&self, plan: &mut Plan) -> bool {
        let first = self.spec.init_containers.len();
        let (mut kept, mut started) = (false, false);
        for index in (first..self.runtime.len()).map(ContainerIndex) {
            let (keep, start) = self.plan_container(index, plan);
            kept |= keep;
            started |= start;
        }
        !kept && !started
    }

    /// Whether the container is kept, and whether it is (re)started.
    fn plan_container(&self, index: ContainerIndex, plan: &mut Plan) -> (bool, bool) {
        let start = match self.state(index) {
            NodeState::Absent => true,
            NodeState::Created => return (true, false),
            NodeState::Ended { end, .. } => self.is_restarted(index, end),
            NodeState::Running { .. } => match self.failed_probe(index) {
                None => return (true, false),
                Some((reason, what)) => self.plan_kill(index, reason, what, plan),
            },
        };
        if start {
            plan.starts.push(index);
        }
        (false, start)
    }

    /// R25: whether the container comes back is part of the text.
    fn plan_kill(
        &self,
        index: ContainerIndex,
        reason: KillReason,
        what: &str,
        plan: &mut Plan,
    ) -> bool {
        let again = self.policy(index) != RestartPolicy::Never;
        let suffix = match again {
            true => ", will be restarted",
            false => "",
        };
        let message = format!("Container {} failed {what} probe{suffix}", self.name(index));
        plan.kills.push(Step::Kill(index, message, reason));
        again
    }

    fn failed_probe(&self, index: ContainerIndex) -> Option<(KillReason, &'static str)> {
        let failed = |kind| self.probe_verdict(index, kind) == Some(false);
        match (failed(ProbeKind::Startup), failed(ProbeKind::Liveness)) {
            (true, _) => Some((KillReason::Startup, "startup")),
            (false, true) => Some((KillReason::Liveness, "liveness")),
            (false, false) => None,
        }
    }

    fn policy(&self, index: ContainerIndex) -> RestartPolicy {
        let own = self
            .spec
            .container(index)
            .and_then(|spec| spec.restart_policy);
        own.unwrap_or(self.spec.restart_policy)
    }

    /// R20, R30: nothing is restarted in a pod that is being deleted.
    pub(super) fn is_restarted(&self, index: ContainerIndex, end: Termination) -> bool {
        self.api.deletion.is_none()
            && self
                .spec
                .container(index)
                .is_some_and(|container| restarts(container, self.spec.restart_policy, end.code))
    }
}
