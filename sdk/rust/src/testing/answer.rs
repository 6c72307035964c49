//! What a mocked host answers to a request.

use std::time::Duration;

use crate::http::{Error, Response};

/// An answer to a request, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) result: Result<Response, Error>,
    pub(super) after: Duration,
}

impl Answer {
    /// An answer of this status, without headers or body, at once.
    pub fn new(status: u16) -> Self {
        let (headers, body) = (Vec::new(), Vec::new());
        Self::of(Ok(Response {
            status,
            headers,
            body,
        }))
    }

    /// No answer: the connection was refused, the host is not granted, and so on.
    pub fn error(error: Error) -> Self {
        Self::of(Err(error))
    }

    /// A body. Nothing where there is no answer.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        if let Ok(response) = &mut self.result {
            response.body = body.into();
        }
        self
    }

    /// A header more. Nothing where there is no answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.result {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Takes so long, in virtual time. A request whose timeout is shorter times out.
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    fn of(result: Result<Response, Error>) -> Self {
        let after = Duration::ZERO;
        Self { result, after }
    }
}

/// An answer of this status, without headers or body.
impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::new(status)
    }
}
