//! httpGet and tcpSocket: what the kubelet makes of them is not what they look like.

use super::{Lint, Subject, name};
use podhook_lifecycle::Hook;
use podhook_lifecycle::spec::{HttpGetAction, IntOrString, LifecycleHandler};

pub(super) fn lints(subject: &Subject<'_>, get: &HttpGetAction) -> Vec<Lint> {
    let field = subject.field("httpGet");
    let mut lints = vec![Lint::new(
        &field,
        "the kubelet ignores the status code of the answer, a 500 is a success: only a connection that fails or breaks is a failure",
    )];
    if subject.hook == Hook::PostStart {
        lints.push(Lint::new(
            &field,
            "is sent once, perhaps before the server listens, and has no timeout: while the answer is missing the pod cannot be deleted; a startupProbe waits and retries",
        ));
    }
    if subject.pod.host_network && get.host.is_none() {
        let message = "always fails: with hostNetwork the kubelet does not know the pod's address here (kubernetes#134285); write a host";
        lints.push(Lint::new(&field, message));
    }
    lints.extend(host(&subject.field("httpGet.host"), get.host.as_deref()));
    lints.extend(port(subject, &get.port));
    lints
}

/// Pod Security, policy version 1.34 and later.
fn host(field: &str, host: Option<&str>) -> Option<Lint> {
    let message = "is forbidden by the baseline Pod Security Standard (1.34 and later): leave it out, or put the name into a Host header";
    host.map(|_| Lint::new(field, message))
}

fn port(subject: &Subject<'_>, port: &IntOrString) -> Option<Lint> {
    let IntOrString::String(wanted) = port else {
        return None;
    };
    if subject.resolves(port) || !wanted.contains(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let elsewhere = subject
        .pod
        .all()
        .flat_map(|(_, container)| &container.ports)
        .any(|other| other.name.as_ref() == Some(wanted));
    let why = match elsewhere {
        true => "is the name of another container's port, and only the container's own count",
        false => "is the name of no port of this container",
    };
    let message = format!("{wanted:?} {why}: the hook always fails; name one, or write a number");
    Some(Lint::new(subject.field("httpGet.port"), message))
}

/// A handler the kubelet cannot run, unless it is empty: that is refused before.
pub(super) fn invalid(subject: &Subject<'_>, handler: &LifecycleHandler) -> Vec<Lint> {
    let Some(action) = &handler.tcp_socket else {
        return Vec::new();
    };
    let then = match subject.hook {
        Hook::PostStart => "the container is killed and restarted, again and again",
        Hook::PreStop => "the container is stopped at once",
    };
    let message = format!(
        "always fails, whatever listens: the kubelet runs no tcpSocket as a {}, and {then}; use httpGet, exec or sleep",
        name(subject.hook)
    );
    let mut lints = vec![Lint::new(subject.field("tcpSocket"), message)];
    lints.extend(host(
        &subject.field("tcpSocket.host"),
        action.host.as_deref(),
    ));
    lints
}
