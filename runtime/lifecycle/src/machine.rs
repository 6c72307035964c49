//! A pod's life under a kubelet: what is started, killed, run and said, and when.
//!
//! The machine decides and does nothing: it is told what happened ([`Input`]) and
//! what time it is, and answers with what is to be done ([`Effect`]). Whether its
//! containers are processes or a script, and whether its clock is real, is not known
//! here, so that `pod run` and `pod simulate` cannot differ.
//!
//! Follows kubelet v1.36 (`pod_workers.go`, `kubelet.go` SyncPod,
//! `kuberuntime_manager.go`, `kuberuntime_container.go`); each rule names its number.
//! One pod has one worker, and it does one thing at a time (R11): what comes while it
//! is busy waits. Nothing of it survives a restart of the kubelet but what the API
//! and the runtime know.
//!
//! | file | holds |
//! |---|---|
//! | `plan` | what a sync finds to do (`computePodActions`) |
//! | `worker` | how it is done, step by step |
//! | `start` | one container's start, with its postStart hook |
//! | `kill` | one container's end, with its preStop hook |
//! | `termination` | the whole pod's end |
//! | `publish` | the status that is shown meanwhile |
//! | `probing` | when probes ask, and what follows |
//! | `memory` | what runtime, API server and kubelet know |
//! | `pace` | what a kubelet takes its time for |

mod kill;
mod memory;
mod pace;
mod plan;
mod probing;
mod publish;
mod start;
mod termination;
#[cfg(test)]
mod tests;
mod worker;

use crate::pod_event::PodEvent;
use crate::pod_status::{PodStatus, Termination};
use crate::probe::{ProbeAnswer, ProbeKind};
use crate::spec::{ContainerIndex, PodSpec};
use crate::{Hook, spec};
use memory::{Api, Kubelet, NodeState, OnNode, Power};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use worker::Stage;

pub use pace::Pace;

/// Time since the pod came to its node.
pub type Time = Duration;

/// One run of one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookId(u64);

/// One question of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProbeId(u64);

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// [`Effect::StartContainer`] came about, or why it did not.
    Started(ContainerIndex, Result<(), String>),
    /// A container's main process ended with this code (128 + n after signal n).
    Exited(ContainerIndex, i32),
    /// A hook ended. The error is the kubelet's own text (R55, R61, R62).
    HookDone(HookId, Result<(), String>),
    /// A probe was answered.
    ProbeDone(ProbeId, ProbeAnswer),
    /// The pod is deleted with this grace; `None`: its own.
    Delete(Option<i64>),
    /// The kubelet ends, by whatever signal.
    StopKubelet,
    /// It is started anew.
    StartKubelet,
}

/// What is to be done, in this order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// `CreateContainer` of the container runtime.
    CreateContainer(ContainerIndex),
    /// `StartContainer`; to be answered by [`Input::Started`], and later by
    /// [`Input::Exited`].
    StartContainer(ContainerIndex),
    /// `StopContainer` with this timeout in seconds was called.
    StopContainer(ContainerIndex, u64),
    /// SIGTERM to the main process.
    Terminate(ContainerIndex),
    /// SIGKILL to everything in the container.
    Kill(ContainerIndex),
    /// `StopPodSandbox` was called: the pod's network goes.
    StopPodSandbox,
    /// A hook is to be run; to be answered by [`Input::HookDone`].
    RunHook(HookCall),
    /// A probe is to be asked; to be answered by [`Input::ProbeDone`], after its
    /// timeout at the latest.
    RunProbe(ProbeId, ContainerIndex, ProbeKind),
    /// Nobody waits for hooks and probes any more: processes among them are killed.
    CutHooks,
    /// An event was recorded.
    Event(PodEvent),
    /// The API shows another status.
    Status(PodStatus),
}

/// Which hook is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookCall {
    /// Names the run.
    pub id: HookId,
    /// Whose hook.
    pub container: ContainerIndex,
    /// Which of its two.
    pub hook: Hook,
    /// How often it was run for this start of the container, this time included.
    pub attempt: u32,
    /// How long the kubelet will wait for it; `None`: for ever (R14).
    pub grace: Option<Duration>,
}

/// The machine.
#[derive(Debug)]
pub struct PodMachine {
    spec: Arc<PodSpec>,
    pace: Pace,
    now: Time,
    runtime: Vec<OnNode>,
    sandbox_stopped: bool,
    api: Api,
    kubelet: Kubelet,
    effects: VecDeque<Effect>,
    identifiers: u64,
}

impl PodMachine {
    /// A pod that just came to its node; its spec is validated, with defaults.
    #[must_use]
    pub fn new(spec: Arc<PodSpec>, pace: Pace) -> Self {
        let containers = spec.all().count();
        let mut machine = Self {
            runtime: vec![OnNode::default(); containers],
            sandbox_stopped: false,
            kubelet: Kubelet::new(Power::On, containers),
            spec,
            pace,
            now: Time::ZERO,
            api: Api::default(),
            effects: VecDeque::new(),
            identifiers: 0,
        };
        machine.publish_first();
        machine.sync_by(pace.sandbox);
        machine.advance(Time::ZERO);
        machine
    }

    /// Something happened, now.
    pub fn handle(&mut self, now: Time, input: Input) {
        self.now = now.max(self.now);
        match input {
            Input::Started(container, result) => self.container_started(container, result),
            Input::Exited(container, code) => self.container_exited(container, code),
            Input::HookDone(id, result) => self.hook_done(id, result),
            Input::ProbeDone(id, answer) => self.probe_done(id, &answer),
            Input::Delete(grace) => self.delete(grace),
            Input::StopKubelet => self.stop_kubelet(),
            Input::StartKubelet => self.start_kubelet(),
        }
        self.work_on();
    }

    /// Time passes. To be called at [`Self::next_wakeup`]; earlier does no harm.
    pub fn advance(&mut self, now: Time) {
        self.now = now.max(self.now);
        if self.has_come_up() {
            self.kubelet.power = Power::On;
            self.found_running_pod();
        }
        self.work_on();
    }

    /// The next thing to be done; to be asked until there is none.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When the machine wants to be called again, if nothing happens before.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Time> {
        match self.kubelet.power {
            Power::Off => None,
            Power::Starting(at) => Some(at),
            Power::On => [self.worker_due(), self.kills_due(), self.probes_due()]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Whether the pod's life is over, and everything in it ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.kubelet.stage == Stage::Terminated
    }

    /// What the API shows; `None`: the object is gone.
    #[must_use]
    pub fn status(&self) -> Option<&PodStatus> {
        self.api.published.as_ref().filter(|_| !self.api.gone)
    }

    /// The pod.
    #[must_use]
    pub fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// Everything that can be done now is done.
    fn work_on(&mut self) {
        while self.kubelet.power == Power::On
            && (self.kills_step() || self.worker_step() || self.probes_step())
        {}
    }

    fn has_come_up(&self) -> bool {
        matches!(self.kubelet.power, Power::Starting(at) if at <= self.now)
    }

    /// Exec'd hooks die with the kubelet's connection; all it knew is lost (§2.8).
    fn stop_kubelet(&mut self) {
        self.kubelet = Kubelet::new(Power::Off, self.runtime.len());
        self.effects.push_back(Effect::CutHooks);
    }

    fn start_kubelet(&mut self) {
        if self.kubelet.power == Power::Off {
            self.kubelet.power = Power::Starting(self.now + self.pace.kubelet_start);
        }
    }

    /// R22, R71: what ran goes on, its postStart hook is not run again; a pod that
    /// was being terminated is terminated from the start.
    fn found_running_pod(&mut self) {
        self.kubelet.orphan = self.api.gone;
        self.kubelet.since = self.now;
        let over = self.api.published.as_ref();
        match over.is_some_and(|status| status.phase.is_terminal()) {
            true => self.kubelet.stage = Stage::Terminated,
            false => self.sync_by(self.now),
        }
    }

    fn event(&mut self, event: PodEvent) {
        let event = self.kubelet.events.counted(event);
        self.effects.push_back(Effect::Event(event));
    }

    fn event_about(&mut self, container: ContainerIndex, event: PodEvent) {
        let path = self.spec.field_path(container);
        self.event(event.about(path));
    }

    fn name(&self, container: ContainerIndex) -> &str {
        self.spec.container(container).map_or("", |spec| &spec.name)
    }

    fn identifier(&mut self) -> u64 {
        self.identifiers += 1;
        self.identifiers
    }

    fn state(&self, container: ContainerIndex) -> NodeState {
        self.runtime
            .get(container.0)
            .map_or(NodeState::Absent, |on_node| on_node.state)
    }

    fn runs(&self, container: ContainerIndex) -> bool {
        matches!(self.state(container), NodeState::Running { .. })
    }

    fn on_node(&mut self, container: ContainerIndex) -> Option<&mut OnNode> {
        self.runtime.get_mut(container.0)
    }

    fn handler(&self, container: ContainerIndex, hook: Hook) -> Option<&spec::LifecycleHandler> {
        self.spec
            .container(container)?
            .lifecycle
            .as_ref()?
            .handler(hook)
    }

    /// The worker looks again at `at`, if it does not before.
    fn sync_by(&mut self, at: Time) {
        let due = self.kubelet.sync_due.map_or(at, |due| due.min(at));
        self.kubelet.sync_due = Some(due);
    }

    fn run_hook(
        &mut self,
        container: ContainerIndex,
        hook: Hook,
        grace: Option<Duration>,
    ) -> HookId {
        let id = HookId(self.identifier());
        let runs = self
            .on_node(container)
            .and_then(|on_node| on_node.hook_runs.get_mut(hook as usize));
        let attempt = runs.map_or(1, |runs| {
            *runs += 1;
            *runs
        });
        self.effects.push_back(Effect::RunHook(HookCall {
            id,
            container,
            hook,
            attempt,
            grace,
        }));
        id
    }

    /// The kubelet notices a container's end by and by.
    fn container_exited(&mut self, container: ContainerIndex, code: i32) {
        let at = self.now;
        if let Some(on_node) = self.on_node(container) {
            let end = Termination::exited(code);
            on_node.state = NodeState::Ended { at, end };
        }
        self.forget_probes(container);
        self.sync_by(at + self.pace.notice);
    }

    fn hook_done(&mut self, id: HookId, result: Result<(), String>) {
        if self.kubelet.work.awaits(id) {
            self.post_start_done(result);
        } else {
            // A preStop hook's text is in its report and nowhere else (§5).
            self.pre_stop_done(id, result.is_ok());
        }
    }
}
