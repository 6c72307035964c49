//! A server of the tests' own, which keeps what it was sent to the byte, and the cases.
//!
//! The server does what a step says and no more, so that what a client may not wait for
//! is never sent, and nothing depends on time. Which case expects what is in the files
//! below; names begin with the case's id where it has one.

mod answers;
mod redirects;
mod requests;
mod tls;

use super::{Answer, Target, get, probe};
use podhook_lifecycle::spec::{HttpGetAction, IntOrString};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// Serves one connection; gives back what was read of it.
type Step = Box<dyn FnOnce(TcpStream, u16) -> Vec<u8> + Send>;

/// As many connections as there are steps; afterwards nothing listens.
struct Server {
    port: u16,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    fn new(steps: Vec<Step>) -> Self {
        Self::at("127.0.0.1:0", steps)
    }

    fn at(address: &str, steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let serve = |step: Step| step(listener.accept().unwrap().0, port);
            let served = steps.into_iter().map(serve);
            served
                .map(|read| String::from_utf8(read).unwrap())
                .collect()
        });
        Self { port, thread }
    }

    /// The requests, in order.
    fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

/// Reads a request and answers it; stays until the client goes.
fn answer(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref().to_vec();
    Box::new(move |mut stream, port| {
        let read = read_head(&mut stream);
        let _ = stream.write_all(&at_port(&bytes, port));
        wait_for_close(&mut stream);
        read
    })
}

/// The same, but it is the server that closes.
fn answer_and_close(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref().to_vec();
    Box::new(move |mut stream, port| {
        let read = read_head(&mut stream);
        let _ = stream.write_all(&at_port(&bytes, port));
        let _ = stream.shutdown(std::net::Shutdown::Write);
        wait_for_close(&mut stream);
        read
    })
}

/// Closes while there is something to read, which the system makes a reset.
fn reset() -> Step {
    Box::new(|stream, _| {
        stream.peek(&mut [0]).unwrap();
        Vec::new()
    })
}

fn read_head(stream: &mut impl Read) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.extend(byte),
            _ => break,
        }
    }
    head
}

fn wait_for_close(stream: &mut impl Read) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// `PORT` stands for the server's own.
fn at_port(bytes: &[u8], port: u16) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("PORT", &port.to_string()).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn action(port: u16, path: &str) -> HttpGetAction {
    HttpGetAction {
        host: Some("127.0.0.1".to_owned()),
        port: IntOrString::Int(port.into()),
        path: Some(path.to_owned()),
        ..HttpGetAction::default()
    }
}

fn with_headers(port: u16, path: &str, headers: &[(&str, &str)]) -> HttpGetAction {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    HttpGetAction {
        headers: headers.iter().map(owned).collect(),
        ..action(port, path)
    }
}

fn target(action: &HttpGetAction) -> Target<'_> {
    Target {
        action,
        ports: &[],
        pod_ips: &[],
        user_agent: "kube-lifecycle/1.36",
    }
}

fn run(action: &HttpGetAction) -> Result<Answer, String> {
    block_on(get(&target(action)))
}

fn run_probe(action: &HttpGetAction) -> Result<u16, String> {
    block_on(probe(&target(action)))
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// What comes of one answer, and of its server's closing after it.
fn after(bytes: impl AsRef<[u8]>) -> Result<u16, String> {
    let server = Server::new(vec![answer_and_close(bytes)]);
    let got = run(&action(server.port, "/")).map(|answer| answer.status);
    let here = format!("Get \"http://127.0.0.1:{}/\": ", server.port);
    server.requests();
    got.map_err(|text| text.strip_prefix(&here).unwrap_or(&text).to_owned())
}

/// What an action puts on the wire, given [`OK`].
fn sent(make: impl FnOnce(u16) -> HttpGetAction) -> String {
    let server = Server::new(vec![answer(OK)]);
    let port = server.port;
    run(&make(port)).unwrap();
    let request = server.requests().remove(0);
    request.replace(&port.to_string(), "PORT")
}
