//! Who knows what: the container runtime, the API server, and the kubelet, which
//! forgets all of it when it ends.

use super::kill::Kill;
use super::probing::ContainerProbes;
use super::worker::{Stage, Step, Work};
use super::{HookId, Time};
use crate::backoff::Backoff;
use crate::pod_event::EventCounts;
use crate::pod_status::{PodStatus, Termination};
use crate::spec::ContainerIndex;
use std::collections::VecDeque;

/// What the container runtime knows of one container, kubelet or not.
#[derive(Debug, Clone, Default)]
pub(super) struct OnNode {
    /// How often it was created.
    pub(super) starts: u32,
    pub(super) state: NodeState,
    /// How the start before this one ended.
    pub(super) previous: Option<Termination>,
    /// And when.
    pub(super) previous_at: Option<Time>,
    /// R68: a runtime sends its stop signal once.
    pub(super) told_to_stop: bool,
    /// How often each hook was run for this start.
    pub(super) hook_runs: [u32; 2],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NodeState {
    #[default]
    Absent,
    Created,
    Running {
        since: Time,
    },
    Ended {
        at: Time,
        end: Termination,
    },
}

/// What the API server knows.
#[derive(Debug, Default)]
pub(super) struct Api {
    /// `metadata.deletionGracePeriodSeconds`.
    pub(super) deletion: Option<i64>,
    /// The object is gone: nobody sees a status any more.
    pub(super) gone: bool,
    pub(super) published: Option<PodStatus>,
}

/// What a kubelet knows, and forgets when it ends.
#[derive(Debug)]
pub(super) struct Kubelet {
    pub(super) power: Power,
    /// It found a pod on its node that the API does not know any more.
    pub(super) orphan: bool,
    /// Since when it knows the pod; its probes' tickers count from then.
    pub(super) since: Time,
    pub(super) stage: Stage,
    pub(super) work: Work,
    pub(super) steps: VecDeque<Step>,
    /// When the worker is to look again.
    pub(super) sync_due: Option<Time>,
    /// When containers, or the starts before those that ran, had ended as this sync began;
    /// their back-off counts from it.
    pub(super) ended_before: Vec<Option<Time>>,
    /// This sync changed something; it failed at something.
    pub(super) acted: bool,
    pub(super) failed: bool,
    pub(super) kills: Vec<Kill>,
    /// preStop hooks that nobody waits for any more.
    pub(super) strays: Vec<(HookId, ContainerIndex)>,
    /// Why a container waits (`reasonCache`).
    pub(super) reasons: Vec<Option<Reason>>,
    pub(super) backoffs: Vec<Backoff>,
    pub(super) probes: Vec<ContainerProbes>,
    pub(super) events: EventCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    On,
    Off,
    Starting(Time),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Kubelet {
    pub(super) fn new(power: Power, containers: usize) -> Self {
        Self {
            power,
            orphan: false,
            since: Time::ZERO,
            stage: Stage::Syncing,
            work: Work::Idle,
            steps: VecDeque::new(),
            sync_due: None,
            ended_before: vec![None; containers],
            acted: false,
            failed: false,
            kills: Vec::new(),
            strays: Vec::new(),
            reasons: vec![None; containers],
            backoffs: vec![Backoff::default(); containers],
            probes: vec![ContainerProbes::default(); containers],
            events: EventCounts::default(),
        }
    }
}
