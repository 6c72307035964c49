//! Between wasi:http and [`Answer`]: reads the whole request, writes the whole answer.

use std::io::{self, Read, Write};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use crate::answer::Answer;

wasip2::http::proxy::export!(Component);

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match answer(&request) {
            Ok(answer) => respond(&answer, out),
            Err(err) => ResponseOutparam::set(out, Err(internal(err))),
        }
    }
}

fn answer(request: &IncomingRequest) -> io::Result<Answer> {
    let target = request.path_with_query().unwrap_or_default();
    Ok(Answer::to(
        method(&request.method()),
        &target,
        body(request)?,
    ))
}

/// The two we answer to.
fn method(method: &Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        _ => "",
    }
}

fn body(request: &IncomingRequest) -> io::Result<Vec<u8>> {
    let taken = |()| io::Error::other("body already taken");
    let body = request.consume().map_err(taken)?;
    let mut bytes = Vec::new();
    body.stream().map_err(taken)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The head is sent first: from then on the host passes on what is written. A client
/// that goes away meanwhile is no failure of ours.
fn respond(answer: &Answer, out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let known = response.set_status_code(answer.status);
    let (Ok(()), Ok(body)) = (known, response.body()) else {
        return ResponseOutparam::set(out, Err(internal("no response")));
    };
    ResponseOutparam::set(out, Ok(response));
    if write(&body, &answer.body).is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}

fn write(body: &OutgoingBody, bytes: &[u8]) -> io::Result<()> {
    let mut stream = body
        .write()
        .map_err(|()| io::Error::other("body already taken"))?;
    stream.write_all(bytes)?;
    Write::flush(&mut stream)
}

fn internal(text: impl ToString) -> ErrorCode {
    ErrorCode::InternalError(Some(text.to_string()))
}
