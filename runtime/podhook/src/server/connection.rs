//! One connection: requests in, answers out, and what a failure looks like.
//!
//! The kubelet takes any answer of an `httpGet` handler for success, whatever its status;
//! only a connection that fails is a failure to it. A connection that is closed without a
//! word is not enough: on one that was used before, Go's client would send the GET again.
//! So a failure is the beginning of a status line, and then the end.

use super::call::{Asked, Whom, Worker};
use super::guarded::{Answers, Guarded};
use super::hooks::HookFile;
use super::metrics::TurnedAway;
use super::route::Route;
use super::settings::FailAs;
use bytes::Bytes;
use http::header::{self, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use podhook_lifecycle::{HttpRequest, Outcome, Report};
use podhook_runner::wire::HookReport;
use std::future::{poll_fn, ready};
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

/// Fields of one connection, or written by us.
const HOP_BY_HOP: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

type Answer = Result<Response<Full<Bytes>>, BreakOff>;

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, worker: Arc<Worker>) {
    let shared = worker.shared.clone();
    let mut stopping = shared.stopping.subscribe();
    let timeout = shared.settings.header_timeout;
    let answers = Answers::default();
    let (serving, told) = (worker.clone(), answers.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = serving.answer(request.into_parts().0);
        let told = told.clone();
        let answering: Answering = Box::pin(async move {
            let answer = answer.await;
            if answer.is_ok() {
                told.one();
            }
            answer
        });
        answering
    });
    let _ = stream.set_nodelay(true);
    let lets_all = shared.settings.fail == FailAs::Status;
    let guarded = Guarded::new(stream, answers.clone(), lets_all, timeout);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(guarded, service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    let failed = ended.is_err_and(|error| error.is_user());
    let mut stream = connection.into_parts().io.into_inner();
    if answers.were_swallowed() {
        shared.turned_away(TurnedAway::Malformed, "");
    }
    if failed || answers.were_swallowed() {
        let _ = tokio::time::timeout(timeout, stream.write_all(INCOMPLETE)).await;
    }
    let _ = stream.shutdown().await;
}

/// What becomes of a request.
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Worker {
    /// Begins at once, whether the answer is asked for or not.
    fn answer(self: &Arc<Self>, request: Parts) -> Answering {
        let path = request.uri.path();
        let (name, phase, below) = match Route::of(path) {
            Route::Health => return now(Ok(text(StatusCode::OK, "ok\n"))),
            Route::Ready => return now(Ok(self.readiness())),
            Route::Metrics => return now(Ok(self.metrics())),
            Route::Unknown => return now(self.turned_away(TurnedAway::Unknown, path)),
            Route::Hook { name, phase } => (name.to_owned(), Some(phase), String::new()),
            Route::Http { name, path } => (name.to_owned(), None, path.to_owned()),
        };
        let (worker, path) = (self.clone(), path.to_owned());
        let waiting = self.calls.begin(move |client| async move {
            let hook = worker.admitted(&request, &name).await?;
            let asked = match phase {
                Some(phase) => Asked::Hook(
                    phase,
                    Whom::of_query(request.uri.query().unwrap_or_default()),
                ),
                None if !hook.is_http() => return Err(TurnedAway::Unknown),
                None => Asked::Http(worker.forwarded(&below, &request)),
            };
            worker.call(&hook, asked, &client).await
        });
        let worker = self.clone();
        Box::pin(async move {
            match waiting.await {
                Some(Ok(report)) if phase.is_none() => worker.answered(report),
                Some(Ok(report)) => worker.reported(&report),
                Some(Err(why)) => worker.turned_away(why, &path),
                None => worker.turned_away(TurnedAway::Lost, &path),
            }
        })
    }

    /// The hook, for who may call it.
    async fn admitted(&self, request: &Parts, name: &str) -> Result<Arc<HookFile>, TurnedAway> {
        if let Some(token) = &self.shared.configured().token {
            let brought = request.headers.get(&token.header);
            let brought = brought.map_or(&b""[..], HeaderValue::as_bytes);
            if !is_same(brought, token.value.as_bytes()) {
                return Err(TurnedAway::Unauthorized);
            }
        }
        if request.method != Method::GET {
            return Err(TurnedAway::Unknown);
        }
        if let Some(hook) = self.shared.hooks.get(name) {
            return Ok(hook);
        }
        let (shared, name) = (self.shared.clone(), name.to_owned());
        let find = move || shared.hooks.find(&name, &shared);
        match tokio::task::spawn_blocking(find).await {
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
        self.shared.turned_away(why, path);
        match self.shared.settings.fail {
            FailAs::Transport => Err(BreakOff),
            FailAs::Status => Ok(text(why.status(), &format!("{}\n", why.as_str()))),
        }
    }

    /// The request as the module is given it: without the token, which is not for it.
    fn forwarded(&self, path: &str, request: &Parts) -> HttpRequest {
        let query = request.uri.query();
        let path = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let configured = self.shared.configured();
        let token = configured.token.as_ref().map(|token| &token.header);
        let fields = request.headers.iter().filter_map(|(name, value)| {
            let is_kept = !HOP_BY_HOP.contains(name) && Some(name) != token;
            let text = value.to_str().ok()?;
            is_kept.then(|| (name.to_string(), text.to_owned()))
        });
        HttpRequest {
            path,
            headers: fields.collect(),
        }
    }

    /// The module's own answer; a module without one has failed.
    fn answered(&self, report: Report) -> Answer {
        let Some(answer) = report.response else {
            return self.reported(&report);
        };
        let mut response = Response::new(Full::from(answer.body));
        *response.status_mut() =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
        for (name, value) in answer.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value))
                && !HOP_BY_HOP.contains(&name)
            {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
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

fn now(answer: Answer) -> Answering {
    Box::pin(ready(answer))
}
