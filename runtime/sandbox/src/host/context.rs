//! What a lifecycle hook is told when it is called.

use crate::bindings::podhook::lifecycle::types as wit;
use podhook_lifecycle::{Container, Hook, Invocation, Pod};
use std::time::Duration;

pub(crate) fn context(call: &Invocation, hook: Hook) -> wit::Context {
    wit::Context {
        phase: match hook {
            Hook::PostStart => wit::Phase::PostStart,
            Hook::PreStop => wit::Phase::PreStop,
        },
        invocation: call.id.text(),
        attempt: call.attempt,
        pod: pod(&call.pod),
        container: container(&call.container),
        args: call.args.clone(),
        timeout_ms: call.budget.timeout.map_or(u64::MAX, millis),
        grace_ms: call.grace.map(millis),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn pod(pod: &Pod) -> wit::Pod {
    wit::Pod {
        name: pod.name.clone(),
        namespace: pod.namespace.clone(),
        uid: pod.uid.clone(),
        node: pod.node.clone(),
        ip: pod.ip.clone(),
        service_account: pod.service_account.clone(),
        labels: pod.labels.clone(),
        annotations: pod.annotations.clone(),
    }
}

fn container(container: &Container) -> wit::Container {
    wit::Container {
        name: container.name.clone(),
        image: container.image.clone(),
        id: container.id.clone(),
    }
}
