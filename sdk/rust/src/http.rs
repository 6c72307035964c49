//! Requests to other services: one request, one answer, whole bodies.
//!
//! A host must have been granted with `--allow-host`. Redirects are not followed,
//! and any status is an answer: see [`Response::error_for_status`].

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::host;

/// Sends a GET and waits for the answer.
///
/// ```
/// use podhook::{http, testing::{Answer, Mock}};
///
/// let _host = Mock::new().answer("GET http://web/inflight", Answer::new(200).body("7"));
/// let answer = http::get("http://web/inflight")?.error_for_status()?;
/// assert_eq!(answer.text(), "7");
/// # Ok::<_, podhook::Error>(())
/// ```
pub fn get(url: &str) -> Result<Response, Error> {
    Request::get(url).send()
}

/// Sends all requests at the same time and waits for all answers, which come in the
/// order of the requests. The host may hold some back: it has a limit of its own.
///
/// ```no_run
/// use podhook::http::{self, Request};
///
/// let caches = ["http://10.0.0.7/warm", "http://10.0.0.8/warm"];
/// let answers = http::send_all(caches.map(Request::get));
/// let warm = answers.iter().flatten().filter(|answer| answer.is_success());
/// # let _ = warm.count();
/// ```
pub fn send_all(requests: impl IntoIterator<Item = Request>) -> Vec<Result<Response, Error>> {
    host::http_send_all(requests.into_iter().collect())
}

/// Sends a POST with this body and waits for the answer.
///
/// ```
/// use podhook::{http, testing::Mock};
///
/// let host = Mock::new().answer("POST http://collector/lines", 204);
/// http::post("http://collector/lines", "the last line\n")?.error_for_status()?;
/// assert_eq!(host.requests()[0].body, b"the last line\n");
/// # Ok::<_, podhook::Error>(())
/// ```
pub fn post(url: &str, body: impl Into<Vec<u8>>) -> Result<Response, Error> {
    Request::post(url).body(body).send()
}

/// A request in the making.
///
/// ```no_run
/// use std::time::Duration;
/// use podhook::http::Request;
///
/// let answer = Request::post("http://127.0.0.1:8080/drain")
///     .header("content-type", "application/json")
///     .body(r#"{"fast": true}"#)
///     .timeout(Duration::from_secs(2))
///     .send()?
///     .error_for_status()?;
/// # Ok::<_, podhook::http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is sent before `send`"]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
}

impl Request {
    /// A request without headers, body or timeout of its own.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
        }
    }

    /// A GET.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// A PUT.
    pub fn put(url: &str) -> Self {
        Self::new("PUT", url)
    }

    /// A DELETE.
    pub fn delete(url: &str) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header; one of the same name stays.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets how long the whole exchange may take, rounded up to milliseconds;
    /// otherwise until the budget ends.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the body to a value as JSON, and says so in `Content-Type`.
    ///
    /// # Errors
    /// [`Error::Json`] where the value cannot be written as JSON, as a map whose keys are no
    /// strings.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        let body = serde_json::to_vec(value).map_err(|why| Error::Json(why.to_string()))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Sends the request and waits for the answer.
    pub fn send(self) -> Result<Response, Error> {
        host::http_send(self)
    }
}

/// The answer to a request, with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status code, whatever it is.
    pub status: u16,
    /// Headers in the order they came; a name may be there more than once.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    /// The body as UTF-8, with what is not replaced by `�`.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`Error::Json`] where it is none, or none of this type.
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|why| Error::Json(why.to_string()))
    }

    /// Makes a status of 400 or more an [`Error::Status`].
    pub fn error_for_status(self) -> Result<Self, Error> {
        match self.status {
            400.. => Err(Error::Status(self.status)),
            _ => Ok(self),
        }
    }
}

/// Why there was no answer, or none to be content with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Not a URL a request can be sent to.
    InvalidUrl(String),
    /// The operator did not grant this host.
    Denied(String),
    /// The answer was not complete in time.
    Timeout,
    /// The connection failed: refused, reset, a name that does not resolve.
    Connection(String),
    /// The answer is larger than allowed.
    TooLarge,
    /// Anything else, in the host's words.
    Other(String),
    /// A status of 400 or more, from [`Response::error_for_status`] only.
    Status(u16),
    /// A body that could not be written or read as JSON.
    Json(String),
    /// Not inside a podhook sandbox.
    Unavailable,
}

impl Error {
    /// Whether the same request might be answered later: after a timeout, a connection that
    /// failed, or a status of 408, 425, 429, 500, 502, 503 or 504. Such an error makes a
    /// hook's error [`Retryable`](crate::ErrorKind::Retryable).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout | Self::Connection(_) => true,
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502..=504),
            Self::InvalidUrl(_)
            | Self::Denied(_)
            | Self::TooLarge
            | Self::Other(_)
            | Self::Json(_)
            | Self::Unavailable => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl(text) => write!(f, "http: invalid url: {text}"),
            Self::Denied(text) => write!(f, "http: denied: {text}"),
            Self::Timeout => f.write_str("http: timed out"),
            Self::Connection(text) => write!(f, "http: connection: {text}"),
            Self::TooLarge => f.write_str("http: answer too large"),
            Self::Other(text) => write!(f, "http: {text}"),
            Self::Status(status) => write!(f, "http: status {status}"),
            Self::Json(text) => write!(f, "http: json: {text}"),
            Self::Unavailable => f.write_str("http: not inside a podhook sandbox"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16) -> Response {
        let headers = vec![("Content-Type".into(), "text/plain".into())];
        Response {
            status,
            headers,
            body: b"ok".to_vec(),
        }
    }

    #[test]
    fn any_status_is_an_answer_until_asked() {
        assert!(response(204).is_success() && !response(302).is_success());
        assert_eq!(response(302).error_for_status(), Ok(response(302)));
        assert_eq!(response(404).error_for_status(), Err(Error::Status(404)));
    }

    #[test]
    fn headers_are_found_in_any_case() {
        assert_eq!(response(200).header("content-type"), Some("text/plain"));
        assert_eq!(response(200).header("etag"), None);
        assert_eq!(response(200).text(), "ok");
    }

    #[test]
    fn there_is_no_network_outside_of_a_sandbox() {
        assert_eq!(get("http://127.0.0.1/"), Err(Error::Unavailable));
    }
}
