//! Modules of kind `http`, and modules that call out through wasi:http.

use crate::podhook::{ends, exhausts, podhook, said, succeeds};
use crate::server::Server;
use podhook_test_guests::http;

#[test]
pub(crate) fn serves() {
    let report = succeeds(&["--http-get", "/204", http::SERVES]);
    assert_eq!(report["module"]["kind"], "http");
    assert_eq!(report["response"]["status"], 204);
    let report = succeeds(&["--http-get", "/x?y=z", http::SERVES]);
    assert_eq!(report["response"]["body"], "/x?y=z");
    assert_eq!(report["response"]["headers"]["x-guest"], "serves");
    let text = podhook(["run", "--http-get", "/x", http::SERVES]);
    assert_eq!((text.status, text.stdout.as_str()), (0, "/x"));
    succeeds(&["--http-get", "/399", http::SERVES]);
    let report = ends(
        "Failed",
        1,
        "status 400",
        &["--http-get", "/400", http::SERVES],
    );
    assert_eq!(report["response"]["status"], 400);
    ends(
        "Failed",
        1,
        "status 503",
        &["--http-get", "/503", http::SERVES],
    );
}

#[test]
fn an_answer_that_never_comes_is_a_failure() {
    let get = |path: &'static str| ["--http-get", path, http::SERVES];
    ends("Failed", 1, "never finished", &get("/silent"));
    ends("Failed", 1, "no answer", &get("/dropped"));
    ends("Failed", 1, "never finished", &get("/unfinished"));
    ends("Failed", 1, "InternalError", &get("/error"));
    ends("Trapped", 134, "unreachable", &get("/trap"));
    exhausts("network", 153, &get("/large"));
    succeeds(&[
        "--max-response",
        "10Mi",
        "--http-get",
        "/large",
        http::SERVES,
    ]);
}

#[test]
fn the_request_is_what_was_asked_for() {
    let report = succeeds(&["--http-get", "/headers", http::SERVES]);
    assert_eq!(report["response"]["body"], "localhost");
    let arguments = [
        "--header",
        "Host: a.example",
        "--header",
        "X-A: b",
        "--http-get",
        "/headers",
        http::SERVES,
    ];
    let report = succeeds(&arguments);
    let body = report["response"]["body"].as_str().unwrap();
    assert_eq!(body, "a.example x-a=b");
}

#[test]
pub(crate) fn calls() {
    let server =
        Server::start(|_| Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec()));
    let host = server.address().to_string();
    let report = succeeds(&["--allow-host", &host, http::CALLS, "--", &host, "/x"]);
    assert_eq!(said(&report), "host header: refused\nstatus 200 hi");
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-hook: calls\r\n"), "{request}");
    assert_eq!(request.matches("host: ").count(), 1, "{request}");
    let report = succeeds(&[http::CALLS, "--", &host, "/x"]);
    assert!(said(&report).contains("HttpRequestDenied"), "{report:#}");
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--allow-host"), "{note}");
}

#[test]
fn an_endless_answer_ends_at_the_cap() {
    let endless = |_: &str| {
        let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        Some([head, vec![b'x'; 1 << 20]].concat())
    };
    let server = Server::start(endless);
    let host = server.address().to_string();
    let arguments = [
        "--max-response",
        "64Ki",
        "--allow-host",
        &host,
        http::CALLS,
        "--",
        &host,
        "/",
    ];
    let report = succeeds(&arguments);
    assert!(said(&report).contains("broke off after"), "{report:#}");
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--max-response"), "{note}");
}

#[test]
fn an_endless_head_is_no_answer() {
    let server = Server::start(|_| {
        let fields = "X-Field: a value that says nothing at all\r\n".repeat(10_000);
        Some(format!("HTTP/1.1 200 OK\r\n{fields}").into_bytes())
    });
    let host = server.address().to_string();
    let report = succeeds(&["--allow-host", &host, http::CALLS, "--", &host, "/"]);
    assert!(said(&report).contains("failed: "), "{report:#}");
}
