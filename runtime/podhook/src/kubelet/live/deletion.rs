//! When a pod is deleted: as was asked for beforehand, or by signals.
//!
//! Knows nothing of what a deletion leads to.

use podhook_lifecycle::machine::Input;
use podhook_lifecycle::pod_status::{CRASH_LOOP_BACK_OFF, ContainerState, PodStatus};
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use std::time::Duration;

/// What a pod is to reach before it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Until {
    /// Every container is ready, or the pod is over, or a container waits in back-off
    Running,
    /// The pod is over
    Done,
}

impl Until {
    fn is_reached(self, status: &PodStatus, spec: &PodSpec) -> bool {
        let over = status.phase.is_terminal();
        match self {
            Self::Done => over,
            Self::Running => over || is_running(status, spec) || backs_off(status),
        }
    }
}

fn is_running(status: &PodStatus, spec: &PodSpec) -> bool {
    let mut containers = status.containers.iter().enumerate();
    containers.all(|(index, container)| {
        let index = ContainerIndex(index);
        match spec.is_init(index) && !spec.is_sidecar(index) {
            true => matches!(container.state, ContainerState::Terminated(_)),
            false => container.ready,
        }
    })
}

fn backs_off(status: &PodStatus) -> bool {
    let waits = |state: &ContainerState| matches!(state, ContainerState::Waiting { reason, .. } if *reason == CRASH_LOOP_BACK_OFF);
    let mut containers = status.containers.iter();
    containers.any(|container| waits(&container.state))
}

/// When to delete, and with which grace in seconds; `None`: the pod's own.
#[derive(Debug, Default)]
pub(crate) struct Deletion {
    pub(super) after: Option<Duration>,
    until: Option<Until>,
    grace: Option<i64>,
    deletions: u32,
    left_by: Option<i32>,
}

impl Deletion {
    pub(crate) fn new(after: Option<Duration>, until: Option<Until>, grace: Option<i64>) -> Self {
        Self {
            after,
            until,
            grace,
            ..Self::default()
        }
    }

    /// Whether this status is what was waited for.
    pub(super) fn is_due(&self, status: &PodStatus, spec: &PodSpec) -> bool {
        let reached = |until: Until| until.is_reached(status, spec);
        self.deletions == 0 && self.until.is_some_and(reached)
    }

    /// What was asked for beforehand; once.
    pub(super) fn by_plan(&mut self) -> Option<Input> {
        (self.deletions == 0).then(|| self.delete(self.grace))
    }

    /// The first deletes, the next with grace 0; one more, and nobody waits any longer.
    pub(super) fn by_signal(&mut self, signal: i32) -> Option<Input> {
        match self.deletions {
            0 => Some(self.delete(self.grace)),
            1 => Some(self.delete(Some(0))),
            _ => {
                self.leave(signal);
                None
            }
        }
    }

    /// Nobody waits for the pod's end any longer.
    pub(super) fn leave(&mut self, signal: i32) {
        self.left_by.get_or_insert(signal);
    }

    pub(super) fn left_by(&self) -> Option<i32> {
        self.left_by
    }

    fn delete(&mut self, grace: Option<i64>) -> Input {
        self.deletions += 1;
        Input::Delete(grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_press_on() {
        let mut deletion = Deletion::new(None, None, Some(7));
        let graces = [(); 2].map(|()| match deletion.by_signal(2) {
            Some(Input::Delete(grace)) => grace,
            other => panic!("{other:?}"),
        });
        assert_eq!(graces, [Some(7), Some(0)]);
        assert!(deletion.by_plan().is_none());
        assert_eq!(deletion.left_by(), None);
        assert!(deletion.by_signal(2).is_none());
        assert_eq!(deletion.left_by(), Some(2));
    }
}
