//! What the API server fills in before it validates (`SetDefaults_*`).

use super::{HttpGetAction, LifecycleHandler, PodSpec};

/// `terminationGracePeriodSeconds` of a pod that does not say.
pub const TERMINATION_GRACE_PERIOD_SECONDS: i64 = 30;

/// R5, R41: grace of 30 s, path `/`, scheme `HTTP`.
pub fn apply(spec: &mut PodSpec) {
    spec.termination_grace_period_seconds
        .get_or_insert(TERMINATION_GRACE_PERIOD_SECONDS);
    let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
    for lifecycle in containers.filter_map(|container| container.lifecycle.as_mut()) {
        let handlers = [&mut lifecycle.post_start, &mut lifecycle.pre_stop];
        handlers.into_iter().flatten().for_each(handler);
    }
}

fn handler(handler: &mut LifecycleHandler) {
    if let Some(get) = &mut handler.http_get {
        http_get(get);
    }
}

/// An empty path or scheme is as one that was not written.
fn http_get(get: &mut HttpGetAction) {
    for (field, default) in [(&mut get.path, "/"), (&mut get.scheme, "HTTP")] {
        if field.as_deref().unwrap_or_default().is_empty() {
            *field = Some(default.to_owned());
        }
    }
}
