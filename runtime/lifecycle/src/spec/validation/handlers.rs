//! R3 to R7: what a `postStart` or `preStop` may say.
//!
//! Whose handler it is, is not known here; `path` says where it stands.

use super::FieldError;
use crate::quote::quote;
use crate::spec::{
    ExecAction, HttpGetAction, IntOrString, LifecycleHandler, SleepAction, TcpSocketAction,
};

const SCHEMES: [&str; 2] = ["HTTP", "HTTPS"];

/// R3: the first handler, in this order, is looked into; any further one is one too
/// many, whatever it says.
pub(super) fn handler(
    handler: &LifecycleHandler,
    grace: Option<i64>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let mut kinds = Vec::new();
    if let Some(action) = &handler.exec {
        kinds.push(("exec", exec(action, &format!("{path}.exec"))));
    }
    if let Some(action) = &handler.http_get {
        kinds.push(("httpGet", http_get(action, &format!("{path}.httpGet"))));
    }
    if let Some(action) = &handler.tcp_socket {
        kinds.push((
            "tcpSocket",
            tcp_socket(action, &format!("{path}.tcpSocket")),
        ));
    }
    if let Some(action) = &handler.sleep {
        kinds.push(("sleep", sleep(*action, grace, &format!("{path}.sleep"))));
    }
    let mut kinds = kinds.into_iter();
    match kinds.next() {
        Some((_, of_the_first)) => errors.extend(of_the_first),
        None => errors.push(FieldError::required(path, "must specify a handler type")),
    }
    errors.extend(kinds.map(|(kind, _)| {
        let field = format!("{path}.{kind}");
        FieldError::forbidden(field, "may not specify more than 1 handler type")
    }));
}

/// R4.
fn exec(action: &ExecAction, path: &str) -> Vec<FieldError> {
    let missing = action.command.is_empty();
    let error = missing.then(|| FieldError::required(format!("{path}.command"), ""));
    error.into_iter().collect()
}

/// R5.
fn http_get(action: &HttpGetAction, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if action.path.as_deref().unwrap_or_default().is_empty() {
        errors.push(FieldError::required(format!("{path}.path"), ""));
    }
    errors.extend(port(&action.port, &format!("{path}.port")));
    let scheme = action.scheme.as_deref().unwrap_or_default();
    if !SCHEMES.contains(&scheme) {
        let field = format!("{path}.scheme");
        errors.push(FieldError::not_supported(field, scheme, &SCHEMES));
    }
    let names = action.headers.iter().map(|(name, _)| name);
    let bad_names = names.filter(|name| !is_header_name(name));
    errors.extend(bad_names.map(|name| {
        let field = format!("{path}.httpHeaders");
        FieldError::invalid(field, quote(name.as_bytes()), HEADER_NAME)
    }));
    errors
}

const HEADER_NAME: &str = "a valid HTTP header must consist of alphanumeric characters or '-' \
    (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
}

/// R6: only the port is looked at, though the kubelet never dials it.
fn tcp_socket(action: &TcpSocketAction, path: &str) -> Vec<FieldError> {
    port(&action.port, &format!("{path}.port"))
}

/// R7: as long as the grace period is allowed, though the text says less.
fn sleep(action: SleepAction, grace: Option<i64>, path: &str) -> Vec<FieldError> {
    let Some(grace) = grace.filter(|grace| !(0..=*grace).contains(&action.seconds)) else {
        return Vec::new();
    };
    let detail =
        format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
    vec![FieldError::invalid(path, action.seconds, &detail)]
}

fn port(port: &IntOrString, path: &str) -> Vec<FieldError> {
    match port {
        IntOrString::Int(1..=65535) => Vec::new(),
        IntOrString::Int(number) => {
            let detail = "must be between 1 and 65535, inclusive";
            vec![FieldError::invalid(path, number, detail)]
        }
        IntOrString::String(name) => port_name_faults(name)
            .map(|fault| FieldError::invalid(path, quote(name.as_bytes()), fault))
            .collect(),
    }
}

/// An IANA service name (RFC 6335), which digits alone are not.
fn port_name_faults(name: &str) -> impl Iterator<Item = &'static str> {
    let may_have = |byte: u8| matches!(byte, b'-' | b'a'..=b'z' | b'0'..=b'9');
    let faults = [
        (name.len() > 15).then_some("must be no more than 15 characters"),
        (name.is_empty() || !name.bytes().all(may_have))
            .then_some("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (!name.bytes().any(|byte| byte.is_ascii_lowercase()))
            .then_some("must contain at least one letter (a-z)"),
        name.contains("--")
            .then_some("must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'))
            .then_some("must not begin or end with a hyphen"),
    ];
    faults.into_iter().flatten()
}
