//! Calls a module of kind `http`: the request is handed over in process.

use crate::guest::Guest;
use crate::host::http::collect;
use crate::record::Record;
use crate::verdict::{Answer, Fault};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty, Limited};
use podhook_lifecycle::{HttpRequest, HttpResponse, Resource};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::oneshot;
use wasmtime::{Error, Store};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

type Head = Result<Response<HyperOutgoingBody>, ErrorCode>;

/// Instantiates, hands over the request of the invocation, and collects the answer
/// while the guest writes it.
pub(crate) async fn call(pre: &ProxyPre<Guest>, store: &mut Store<Guest>) -> Result<Answer, Fault> {
    let record = store.data().record.clone();
    let proxy = pre
        .instantiate_async(&mut *store)
        .await
        .map_err(Fault::Instantiate)?;
    let request = request(&store.data().call.request).map_err(Fault::Host)?;
    let (sender, receiver) = oneshot::channel();
    let mut http = store.data_mut().http();
    let request = http
        .new_incoming_request(Scheme::Http, request)
        .map_err(Fault::Instantiate)?;
    let outparam = http
        .new_response_outparam(sender)
        .map_err(Fault::Instantiate)?;
    let handler = proxy.wasi_http_incoming_handler();
    let handling = handler.call_handle(store, request, outparam);
    both(handling, answer(receiver, record))
        .await
        .map_err(Fault::Call)
}

fn request(request: &HttpRequest) -> wasmtime::Result<Request<Empty<Bytes>>> {
    let mut builder = Request::get(request.path.as_str());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let has_host = builder
        .headers_ref()
        .is_some_and(|headers| headers.contains_key(header::HOST));
    if !has_host {
        builder = builder.header(header::HOST, "localhost");
    }
    builder
        .body(Empty::new())
        .map_err(|error| Error::msg(error.to_string()))
}

/// Runs the guest and the collecting of its answer side by side. Once the guest has
/// returned, all it will ever write is written: what is then not complete never
/// will be.
async fn both(
    handling: impl Future<Output = wasmtime::Result<()>>,
    answer: impl Future<Output = wasmtime::Result<Answer>>,
) -> wasmtime::Result<Answer> {
    let mut handling = pin!(handling);
    // Not counted against the scheduler's allowance: a pause would look like the end.
    let mut answer = pin!(tokio::task::unconstrained(answer));
    let mut answered = None;
    poll_fn(|cx| {
        let handled = handling.as_mut().poll(cx);
        if answered.is_none()
            && let Poll::Ready(answer) = answer.as_mut().poll(cx)
        {
            if answer.is_err() {
                return Poll::Ready(answer);
            }
            answered = Some(answer);
        }
        match handled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                Poll::Ready(answered.take().unwrap_or_else(|| {
                    Ok(Answer::NoHttp("the answer was never finished".to_owned()))
                }))
            }
        }
    })
    .await
}

async fn answer(
    receiver: oneshot::Receiver<Head>,
    record: Arc<Record>,
) -> wasmtime::Result<Answer> {
    let response = match receiver.await {
        Ok(Ok(response)) => response,
        Ok(Err(code)) => return Ok(Answer::NoHttp(format!("answered with the error {code:?}"))),
        Err(_) => return Ok(Answer::NoHttp("gave no answer".to_owned())),
    };
    let (head, body) = response.into_parts();
    let cap = usize::try_from(record.caps().response).unwrap_or(usize::MAX);
    let limited = Limited::new(body, cap).map_err(|error| {
        match error.downcast::<wasmtime_wasi_http::Error>() {
            Ok(error) => *error,
            Err(_) => wasmtime_wasi_http::Error::HttpResponseBodySize(None),
        }
    });
    let body = match collect(limited.boxed_unsync(), &record).await? {
        Ok(body) => body,
        Err(wasmtime_wasi_http::Error::HttpResponseBodySize(None)) => {
            record.met(Resource::Network);
            return Ok(Answer::NoHttp(format!(
                "the answer has over {cap} bytes (--max-response SIZE)"
            )));
        }
        Err(error) => return Ok(Answer::NoHttp(format!("the answer broke off: {error}"))),
    };
    Ok(Answer::Http(HttpResponse {
        status: head.status.as_u16(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body,
    }))
}
