//! A container's probes, with the API server's defaults.

use super::convert::{Findings, exec, http_get, tcp_socket, text};
use super::fault::Fault;
use k8s_openapi::api::core::v1 as api;
use podhook_lifecycle::spec::{HttpGetAction, Probe, ProbeAction};

pub(super) fn probe(path: &str, probe: Option<api::Probe>, found: &mut Findings) -> Option<Probe> {
    let probe = probe?;
    let mut number = |name: &str, value: Option<i32>, default: u32| {
        let read = count(&format!("{path}.{name}"), value, default);
        found.keep(read).unwrap_or(default)
    };
    let initial_delay_seconds = number("initialDelaySeconds", probe.initial_delay_seconds, 0);
    let period_seconds = number("periodSeconds", probe.period_seconds, 10);
    let timeout_seconds = number("timeoutSeconds", probe.timeout_seconds, 1);
    let success_threshold = number("successThreshold", probe.success_threshold, 1);
    let failure_threshold = number("failureThreshold", probe.failure_threshold, 3);
    let termination_grace_period_seconds = probe.termination_grace_period_seconds;
    let missing = || Fault::of_field(path, "Required value: must specify a handler type");
    let action = action(probe).ok_or_else(missing);
    Some(Probe {
        action: found.keep(action)?,
        initial_delay_seconds,
        period_seconds,
        timeout_seconds,
        success_threshold,
        failure_threshold,
        termination_grace_period_seconds,
    })
}

/// 0 is as not written.
fn count(field: &str, value: Option<i32>, default: u32) -> Result<u32, Fault> {
    let value = value.unwrap_or(0);
    match u32::try_from(value) {
        Ok(0) => Ok(default),
        Ok(count) => Ok(count),
        Err(_) => {
            let why = format!("Invalid value: {value}: must be greater than or equal to 0");
            Err(Fault::of_field(field, why))
        }
    }
}

/// The first of them, in the order of the API server.
fn action(probe: api::Probe) -> Option<ProbeAction> {
    if let Some(action) = probe.exec {
        return Some(ProbeAction::Exec(exec(action)));
    }
    if let Some(action) = probe.http_get {
        return Some(ProbeAction::HttpGet(defaulted(http_get(action))));
    }
    if let Some(action) = probe.tcp_socket {
        return Some(ProbeAction::TcpSocket(tcp_socket(action)));
    }
    probe.grpc.map(|action| ProbeAction::Grpc(action.port))
}

fn defaulted(get: HttpGetAction) -> HttpGetAction {
    HttpGetAction {
        path: text(get.path).or_else(|| Some("/".to_owned())),
        scheme: text(get.scheme).or_else(|| Some("HTTP".to_owned())),
        ..get
    }
}
