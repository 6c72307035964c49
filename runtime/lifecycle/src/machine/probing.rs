//! When a pod's probes ask, and what follows.
//!
//! They look at what the API shows, not at what is (R13): while a postStart hook
//! runs, its container is not shown to run, and none of them asks.

use super::worker::Stage;
use super::{Effect, NodeState, PodMachine, ProbeId, Time};
use crate::pod_event::PodEvent;
use crate::pod_status::{ContainerState, PodStatus};
use crate::probe::{ProbeAnswer, ProbeKind, Prober};
use crate::spec::ContainerIndex;

/// The probes of one start of a container.
#[derive(Debug, Clone, Default)]
pub(super) struct ContainerProbes {
    /// Which start they belong to.
    start: u32,
    probers: Vec<(Prober, Option<ProbeId>)>,
}

/// What a readiness probe comes to during termination (kubelet 1.36; §4.9).
const CANCELLED: &str = "Readiness probe errored and resulted in unknown state: rpc error: code = Canceled desc = context canceled";

impl PodMachine {
    /// The probes of containers that are now shown to run.
    pub(super) fn start_probes(&mut self, status: &PodStatus) {
        for (index, shown) in status.containers.iter().enumerate() {
            let index = ContainerIndex(index);
            let start = self
                .runtime
                .get(index.0)
                .map_or(0, |on_node| on_node.starts);
            let known = self.kubelet.probes.get(index.0).map(|probes| probes.start);
            if shown.state == ContainerState::Running && known != Some(start) {
                self.forget_probes(index);
                let kinds = self.first_kinds(index);
                self.add_probers(index, start, kinds);
            }
        }
    }

    /// R30: of a pod that ends, readiness alone is asked.
    fn first_kinds(&self, index: ContainerIndex) -> &'static [ProbeKind] {
        let startup = self.has_probe(index, ProbeKind::Startup);
        match (self.is_terminating(), startup) {
            (false, true) => &[ProbeKind::Startup],
            (false, false) => &[ProbeKind::Liveness, ProbeKind::Readiness],
            (true, true) => &[],
            (true, false) => &[ProbeKind::Readiness],
        }
    }

    fn is_terminating(&self) -> bool {
        !matches!(self.kubelet.stage, Stage::Syncing | Stage::Ending(_))
    }

    fn has_probe(&self, index: ContainerIndex, kind: ProbeKind) -> bool {
        let container = self.spec.container(index);
        container.is_some_and(|container| container.probe(kind).is_some())
    }

    fn add_probers(&mut self, index: ContainerIndex, start: u32, kinds: &[ProbeKind]) {
        let (now, added, spec) = (self.now, self.kubelet.since, self.spec.clone());
        let NodeState::Running { since } = self.state(index) else {
            return;
        };
        let (Some(container), Some(probes)) =
            (spec.container(index), self.kubelet.probes.get_mut(index.0))
        else {
            return;
        };
        probes.start = start;
        let fresh = kinds.iter().filter_map(|kind| {
            let probe = container.probe(*kind)?;
            Some((Prober::new(*kind, probe, since, now, added), None))
        });
        let fresh: Vec<_> = fresh.collect();
        probes.probers.extend(fresh);
    }

    pub(super) fn forget_probes(&mut self, index: ContainerIndex) {
        if let Some(probes) = self.kubelet.probes.get_mut(index.0) {
            *probes = ContainerProbes::default();
        }
    }

    /// Liveness and startup probes ask no more; what startup probes found stays true.
    pub(super) fn keep_readiness_only(&mut self) {
        for probes in &mut self.kubelet.probes {
            probes.probers.retain(|(prober, _)| match prober.kind {
                ProbeKind::Readiness => true,
                ProbeKind::Startup => prober.verdict() == Some(true),
                ProbeKind::Liveness => false,
            });
        }
    }

    pub(super) fn probe_verdict(&self, index: ContainerIndex, kind: ProbeKind) -> Option<bool> {
        let probers = &self.kubelet.probes.get(index.0)?.probers;
        let prober = probers.iter().find(|(prober, _)| prober.kind == kind);
        prober.and_then(|(prober, _)| prober.verdict())
    }

    /// Whether a container that runs has passed its startup probe, if it has one.
    pub(super) fn has_started(&self, index: ContainerIndex) -> bool {
        !self.has_probe(index, ProbeKind::Startup)
            || self.probe_verdict(index, ProbeKind::Startup) == Some(true)
    }

    pub(super) fn is_ready(&self, index: ContainerIndex) -> bool {
        self.has_started(index)
            && (!self.has_probe(index, ProbeKind::Readiness)
                || self.probe_verdict(index, ProbeKind::Readiness) == Some(true))
    }

    pub(super) fn probes_due(&self) -> Option<Time> {
        let probers = self
            .kubelet
            .probes
            .iter()
            .flat_map(|probes| &probes.probers);
        probers.filter_map(|(prober, _)| prober.due()).min()
    }

    /// Asks what is due; true where something was.
    pub(super) fn probes_step(&mut self) -> bool {
        let due = self
            .kubelet
            .probes
            .iter()
            .enumerate()
            .find_map(|(index, probes)| {
                let due =
                    |(prober, _): &(Prober, _)| prober.due().is_some_and(|due| due <= self.now);
                let at = probes.probers.iter().position(due)?;
                Some((ContainerIndex(index), at))
            });
        let Some((container, at)) = due else {
            return false;
        };
        match self.is_terminating() {
            true => self.probe_in_vain(container, at),
            false => self.ask(container, at),
        }
        true
    }

    fn ask(&mut self, container: ContainerIndex, at: usize) {
        let (id, now) = (ProbeId(self.identifier()), self.now);
        if let Some((prober, asked)) = self.prober(container, at) {
            prober.ask(now);
            *asked = Some(id);
            let kind = prober.kind;
            self.effects
                .push_back(Effect::RunProbe(id, container, kind));
        }
    }

    /// R30: it is tried each period, and changes nothing.
    fn probe_in_vain(&mut self, container: ContainerIndex, at: usize) {
        let now = self.now;
        if let Some((prober, _)) = self.prober(container, at) {
            prober.skip(now);
        }
        self.event_about(container, PodEvent::warning("Unhealthy", CANCELLED));
    }

    fn prober(
        &mut self,
        container: ContainerIndex,
        at: usize,
    ) -> Option<&mut (Prober, Option<ProbeId>)> {
        self.kubelet
            .probes
            .get_mut(container.0)?
            .probers
            .get_mut(at)
    }

    /// An answer to a question that nobody remembers is for nobody.
    pub(super) fn probe_done(&mut self, id: ProbeId, answer: &ProbeAnswer) {
        let now = self.now;
        let Some((container, prober)) = self.asked(id) else {
            return;
        };
        let kind = prober.kind;
        let (name, success) = (kind.as_str(), *answer == ProbeAnswer::Success);
        let (changed, message) = match answer {
            ProbeAnswer::Success => (prober.answered(true, now), None),
            ProbeAnswer::Failure(output) => (
                prober.answered(false, now),
                Some(format!("{name} probe failed: {output}")),
            ),
            ProbeAnswer::Error(why) => {
                prober.errored(now);
                let text = format!("{name} probe errored and resulted in unknown state: {why}");
                (false, Some(text))
            }
        };
        if let Some(message) = message {
            self.event_about(container, PodEvent::warning("Unhealthy", message));
        }
        if changed {
            self.verdict_changed(container, kind, success);
        }
    }

    /// Whose question it is; it is one no more.
    fn asked(&mut self, id: ProbeId) -> Option<(ContainerIndex, &mut Prober)> {
        let probes = self.kubelet.probes.iter_mut().enumerate();
        for (index, probes) in probes {
            let mut probers = probes.probers.iter_mut();
            if let Some((prober, asked)) = probers.find(|(_, asked)| *asked == Some(id)) {
                *asked = None;
                return Some((ContainerIndex(index), prober));
            }
        }
        None
    }

    fn verdict_changed(&mut self, container: ContainerIndex, kind: ProbeKind, success: bool) {
        match (kind, success) {
            (ProbeKind::Startup, true) => {
                let start = self
                    .runtime
                    .get(container.0)
                    .map_or(0, |on_node| on_node.starts);
                self.add_probers(
                    container,
                    start,
                    &[ProbeKind::Liveness, ProbeKind::Readiness],
                );
                self.show_probed(container);
                self.sync_by(self.now);
            }
            (ProbeKind::Startup | ProbeKind::Liveness, false) => self.sync_by(self.now),
            (ProbeKind::Liveness, true) => {}
            (ProbeKind::Readiness, _) => self.show_probed(container),
        }
    }

    /// A probe's verdict is shown without waiting for the worker.
    fn show_probed(&mut self, container: ContainerIndex) {
        let (ready, started) = (self.is_ready(container), self.has_started(container));
        let Some(mut status) = self.api.published.clone() else {
            return;
        };
        if let Some(shown) = status.containers.get_mut(container.0)
            && shown.state == ContainerState::Running
        {
            (shown.ready, shown.started) = (ready, started);
            self.store(status);
        }
    }
}
