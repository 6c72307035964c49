//! One container's end: event, preStop hook, its turn, SIGTERM, SIGKILL (R23–R39).
//!
//! Follows `killContainer` and `executePreStopHook`. All of it is one budget of
//! grace, of which elapsed whole seconds are taken.

use super::{Effect, HookId, PodMachine, Time};
use crate::Hook;
use crate::grace::{self, GraceSpec, KillReason};
use crate::hook_error::event_message;
use crate::pod_event::PodEvent;
use crate::spec::ContainerIndex;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kill {
    container: ContainerIndex,
    /// Seconds left of the budget.
    grace: i64,
    stage: KillStage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KillStage {
    /// The hook runs; after `until` it runs on unattended (R26).
    PreStop {
        hook: HookId,
        since: Time,
        until: Time,
    },
    /// A sidecar waits for those that need it (R65).
    Turn {
        since: Time,
        until: Time,
    },
    /// SIGTERM was sent.
    Stopping {
        kill_at: Time,
        killed: bool,
    },
    Done,
}

impl Kill {
    pub(super) fn is_done(&self) -> bool {
        self.stage == KillStage::Done
    }

    fn due(&self) -> Option<Time> {
        match self.stage {
            KillStage::PreStop { until, .. } | KillStage::Turn { until, .. } => Some(until),
            KillStage::Stopping { kill_at, killed } => (!killed).then_some(kill_at),
            KillStage::Done => None,
        }
    }
}

impl PodMachine {
    /// R33: the grace of a container that is killed while its pod goes on.
    pub(super) fn base_grace(&self, container: ContainerIndex, reason: KillReason) -> i64 {
        let spec = self.spec.container(container);
        let of_probe = |probe: Option<&crate::spec::Probe>| {
            probe.and_then(|probe| probe.termination_grace_period_seconds)
        };
        let given = GraceSpec {
            deletion: None,
            termination: self.spec.termination_grace_period_seconds,
            liveness: of_probe(spec.and_then(|spec| spec.liveness_probe.as_ref())),
            startup: of_probe(spec.and_then(|spec| spec.startup_probe.as_ref())),
        };
        grace::base(given, reason)
    }

    /// R23: `Killing` is said before the hook; R38: without grace there is no hook.
    pub(super) fn kill(
        &mut self,
        container: ContainerIndex,
        message: impl Into<Cow<'static, str>>,
        grace: i64,
    ) {
        self.event_about(container, PodEvent::normal("Killing", message));
        // R32: nobody knows the hook of a pod that the API does not know.
        let has_hook = self.handler(container, Hook::PreStop).is_some() && !self.kubelet.orphan;
        let mut kill = Kill {
            container,
            grace,
            stage: KillStage::Done,
        };
        if has_hook && grace > 0 {
            let wait = grace::span(grace);
            kill.stage = KillStage::PreStop {
                hook: self.run_hook(container, Hook::PreStop, Some(wait)),
                since: self.now,
                until: self.now + wait,
            };
        } else {
            self.await_turn(&mut kill);
        }
        self.kubelet.kills.push(kill);
    }

    /// R27: a hook that failed is said to have, and changes nothing else. One that
    /// nobody waited for any more is said to have failed all the same, later.
    pub(super) fn pre_stop_done(&mut self, id: HookId, succeeded: bool) {
        let mut kills = std::mem::take(&mut self.kubelet.kills);
        let awaited = kills
            .iter_mut()
            .find(|kill| matches!(kill.stage, KillStage::PreStop { hook, .. } if hook == id));
        let stray = self.kubelet.strays.iter().find(|(hook, _)| *hook == id);
        let container = awaited
            .as_ref()
            .map(|kill| kill.container)
            .or(stray.map(|(_, container)| *container));
        if let (false, Some(container)) = (succeeded, container) {
            let event = PodEvent::warning("FailedPreStopHook", event_message(Hook::PreStop));
            self.event_about(container, event);
        }
        if let Some(kill) = awaited {
            self.leave_pre_stop(kill);
        }
        self.kubelet.strays.retain(|(hook, _)| *hook != id);
        self.kubelet.kills = kills;
    }

    /// R36.
    fn leave_pre_stop(&mut self, kill: &mut Kill) {
        if let KillStage::PreStop { since, .. } = kill.stage {
            kill.grace = grace::deduct(kill.grace, self.now.saturating_sub(since));
            self.await_turn(kill);
        }
    }

    /// R39: waits only while there is grace left.
    fn await_turn(&mut self, kill: &mut Kill) {
        if kill.grace > 0 && self.spec.is_sidecar(kill.container) {
            kill.stage = KillStage::Turn {
                since: self.now,
                until: self.now + grace::span(kill.grace),
            };
        } else {
            self.stop(kill);
        }
    }

    /// R65: a sidecar stays until all regular containers, and all sidecars started
    /// after it, are killed: the hook of one that has ended by itself counts as well.
    /// One that is killed while its pod goes on is killed alone, and waits for nobody
    /// (R17).
    fn is_needed(&self, container: ContainerIndex, kills: &[Kill]) -> bool {
        kills.iter().any(|other| {
            let later = !self.spec.is_init(other.container) || other.container > container;
            later && !other.is_done()
        })
    }

    /// R37; R87: stopping what has ended is done at once.
    fn stop(&mut self, kill: &mut Kill) {
        let timeout = grace::stop_timeout(kill.grace);
        self.effects
            .push_back(Effect::StopContainer(kill.container, timeout));
        if !self.runs(kill.container) {
            kill.stage = KillStage::Done;
            return;
        }
        if let Some(on_node) = self.on_node(kill.container)
            && !std::mem::replace(&mut on_node.told_to_stop, true)
        {
            self.effects.push_back(Effect::Terminate(kill.container));
        }
        kill.stage = KillStage::Stopping {
            kill_at: self.now + std::time::Duration::from_secs(timeout),
            killed: false,
        };
    }

    /// Moves every kill on as far as it goes; true where one moved.
    pub(super) fn kills_step(&mut self) -> bool {
        let before = std::mem::take(&mut self.kubelet.kills);
        let mut kills = before.clone();
        kills
            .iter_mut()
            .for_each(|kill| self.kill_step(kill, &before));
        let moved = kills != before;
        self.kubelet.kills = kills;
        moved
    }

    fn kill_step(&mut self, kill: &mut Kill, all: &[Kill]) {
        let (container, now) = (kill.container, self.now);
        match kill.stage {
            KillStage::PreStop { hook, until, .. } if now >= until => {
                self.kubelet.strays.push((hook, container));
                self.leave_pre_stop(kill);
            }
            KillStage::Turn { since, until } if now >= until || !self.is_needed(container, all) => {
                kill.grace = grace::deduct(kill.grace, now.saturating_sub(since));
                self.stop(kill);
            }
            KillStage::Stopping { .. } if !self.runs(container) => kill.stage = KillStage::Done,
            KillStage::Stopping { kill_at, killed } if now >= kill_at && !killed => {
                self.effects.push_back(Effect::Kill(container));
                kill.stage = KillStage::Stopping {
                    kill_at,
                    killed: true,
                };
            }
            KillStage::PreStop { .. }
            | KillStage::Turn { .. }
            | KillStage::Stopping { .. }
            | KillStage::Done => {}
        }
    }

    pub(super) fn kills_due(&self) -> Option<Time> {
        self.kubelet.kills.iter().filter_map(Kill::due).min()
    }
}
