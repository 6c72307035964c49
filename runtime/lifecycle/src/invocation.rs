//! One call of one hook: what is to run, for whom, with what.

use crate::{Budget, Grants, Handler, Hook};
use std::fmt;

/// Unique to one call. Hooks are delivered at least once: two calls may concern
/// the same container, with different identifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvocationId(pub u128);

impl InvocationId {
    /// As a UUID. Every run makes this text, and `write!` costs ten times as much.
    #[must_use]
    pub fn text(self) -> String {
        let mut text = String::with_capacity(36);
        for (index, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push(hex_digit(byte >> 4));
            text.push(hex_digit(byte & 15));
        }
        text
    }
}

fn hex_digit(value: u8) -> char {
    char::from(value + if value < 10 { b'0' } else { b'a' - 10 })
}

impl fmt::Display for InvocationId {
    /// As a UUID: `8-4-4-4-12` hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for InvocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The pod, as the runner learnt it. The kubelet itself passes a hook nothing:
/// everything but the name may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// `metadata.labels`, in the order given.
    pub labels: Vec<(String, String)>,
    /// `metadata.annotations`, in the order given.
    pub annotations: Vec<(String, String)>,
}

/// The container the hook belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name in the pod.
    pub name: Option<String>,
    /// Its image, as written in the pod.
    pub image: Option<String>,
    /// The runtime's identifier of it.
    pub id: Option<String>,
}

/// The request a module of kind `http` is given, in process: there is no socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Header fields in order, beside `Host`, which is `localhost` unless given.
    pub headers: Vec<(String, String)>,
}

impl Default for HttpRequest {
    /// `GET /` without fields of its own.
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            headers: Vec::new(),
        }
    }
}

/// One call of one hook.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Unique to this call.
    pub id: InvocationId,
    /// Which hook. `None`: the one the module exports; kinds other than
    /// `lifecycle` do not need to know.
    pub hook: Option<Hook>,
    /// How the pod named it; `None` where no pod did.
    pub handler: Option<Handler>,
    /// The pod it is for.
    pub pod: Pod,
    /// The container it is for.
    pub container: Container,
    /// Words after the module's name.
    pub args: Vec<String>,
    /// 1 at first; more where the runner was told to retry.
    pub attempt: u32,
    /// What is left of the pod's termination grace period, where known.
    pub grace: Option<std::time::Duration>,
    /// What it may spend.
    pub budget: Budget,
    /// What it may touch.
    pub grants: Grants,
    /// The request for a module of kind `http`.
    pub request: HttpRequest,
}

impl Invocation {
    /// A first call with no arguments, no grants and the default budget.
    #[must_use]
    pub fn new(id: InvocationId) -> Self {
        Self {
            id,
            hook: None,
            handler: None,
            pod: Pod::default(),
            container: Container::default(),
            args: Vec::new(),
            attempt: 1,
            grace: None,
            budget: Budget::default(),
            grants: Grants::default(),
            request: HttpRequest::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_written_as_a_uuid() {
        let id = InvocationId(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "01234567-89ab-4def-8123-456789abcdef");
    }
}
