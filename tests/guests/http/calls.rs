//! Sends a GET through wasi:http to the host and path of its arguments, and prints
//! what came of it.

use podhook::Context;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingBody, OutgoingRequest, Scheme};

#[podhook::pre_stop]
fn call(ctx: Context) -> podhook::Result {
    let [authority, path] = ctx.args.as_slice() else {
        return Err(podhook::Error::invalid_input("AUTHORITY PATH"));
    };
    let headers = Fields::from_list(&[("x-hook".to_owned(), b"calls".to_vec())]).expect("fields");
    let forbidden = headers.append("host", b"elsewhere");
    println!(
        "host header: {}",
        if forbidden.is_err() {
            "refused"
        } else {
            "taken"
        }
    );
    let request = OutgoingRequest::new(headers);
    let _ = request.set_scheme(Some(&Scheme::Http));
    let _ = request.set_authority(Some(authority));
    let _ = request.set_path_with_query(Some(path));
    match handle(request, None) {
        Err(code) => println!("refused: {code:?}"),
        Ok(answer) => {
            answer.subscribe().block();
            match answer.get().expect("ready").expect("first time") {
                Err(code) => println!("failed: {code:?}"),
                Ok(response) => {
                    let body = response.consume().expect("a body");
                    println!("status {} {}", response.status(), read(&body));
                }
            }
        }
    }
    Ok(())
}

fn read(body: &IncomingBody) -> String {
    let stream = body.stream().expect("a stream");
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(65536) {
            Ok(chunk) => bytes.extend(chunk),
            Err(wasip2::io::streams::StreamError::Closed) => break,
            Err(error) => return format!("broke off after {} bytes: {error:?}", bytes.len()),
        }
    }
    match bytes.len() {
        0..100 => String::from_utf8_lossy(&bytes).into_owned(),
        long => format!("{long} bytes"),
    }
}
