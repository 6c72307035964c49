//! `podhook:lifecycle/http`: one request, one answer, whole bodies.

use crate::bindings::podhook::lifecycle::http::{self as wit, HttpError};
use crate::event_loop;
use crate::guest::Guest;
use crate::host::outbound::{MAX_FIELDS, Outbound};
use crate::record::Record;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use std::time::Duration;
use wasmtime::Result;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

impl wit::Host for Guest {
    async fn send(
        &mut self,
        request: wit::Request,
    ) -> Result<std::result::Result<wit::Response, HttpError>> {
        event_loop::need()?;
        let outbound = self.outbound();
        send(outbound, &self.record, request).await
    }

    async fn send_all(
        &mut self,
        requests: Vec<wit::Request>,
    ) -> Result<Vec<std::result::Result<wit::Response, HttpError>>> {
        event_loop::need()?;
        let outbound = self.outbound();
        let record = &self.record;
        let sent = requests
            .into_iter()
            .map(|request| send(outbound.clone(), record, request));
        stream::iter(sent).buffered(AT_ONCE).try_collect().await
    }
}

/// Requests of one call of `send-all` that are on their way at the same time: so many
/// connections a browser opens to six hosts.
const AT_ONCE: usize = 36;

async fn send(outbound: Outbound, record: &Record, request: wit::Request) -> Answered {
    let timeout = request.timeout_ms.map(u64::from).map(Duration::from_millis);
    let request = match outgoing(request) {
        Ok(request) => request,
        Err(error) => return Ok(Err(error)),
    };
    let exchange = exchange(outbound, record, request);
    match timeout {
        None => exchange.await,
        Some(timeout) => match tokio::time::timeout(timeout, exchange).await {
            Ok(answer) => answer,
            Err(_) => Ok(Err(HttpError::Timeout)),
        },
    }
}

/// What became of a request; outside of it, what ends the guest.
type Answered = Result<std::result::Result<wit::Response, HttpError>>;

/// The guest's request, checked; its body has its length written in front.
fn outgoing(request: wit::Request) -> std::result::Result<Request<WasiBody>, HttpError> {
    let invalid = |what: &str| HttpError::InvalidUrl(what.to_owned());
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| HttpError::Other(format!("{:?} is no method", request.method)))?;
    if request.headers.len() > MAX_FIELDS {
        return Err(HttpError::Other(format!("over {MAX_FIELDS} header fields")));
    }
    let mut builder = Request::builder().method(method).uri(request.url.as_str());
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HttpError::Other(format!("{name:?} is no header name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| HttpError::Other(format!("the value of {name} is not allowed")))?;
        if name != http::header::CONTENT_LENGTH {
            builder = builder.header(name, value);
        }
    }
    let body = Full::new(Bytes::from(request.body));
    builder
        .body(body.map_err(Into::into).boxed_unsync())
        .map_err(|_| invalid(&request.url))
}

async fn exchange(outbound: Outbound, record: &Record, request: Request<WasiBody>) -> Answered {
    let response = match outbound.send(request, RequestOptions::default()).await {
        Ok(response) => response,
        Err(error) => return Ok(Err(http_error(&error))),
    };
    let (head, body) = response.into_parts();
    Ok(match collect(body, record).await? {
        Ok(body) => Ok(answer(&Response::from_parts(head, ()), body)),
        Err(error) => Err(http_error(&error)),
    })
}

/// Reads a body whole, charged while it is held.
pub(crate) async fn collect(
    mut body: WasiBody,
    record: &Record,
) -> Result<std::result::Result<Vec<u8>, Error>> {
    let mut held = Held { record, bytes: 0 };
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                if let Some(data) = frame.data_ref() {
                    held.more(data.len())?;
                    collected.extend_from_slice(data);
                }
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(collected))
}

/// Memory of a buffer that is released with it.
struct Held<'r> {
    record: &'r Record,
    bytes: u64,
}

impl Held<'_> {
    fn more(&mut self, bytes: usize) -> Result<()> {
        let bytes = u64::try_from(bytes)?;
        self.record.charge(bytes)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.record.release(self.bytes);
    }
}

fn answer(head: &Response<()>, body: Vec<u8>) -> wit::Response {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    wit::Response {
        status: head.status().as_u16(),
        headers: head
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "upstream's list is open, and all that is left is said in words"
)]
fn http_error(error: &Error) -> HttpError {
    match error {
        Error::HttpRequestUriInvalid => {
            HttpError::InvalidUrl("not a URL a hook can call".to_owned())
        }
        Error::HttpRequestDenied => HttpError::Denied("the host is not granted".to_owned()),
        Error::DestinationIpProhibited => {
            HttpError::Denied("the name leads to an address that is not public".to_owned())
        }
        Error::HttpResponseBodySize(_) => HttpError::TooLarge,
        Error::ConnectionTimeout | Error::ConnectionReadTimeout => HttpError::Timeout,
        Error::Connect(_)
        | Error::Tls(_)
        | Error::Hyper(_)
        | Error::DnsError { .. }
        | Error::DestinationNotFound => HttpError::Connection(error.to_string()),
        other => HttpError::Other(other.to_string()),
    }
}
