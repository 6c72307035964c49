//! What a kubelet takes its time for, as it was seen to.

use std::time::Duration;

/// What a kubelet takes its time for. Between these everything follows at once.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From the pod's arrival to its first container: the sandbox is made.
    pub sandbox: Duration,
    /// From a container's end until the kubelet sees it.
    pub notice: Duration,
    /// From a sync that found the pod over to its termination.
    pub resync: Duration,
    /// From the last container's end to the final status.
    pub settle: Duration,
    /// From a sync that failed to the next.
    pub retry: Duration,
    /// From the kubelet's start until it acts.
    pub kubelet_start: Duration,
}

impl Default for Pace {
    /// As seen of kubelet 1.36 with a relist each second, at its promptest:
    ///
    /// | what | seen | here |
    /// |---|---|---|
    /// | `sandbox` | 0.4–0.5 s | 0.45 s |
    /// | `notice` | 0.3–1.4 s | 0.3 s |
    /// | `resync` | 0.8–1.9 s | 0.8 s |
    /// | `settle` | 0.1–0.2 s | 0.1 s |
    /// | `retry` | 1 s, then at the end of a back-off | 1 s |
    /// | `kubelet_start` | 1.3 s | 1.3 s |
    fn default() -> Self {
        Self {
            sandbox: Duration::from_millis(450),
            notice: Duration::from_millis(300),
            resync: Duration::from_millis(800),
            settle: Duration::from_millis(100),
            retry: Duration::from_secs(1),
            kubelet_start: Duration::from_millis(1300),
        }
    }
}
