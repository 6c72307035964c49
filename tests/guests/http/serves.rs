//! Answers a request as its path says.

use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Server;

wasip2::http::proxy::export!(Server);

impl wasip2::exports::http::incoming_handler::Guest for Server {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        match path.strip_prefix('/').unwrap_or(&path) {
            "silent" => std::mem::forget(out),
            "dropped" => drop(out),
            "trap" => panic!("as asked"),
            "error" => ResponseOutparam::set(
                out,
                Err(wasip2::http::types::ErrorCode::InternalError(None)),
            ),
            "unfinished" => {
                let (response, body) = response(200);
                ResponseOutparam::set(out, Ok(response));
                std::mem::forget(body);
            }
            "headers" => {
                let seen = request.headers().entries();
                let fields = seen
                    .iter()
                    .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
                let authority = request.authority().unwrap_or_default();
                let text: Vec<String> = std::iter::once(authority).chain(fields).collect();
                answer(out, 200, text.join(" ").as_bytes());
            }
            "large" => answer(out, 200, &vec![b'x'; 9 << 20]),
            status => answer(out, status.parse().unwrap_or(200), path.as_bytes()),
        }
    }
}

fn response(status: u16) -> (OutgoingResponse, OutgoingBody) {
    let fields = Fields::from_list(&[("x-guest".to_owned(), b"serves".to_vec())]).expect("fields");
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("a body");
    (response, body)
}

fn answer(out: ResponseOutparam, status: u16, text: &[u8]) {
    let (response, body) = response(status);
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("a stream");
    for chunk in text.chunks(4096) {
        stream.blocking_write_and_flush(chunk).expect("written");
    }
    drop(stream);
    OutgoingBody::finish(body, None).expect("finished");
}
