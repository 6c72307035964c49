//! The whole pod's end: all containers in parallel, the sandbox after them, and the
//! final status (R28, R29, R35).
//!
//! Follows `SyncTerminatingPod` and `SyncTerminatedPod`.

use super::worker::{Stage, Work};
use super::{Effect, PodMachine};
use crate::pod_status::Progress;

impl PodMachine {
    /// R30: liveness and startup probes stop here, readiness goes on.
    pub(super) fn begin_termination(&mut self) {
        self.kubelet.stage = Stage::Terminating;
        self.kubelet.sync_due = None;
        self.keep_readiness_only();
        let status = self.status_now(Progress {
            initialized: self.is_initialized(),
            terminal: false,
        });
        self.publish(status);
        self.kill_all(self.effective_grace());
    }

    /// R29: the sandbox goes last.
    pub(super) fn pod_is_killed(&mut self) {
        if !std::mem::replace(&mut self.sandbox_stopped, true) {
            self.effects.push_back(Effect::StopPodSandbox);
        }
        if self.kubelet.stage == Stage::Terminating {
            self.kubelet.work = Work::Idle;
            self.kubelet.stage = Stage::Settling(self.now + self.pace.settle);
        }
    }

    pub(super) fn finish(&mut self) {
        self.kubelet.stage = Stage::Terminated;
        self.publish_last();
    }
}
