//! A pod's status as the kubelet publishes it, and the phase it amounts to.
//!
//! Follows `generateAPIPodStatus` and `getPhase` of kubelet v1.36. When a status is
//! made, and of what, is the machine's affair.

use crate::restart::restarts;
use crate::spec::{ContainerIndex, PodSpec};

/// `status.phase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not all containers have been started.
    Pending,
    /// All have, and one runs or will be restarted.
    Running,
    /// All ended with 0, for good.
    Succeeded,
    /// All ended, one of them not with 0.
    Failed,
}

impl Phase {
    /// As in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    /// Whether the pod is over.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Why a container waits that keeps ending.
pub const CRASH_LOOP_BACK_OFF: &str = "CrashLoopBackOff";

/// `state` of a container's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started, or not again.
    Waiting {
        /// `ContainerCreating`, `PodInitializing`, `CrashLoopBackOff`, …
        reason: &'static str,
        /// More, for a person.
        message: Option<String>,
    },
    /// Runs.
    Running,
    /// Ended.
    Terminated(Termination),
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Termination {
    /// Its exit code; 128 + n after signal n.
    pub code: i32,
    /// `Completed`, `Error`, `StartError`.
    pub reason: &'static str,
}

impl Termination {
    /// A process that ended with this code.
    #[must_use]
    pub const fn exited(code: i32) -> Self {
        Self {
            code,
            reason: match code {
                0 => "Completed",
                _ => "Error",
            },
        }
    }
}

/// One of `containerStatuses` or `initContainerStatuses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerStatus {
    /// `state`.
    pub state: ContainerState,
    /// `lastState`, which is `terminated` or nothing.
    pub last: Option<Termination>,
    /// `ready`.
    pub ready: bool,
    /// `started`: it runs, and its startup probe, if any, has succeeded.
    pub started: bool,
    /// `restartCount`.
    pub restart_count: u32,
}

impl ContainerStatus {
    fn runs(&self) -> bool {
        self.state == ContainerState::Running
    }

    /// `true` where it neither ran yet nor runs.
    fn never_ran(&self) -> bool {
        matches!(self.state, ContainerState::Waiting { .. }) && self.last.is_none()
    }

    /// The end it is at, waiting to be restarted or not.
    fn ended(&self) -> Option<Termination> {
        match self.state {
            ContainerState::Terminated(end) => Some(end),
            ContainerState::Waiting { .. } => self.last,
            ContainerState::Running => None,
        }
    }
}

/// A pod's status, containers in the order of [`ContainerIndex`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodStatus {
    /// `phase`.
    pub phase: Phase,
    /// `initContainerStatuses`, then `containerStatuses`.
    pub containers: Vec<ContainerStatus>,
    /// `reason`: `DeadlineExceeded`.
    pub reason: Option<&'static str>,
}

/// How far a pod has come, as far as its phase depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// One of `containers` was started once: all init containers had done their work.
    pub initialized: bool,
    /// Nothing will be restarted any more.
    pub terminal: bool,
}

/// `getPhase`.
#[must_use]
pub fn phase(spec: &PodSpec, statuses: &[ContainerStatus], progress: Progress) -> Phase {
    let tally = Tally::of(spec, statuses);
    if tally.failed_inits {
        return Phase::Failed;
    }
    if (tally.pending_inits && !progress.initialized) || tally.waiting > 0 {
        return Phase::Pending;
    }
    if tally.running > 0 {
        return Phase::Running;
    }
    tally.all_stopped(progress.terminal)
}

/// R20, whatever the pod's policy: a container's own counts.
fn comes_back(spec: &PodSpec, index: ContainerIndex, status: &ContainerStatus) -> bool {
    let ended = status.ended().zip(spec.container(index));
    ended.is_some_and(|(end, container)| restarts(container, spec.restart_policy, end.code))
}

/// To an init container `Always` is as `OnFailure`.
fn restarts_init(spec: &PodSpec, index: ContainerIndex, status: &ContainerStatus) -> bool {
    let ended = status.ended().zip(spec.container(index));
    ended.is_some_and(|(end, container)| {
        end.code != 0 && restarts(container, spec.restart_policy, end.code)
    })
}

#[derive(Default)]
struct Tally {
    pending_inits: bool,
    failed_inits: bool,
    waiting: usize,
    running: usize,
    stopped: usize,
    /// Of those that stopped, the ones that stay so.
    done: usize,
    succeeded: usize,
}

impl Tally {
    fn of(spec: &PodSpec, statuses: &[ContainerStatus]) -> Self {
        let mut tally = Self::default();
        for (index, status) in statuses.iter().enumerate() {
            let index = ContainerIndex(index);
            match (spec.is_init(index), spec.is_sidecar(index)) {
                (true, true) => tally.sidecar(status),
                (true, false) => tally.init(status, restarts_init(spec, index, status)),
                (false, _) => tally.regular(status, comes_back(spec, index, status)),
            }
        }
        tally
    }

    fn init(&mut self, status: &ContainerStatus, restarts: bool) {
        match status.ended() {
            Some(end) => self.failed_inits |= end.code != 0 && !restarts,
            None => self.pending_inits = true,
        }
    }

    /// A sidecar that ended counts for nothing.
    fn sidecar(&mut self, status: &ContainerStatus) {
        self.running += usize::from(status.runs());
        self.waiting += usize::from(status.never_ran());
        self.pending_inits |= status.never_ran() || (status.runs() && !status.started);
    }

    fn regular(&mut self, status: &ContainerStatus, restarts: bool) {
        self.running += usize::from(status.runs());
        self.waiting += usize::from(status.never_ran());
        let ended = status.ended().is_some();
        self.stopped += usize::from(ended);
        self.done += usize::from(ended && !restarts);
        let done = matches!(status.state, ContainerState::Terminated(end) if end.code == 0);
        self.succeeded += usize::from(done);
    }

    fn all_stopped(&self, terminal: bool) -> Phase {
        match (self.stopped == self.done, self.stopped == self.succeeded) {
            (false, _) if !terminal => Phase::Running,
            (_, true) => Phase::Succeeded,
            (_, false) => Phase::Failed,
        }
    }
}
