//! Between the bindings' types and the crate's own, which can grow without the
//! contract and are nicer to use.

use std::time::Duration;

use super::bindings::imports::podhook::lifecycle as wit;
use super::millis;
use crate::{Container, Context, Error, ErrorKind, Phase, Pod, container, events, http, state};

impl From<wit::types::Context> for Context {
    fn from(ctx: wit::types::Context) -> Self {
        Self {
            phase: ctx.phase.into(),
            invocation: ctx.invocation,
            attempt: ctx.attempt,
            pod: ctx.pod.into(),
            container: ctx.container.into(),
            args: ctx.args,
            timeout: millis::deadline(ctx.timeout_ms),
            grace: ctx.grace_ms.map(Duration::from_millis),
        }
    }
}

impl From<wit::types::Phase> for Phase {
    fn from(phase: wit::types::Phase) -> Self {
        match phase {
            wit::types::Phase::PostStart => Self::PostStart,
            wit::types::Phase::PreStop => Self::PreStop,
        }
    }
}

impl From<wit::types::Pod> for Pod {
    fn from(pod: wit::types::Pod) -> Self {
        Self {
            name: pod.name,
            namespace: pod.namespace,
            uid: pod.uid,
            node: pod.node,
            ip: pod.ip,
            service_account: pod.service_account,
            labels: pod.labels.into_iter().collect(),
            annotations: pod.annotations.into_iter().collect(),
        }
    }
}

impl From<wit::types::Container> for Container {
    fn from(container: wit::types::Container) -> Self {
        Self {
            name: container.name,
            image: container.image,
            id: container.id,
        }
    }
}

impl From<Error> for wit::types::HookError {
    fn from(err: Error) -> Self {
        match err.kind() {
            ErrorKind::Failed => Self::Failed(err.to_string()),
            ErrorKind::Retryable => Self::Retryable(err.to_string()),
            ErrorKind::InvalidInput => Self::InvalidInput(err.to_string()),
        }
    }
}

impl From<log::Level> for wit::log::Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}

impl From<wit::log::Level> for log::Level {
    fn from(level: wit::log::Level) -> Self {
        match level {
            wit::log::Level::Trace => Self::Trace,
            wit::log::Level::Debug => Self::Debug,
            wit::log::Level::Info => Self::Info,
            wit::log::Level::Warn => Self::Warn,
            wit::log::Level::Error => Self::Error,
        }
    }
}

impl From<events::Kind> for wit::events::Kind {
    fn from(kind: events::Kind) -> Self {
        match kind {
            events::Kind::Normal => Self::Normal,
            events::Kind::Warning => Self::Warning,
        }
    }
}

impl From<wit::state::StateError> for state::Error {
    fn from(err: wit::state::StateError) -> Self {
        match err {
            wit::state::StateError::Denied => Self::Denied,
            wit::state::StateError::TooLarge => Self::TooLarge,
            wit::state::StateError::Full => Self::Full,
            wit::state::StateError::Other(text) => Self::Other(text),
        }
    }
}

impl From<http::Request> for wit::http::Request {
    fn from(request: http::Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout_ms: request.timeout.map(millis::ceil),
        }
    }
}

impl From<wit::http::Response> for http::Response {
    fn from(response: wit::http::Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }
    }
}

impl From<wit::http::HttpError> for http::Error {
    fn from(err: wit::http::HttpError) -> Self {
        match err {
            wit::http::HttpError::InvalidUrl(text) => Self::InvalidUrl(text),
            wit::http::HttpError::Denied(text) => Self::Denied(text),
            wit::http::HttpError::Timeout => Self::Timeout,
            wit::http::HttpError::Connection(text) => Self::Connection(text),
            wit::http::HttpError::TooLarge => Self::TooLarge,
            wit::http::HttpError::Other(text) => Self::Other(text),
        }
    }
}

impl From<container::Signal> for wit::container::Signal {
    fn from(signal: container::Signal) -> Self {
        match signal {
            container::Signal::Hup => Self::Hup,
            container::Signal::Int => Self::Int,
            container::Signal::Quit => Self::Quit,
            container::Signal::Term => Self::Term,
            container::Signal::Usr1 => Self::Usr1,
            container::Signal::Usr2 => Self::Usr2,
            container::Signal::Winch => Self::Winch,
        }
    }
}

impl From<wit::container::ContainerError> for container::Error {
    fn from(err: wit::container::ContainerError) -> Self {
        match err {
            wit::container::ContainerError::Denied => Self::Denied,
            wit::container::ContainerError::NotRunning => Self::NotRunning,
            wit::container::ContainerError::Other(text) => Self::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> wit::types::Pod {
        wit::types::Pod {
            name: "web-0".into(),
            namespace: Some("default".into()),
            uid: None,
            node: None,
            ip: None,
            service_account: None,
            labels: vec![("app".into(), "web".into())],
            annotations: Vec::new(),
        }
    }

    fn context(timeout_ms: u64) -> wit::types::Context {
        wit::types::Context {
            phase: wit::types::Phase::PreStop,
            invocation: "1".into(),
            attempt: 2,
            pod: pod(),
            container: wit::types::Container {
                name: Some("web".into()),
                image: None,
                id: None,
            },
            args: vec!["fast".into()],
            timeout_ms,
            grace_ms: Some(30_000),
        }
    }

    #[test]
    fn a_context_arrives_whole() {
        let mut expected = Context::new(Phase::PreStop);
        expected.invocation = "1".into();
        expected.attempt = 2;
        expected.pod.name = "web-0".into();
        expected.pod.namespace = Some("default".into());
        expected.pod.labels.insert("app".into(), "web".into());
        expected.container.name = Some("web".into());
        expected.args = vec!["fast".into()];
        expected.timeout = Some(Duration::from_secs(5));
        expected.grace = Some(Duration::from_secs(30));
        assert_eq!(Context::from(context(5_000)), expected);
        assert_eq!(Context::from(context(u64::MAX)).timeout, None);
    }

    #[test]
    fn an_error_leaves_with_its_kind() {
        use wit::types::HookError as Raw;
        assert!(matches!(Error::failed("x").into(), Raw::Failed(text) if text == "x"));
        assert!(matches!(Error::retryable("x").into(), Raw::Retryable(text) if text == "x"));
        assert!(matches!(Error::invalid_input("x").into(), Raw::InvalidInput(text) if text == "x"));
    }
}
