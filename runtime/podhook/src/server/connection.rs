//! One connection: requests in, answers out, and what a failure looks like.
//!
//! The kubelet takes any answer of an `httpGet` handler for success, whatever its status;
//! only a connection that fails is a failure to it. A connection that is closed without a
//! word is not enough: on one that was used before, Go's client would send the GET again.
//! So a failure is the beginning of a status line, and then the end.

use super::call::{Asked, Whom, Worker};
use super::hooks::HookFile;
use super::metrics::TurnedAway;
use super::route::Route;
use super::settings::FailAs;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use podhook_lifecycle::{HttpRequest, Outcome, Report};
use podhook_runner::report_line;
use podhook_runner::wire::HookReport;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What a status line begins with.
const INCOMPLETE: &[u8] = b"HTTP/1.1 ";

/// Bytes of a request's head; the kubelet's has some hundred.
const MAX_HEAD: usize = 16 << 10;

/// Fields of it.
const MAX_FIELDS: usize = 64;

/// The connection is to break off.
#[derive(Debug, thiserror::Error)]
#[error("the hook failed")]
struct BreakOff;

type Answer = Result<Response<Full<Bytes>>, BreakOff>;

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, worker: Arc<Worker>) {
    let mut stopping = worker.shared.stopping.subscribe();
    let timeout = worker.shared.settings.header_timeout;
    let serving = worker.clone();
    let service = service_fn(move |request| {
        let worker = serving.clone();
        // In a box, so that the connection can be taken apart.
        let answer: Pin<Box<dyn Future<Output = Answer> + Send>> =
            Box::pin(async move { worker.answer(request).await });
        answer
    });
    let _ = stream.set_nodelay(true);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let stops = async {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let served = tokio::select! {
        served = &mut connection => served,
        () = stops => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if served.is_err_and(|error| error.is_user()) {
        let mut stream = connection.into_parts().io.into_inner();
        let _ = stream.write_all(INCOMPLETE).await;
        let _ = stream.shutdown().await;
    }
}

impl Worker {
    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Answer {
        let path = request.uri().path();
        match Route::of(path) {
            Route::Health => Ok(text(StatusCode::OK, "ok\n")),
            Route::Ready => Ok(self.readiness()),
            Route::Metrics => Ok(self.metrics()),
            Route::Unknown => self.turned_away(TurnedAway::Unknown, path),
            Route::Hook { name, phase } => {
                let hook = match self.admitted(&request, name).await {
                    Ok(hook) => hook,
                    Err(why) => return self.turned_away(why, path),
                };
                let whom = Whom::of_query(request.uri().query().unwrap_or_default());
                match self.call(hook, Asked::Hook(phase, whom)).await {
                    Ok(report) => self.reported(&report),
                    Err(why) => self.turned_away(why, path),
                }
            }
            Route::Http { name, path: below } => {
                let hook = match self.admitted(&request, name).await {
                    Ok(hook) => hook,
                    Err(why) => return self.turned_away(why, path),
                };
                match self
                    .call(hook, Asked::Http(forwarded(below, &request)))
                    .await
                {
                    Ok(report) => Ok(answered(report)),
                    Err(why) => self.turned_away(why, path),
                }
            }
        }
    }

    /// The hook, for who may call it.
    async fn admitted(
        self: &Arc<Self>,
        request: &Request<Incoming>,
        name: &str,
    ) -> Result<Arc<HookFile>, TurnedAway> {
        let configured = self.shared.configured();
        if let Some(token) = &configured.token {
            let brought = request.headers().get(&token.header);
            let brought = brought.map_or(&b""[..], HeaderValue::as_bytes);
            if !is_same(brought, token.value.as_bytes()) {
                return Err(TurnedAway::Unauthorized);
            }
        }
        if request.method() != Method::GET {
            return Err(TurnedAway::Unknown);
        }
        if let Some(hook) = self.shared.hooks.get(name) {
            return Ok(hook);
        }
        // It may have come since the folder was read.
        let (shared, name) = (self.shared.clone(), name.to_owned());
        let read = move || shared.hooks.read(&name, &configured, &shared);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(hook)) => Ok(hook),
            Ok(Err(_)) | Err(_) => Err(TurnedAway::Unknown),
        }
    }

    fn reported(&self, report: &Report) -> Answer {
        if report.outcome == Outcome::Succeeded {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
                .headers_mut()
                .insert("podhook-invocation", invocation(report));
            return Ok(response);
        }
        match self.shared.settings.fail {
            FailAs::Transport => Err(BreakOff),
            FailAs::Status => Ok(failed(report)),
        }
    }

    /// Also that is a failure to the kubelet: a hook that was to run has not.
    fn turned_away(&self, why: TurnedAway, path: &str) -> Answer {
        self.shared.metrics.turned_away(why);
        self.shared
            .log
            .warn("turned away", &[("why", &why.as_str()), ("path", &path)]);
        match self.shared.settings.fail {
            FailAs::Transport => Err(BreakOff),
            FailAs::Status => Ok(text(why.status(), &format!("{}\n", why.as_str()))),
        }
    }

    fn readiness(&self) -> Response<Full<Bytes>> {
        if *self.shared.stopping.borrow() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
        }
        match self.shared.hooks.are_ready() {
            true => text(StatusCode::OK, "ok\n"),
            false => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "hooks are being compiled\n",
            ),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        match self.shared.metrics.text(&self.shared.codes) {
            Ok(metrics) => {
                let mut response = text(StatusCode::OK, &metrics);
                let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                let kind = HeaderValue::from_static(kind);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(why) => text(StatusCode::INTERNAL_SERVER_ERROR, &why.to_string()),
        }
    }
}

/// In a time that does not tell how much is right.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one
        .iter()
        .zip(other)
        .fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && differs == 0
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn failed(report: &Report) -> Response<Full<Bytes>> {
    let json = serde_json::to_string_pretty(&HookReport::from(report)).unwrap_or_default();
    let mut response = text(StatusCode::INTERNAL_SERVER_ERROR, &(json + "\n"));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn invocation(report: &Report) -> HeaderValue {
    HeaderValue::from_str(&report.id.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// The request as the module is given it.
fn forwarded(path: &str, request: &Request<Incoming>) -> HttpRequest {
    let query = request.uri().query();
    let path = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let fields = request.headers().iter().filter_map(|(name, value)| {
        let hop = [
            "connection",
            "keep-alive",
            "transfer-encoding",
            "content-length",
            "upgrade",
        ];
        let text = value.to_str().ok()?;
        (!hop.contains(&name.as_str())).then(|| (name.to_string(), text.to_owned()))
    });
    HttpRequest {
        path,
        headers: fields.collect(),
    }
}

/// The module's own answer, or why there is none.
fn answered(report: Report) -> Response<Full<Bytes>> {
    let line = report_line::failure(&report);
    let Some(answer) = report.response else {
        let line = line.unwrap_or_default() + "\n";
        return text(StatusCode::BAD_GATEWAY, &line);
    };
    let mut response = Response::new(Full::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let is_framing = |name: &http::HeaderName| {
            [
                http::header::CONTENT_LENGTH,
                http::header::TRANSFER_ENCODING,
                http::header::CONNECTION,
            ]
            .contains(name)
        };
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value))
            && !is_framing(&name)
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}
