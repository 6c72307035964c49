//! What a hook is told when it is called.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host;

/// The call a hook is answering: for which container, why, and for how long.
///
/// Only a pod's name is sure to be there: everything else depends on what the
/// operator passes on to podhook.
///
/// ```
/// use podhook::{Context, Phase, events};
///
/// fn drain(ctx: Context) -> podhook::Result {
///     events::normal("Draining", &format!("{} stops", ctx.pod.name));
///     Ok(())
/// }
///
/// let mut ctx = Context::new(Phase::PreStop);
/// ctx.pod.name = "web-0".to_owned();
/// assert_eq!(drain(ctx), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// Which lifecycle moment this is.
    pub phase: Phase,
    /// Unique to this call. Hooks are delivered at least once: two calls may
    /// concern the same container, with different identifiers.
    pub invocation: String,
    /// 1 at first; more where the runner was told to retry.
    pub attempt: u32,
    /// The pod of the container.
    pub pod: Pod,
    /// The container the hook belongs to.
    pub container: Container,
    /// Words after `--` on the runner's command line, or after the hook's name in
    /// the pod's `exec.command`.
    pub args: Vec<String>,
    /// The time this call was given when it began; `None` without a deadline. What
    /// is left of it is [`budget::remaining`](crate::budget::remaining).
    pub timeout: Option<Duration>,
    /// What was left of the pod's termination grace period when the call began,
    /// where known.
    pub grace: Option<Duration>,
}

impl Context {
    /// Where a file of the container's is: the same path, but under a
    /// [`Mock`](crate::testing::Mock) that was given a folder for it.
    ///
    /// ```no_run
    /// # let ctx = podhook::Context::new(podhook::Phase::PreStop);
    /// let state = std::fs::read_to_string(ctx.path("/var/lib/app/state.json"))?;
    /// # Ok::<_, podhook::Error>(())
    /// ```
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        host::path(path.as_ref())
    }

    /// A context with nothing in it but its phase, for tests to fill in: attempt 1,
    /// no deadline, all else empty.
    pub fn new(phase: Phase) -> Self {
        Self {
            phase,
            invocation: String::new(),
            attempt: 1,
            pod: Pod::default(),
            container: Container::default(),
            args: Vec::new(),
            timeout: None,
            grace: None,
        }
    }
}

/// A moment in the life of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Right after the container was started, at the same time as its entrypoint.
    PostStart,
    /// Before the container is sent its stop signal; counts against the pod's
    /// grace period.
    PreStop,
}

/// The pod, as podhook came to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.uid`.
    pub uid: Option<String>,
    /// `spec.nodeName`.
    pub node: Option<String>,
    /// `status.podIP`.
    pub ip: Option<String>,
    /// `spec.serviceAccountName`.
    pub service_account: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
}

/// The container, as podhook came to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// Its name in the pod.
    pub name: Option<String>,
    /// The image as written in the pod.
    pub image: Option<String>,
    /// The runtime's identifier, as in `status.containerStatuses[].containerID`.
    pub id: Option<String>,
}
