//! What the API server would refuse, in its order and in its words.
//!
//! The lifecycle part of a pod (R1 to R8), and the names that the rest of podhook
//! finds pods and containers by. Defaults are not applied here, feature gates are
//! taken to be on, and what a cluster may add (Pod Security, webhooks) is not known.
//!
//! Kubernetes v1.36, `pkg/apis/core/validation`.

mod handlers;
mod stop_signal;
#[cfg(test)]
mod tests;

use super::{ContainerSpec, Lifecycle, PodSpec, RestartPolicy};
use crate::quote::quote;
use std::collections::HashSet;
use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The path, like `spec.containers[0].lifecycle.preStop`.
    pub field: String,
    /// Which kind of wrong.
    pub kind: ErrorKind,
    /// The text after the path: kind, value and detail.
    pub message: String,
}

/// What the API server tells apart (`field.ErrorType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It has to be there.
    Required,
    /// Its value is none of those that make sense.
    Invalid,
    /// It must not be there.
    Forbidden,
    /// Its value is none of those on a list.
    NotSupported,
    /// Another has the same value.
    Duplicate,
}

impl ErrorKind {
    /// As messages begin.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid => "Invalid value",
            Self::Forbidden => "Forbidden",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
        }
    }

    /// As the API's `Status` has it (`causes[].reason`).
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::Forbidden => "FieldValueForbidden",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
        }
    }
}

impl FieldError {
    /// Without a value: [`ErrorKind::Required`] and [`ErrorKind::Forbidden`].
    fn bare(kind: ErrorKind, field: impl Into<String>, detail: &str) -> Self {
        let colon = if detail.is_empty() { "" } else { ": " };
        Self {
            field: field.into(),
            kind,
            message: format!("{}{colon}{detail}", kind.as_str()),
        }
    }

    fn required(field: impl Into<String>, detail: &str) -> Self {
        Self::bare(ErrorKind::Required, field, detail)
    }

    fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::bare(ErrorKind::Forbidden, field, detail)
    }

    /// `value` is shown as it is: text has to be quoted before.
    fn invalid(field: impl Into<String>, value: impl fmt::Display, detail: &str) -> Self {
        let detail = format!("{value}: {detail}");
        Self {
            kind: ErrorKind::Invalid,
            message: format!("Invalid value: {detail}"),
            field: field.into(),
        }
    }

    fn not_supported(field: impl Into<String>, value: &str, supported: &[&str]) -> Self {
        let supported: Vec<_> = supported
            .iter()
            .map(|name| quote(name.as_bytes()))
            .collect();
        Self {
            field: field.into(),
            kind: ErrorKind::NotSupported,
            message: format!(
                "Unsupported value: {}: supported values: {}",
                quote(value.as_bytes()),
                supported.join(", ")
            ),
        }
    }

    fn duplicate(field: impl Into<String>, value: &str) -> Self {
        Self {
            field: field.into(),
            kind: ErrorKind::Duplicate,
            message: format!("Duplicate value: {}", quote(value.as_bytes())),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Everything the API server would refuse, in its order; empty for a pod that it takes.
#[must_use]
pub fn validate(spec: &PodSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if spec.pod.name.is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::required("metadata.name", detail));
    }
    if spec.containers.is_empty() {
        errors.push(FieldError::required("spec.containers", ""));
    }
    let mut names = HashSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let path = format!("spec.containers[{index}]");
        name(&container.name, &path, &mut names, &mut errors);
        if let Some(lifecycle) = &container.lifecycle {
            lifecycle_of(lifecycle, spec, &path, &mut errors);
        }
    }
    for (index, container) in spec.init_containers.iter().enumerate() {
        let path = format!("spec.initContainers[{index}]");
        name(&container.name, &path, &mut names, &mut errors);
        init_container(container, spec, &path, &mut errors);
    }
    errors.extend(spec.ephemeral_with_lifecycle.iter().map(ephemeral));
    errors
}

/// Names are the key to containers everywhere, so they are there and differ.
fn name<'n>(name: &'n str, path: &str, seen: &mut HashSet<&'n str>, errors: &mut Vec<FieldError>) {
    let field = format!("{path}.name");
    if name.is_empty() {
        errors.push(FieldError::required(&field, ""));
    }
    if !seen.insert(name) {
        errors.push(FieldError::duplicate(field, name));
    }
}

/// R2: of init containers only those that stay have hooks.
fn init_container(
    container: &ContainerSpec,
    spec: &PodSpec,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    match (&container.lifecycle, container.restart_policy) {
        (None, _) => (),
        (Some(lifecycle), Some(RestartPolicy::Always)) => {
            lifecycle_of(lifecycle, spec, path, errors);
        }
        (Some(_), None | Some(RestartPolicy::OnFailure | RestartPolicy::Never)) => {
            errors.push(FieldError::forbidden(
                format!("{path}.lifecycle"),
                "may not be set for init containers without restartPolicy=Always",
            ));
        }
    }
}

/// R2: nothing is ever called on an ephemeral container.
fn ephemeral(index: &usize) -> FieldError {
    let field = format!("spec.ephemeralContainers[{index}].lifecycle");
    FieldError::forbidden(field, "cannot be set for an Ephemeral Container")
}

fn lifecycle_of(lifecycle: &Lifecycle, spec: &PodSpec, path: &str, errors: &mut Vec<FieldError>) {
    let path = format!("{path}.lifecycle");
    let grace = spec.termination_grace_period_seconds;
    if let Some(handler) = &lifecycle.post_start {
        handlers::handler(handler, grace, &format!("{path}.postStart"), errors);
    }
    if let Some(handler) = &lifecycle.pre_stop {
        handlers::handler(handler, grace, &format!("{path}.preStop"), errors);
    }
    if let Some(signal) = &lifecycle.stop_signal {
        let os = spec.os_name.as_deref();
        errors.extend(stop_signal::error(
            signal,
            os,
            &format!("{path}.stopSignal"),
        ));
    }
}
