//! What the API server takes and a person did not mean: one finding, one sentence
//! that says what happens and what to do.
//!
//! Silent about ordinary pods; what a command does is guessed from its text alone, and
//! only where the guess is safe. What is refused is not repeated here, see
//! `podhook_lifecycle::spec::validation`.

mod command;
mod exec;
mod request;
#[cfg(test)]
mod tests;

use podhook_lifecycle::Hook;
use podhook_lifecycle::spec::defaults::TERMINATION_GRACE_PERIOD_SECONDS;
use podhook_lifecycle::spec::{
    Action, ContainerSpec, IntOrString, LifecycleHandler, PodSpec, RestartPolicy,
};

/// A finding, and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lint {
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Lint {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// A handler, and what its lints have to know around it.
struct Subject<'s> {
    pod: &'s PodSpec,
    container: &'s ContainerSpec,
    hook: Hook,
    handler: &'s LifecycleHandler,
    /// Of the handler, like `spec.containers[0].lifecycle.preStop`.
    path: String,
}

/// All findings, in the order of validation.
pub(crate) fn lint(spec: &PodSpec) -> Vec<Lint> {
    let mut lints = Vec::new();
    let lists = [
        ("containers", &spec.containers),
        ("initContainers", &spec.init_containers),
    ];
    for (list, containers) in lists {
        for (index, container) in containers.iter().enumerate() {
            let path = format!("spec.{list}[{index}]");
            of_container(spec, container, &path, &mut lints);
        }
    }
    lints
}

fn of_container(pod: &PodSpec, container: &ContainerSpec, path: &str, lints: &mut Vec<Lint>) {
    let Some(lifecycle) = &container.lifecycle else {
        return;
    };
    for hook in [Hook::PostStart, Hook::PreStop] {
        let Some(handler) = lifecycle.handler(hook) else {
            continue;
        };
        let path = format!("{path}.lifecycle.{}", name(hook));
        let subject = Subject {
            pod,
            container,
            hook,
            handler,
            path,
        };
        lints.extend(of_hook(&subject));
    }
    if lifecycle.stop_signal.is_some() {
        let field = format!("{path}.lifecycle.stopSignal");
        let message = "the API server drops it unless the feature gate ContainerStopSignals is on (alpha, off by default): set STOPSIGNAL in the image instead";
        lints.push(Lint::new(field, message));
    }
}

/// As the field is written.
fn name(hook: Hook) -> &'static str {
    match hook {
        Hook::PostStart => "postStart",
        Hook::PreStop => "preStop",
    }
}

fn of_hook(subject: &Subject<'_>) -> Vec<Lint> {
    let mut lints = match subject.handler.action() {
        Action::Exec(action) => exec::lints(subject, action),
        Action::HttpGet(action) => request::lints(subject, action),
        Action::Sleep(action) => {
            let seconds = u64::try_from(action.seconds).unwrap_or(0);
            let field = subject.field("sleep");
            subject.time(field, seconds).into_iter().collect()
        }
        Action::Invalid(handler) => request::invalid(subject, handler),
    };
    if subject.hook == Hook::PreStop {
        lints.extend(without_grace(subject));
        lints.extend(ends_by_itself(subject));
    }
    lints
}

/// A container that is meant to end does so without its preStop.
fn ends_by_itself(subject: &Subject<'_>) -> Option<Lint> {
    let own = subject.container.restart_policy;
    let policy = own.unwrap_or(subject.pod.restart_policy);
    let word = match policy {
        RestartPolicy::Always => return None,
        RestartPolicy::OnFailure => "OnFailure",
        RestartPolicy::Never => "Never",
    };
    let message = format!(
        "does not run when the container ends by itself, as one with restartPolicy {word} is expected to: do the work at the end of the container's own command, too"
    );
    Some(Lint::new(&subject.path, message))
}

fn without_grace(subject: &Subject<'_>) -> Option<Lint> {
    let message =
        "terminationGracePeriodSeconds is 0, so the kubelet waits 1 s for it: give it more";
    (subject.grace() == 0).then(|| Lint::new(&subject.path, message))
}

impl Subject<'_> {
    /// The path of a field of the handler.
    fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    /// Seconds.
    fn grace(&self) -> u64 {
        let written = self.pod.termination_grace_period_seconds;
        let seconds = written.unwrap_or(TERMINATION_GRACE_PERIOD_SECONDS);
        u64::try_from(seconds).unwrap_or(0)
    }

    /// For a hook that takes so long: what is left of the grace period, where that is
    /// less than half of it.
    fn time(&self, field: String, seconds: u64) -> Option<Lint> {
        let grace = self.grace();
        if self.hook != Hook::PreStop || seconds == 0 || seconds.saturating_mul(2) < grace {
            return None;
        }
        let spent = match grace.checked_sub(seconds).filter(|&left| left > 0) {
            Some(left) => format!(
                "takes {seconds} s off the grace period of {grace} s: the container is left {} s from SIGTERM to SIGKILL",
                left.max(2)
            ),
            None => format!(
                "takes {seconds} s, all of the grace period of {grace} s: the container is left 2 s from SIGTERM to SIGKILL"
            ),
        };
        let message = format!("{spent}; raise terminationGracePeriodSeconds if it needs more");
        Some(Lint::new(field, message))
    }

    /// Whether the container has a port of this name, or needs none.
    fn resolves(&self, port: &IntOrString) -> bool {
        match port {
            IntOrString::Int(_) => true,
            IntOrString::String(name) => {
                let mut ports = self.container.ports.iter();
                ports.any(|port| port.name.as_ref() == Some(name))
            }
        }
    }
}
