//! What comes back: what counts as an answer, how much of it is read, what is said when
//! there is none.

use super::*;
use crate::handlers::http_get::wire::{Ends, Wire};
use crate::handlers::http_get::{answer, body};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use tokio::io::AsyncWriteExt;

const BROKEN: &str = "net/http: HTTP/1.x transport connection broken: ";

#[test]
fn http_28_to_30_any_status_is_a_success() {
    for status in [200, 204, 301, 304, 400, 404, 500, 503, 999] {
        assert_eq!(after(format!("HTTP/1.1 {status} X\r\n\r\n")), Ok(status));
    }
}

#[test]
fn a_probe_minds_the_status() {
    for (status, expected) in [
        (200, Ok(200)),
        (399, Ok(399)),
        (
            400,
            Err("HTTP probe failed with statuscode: 400".to_owned()),
        ),
        (199, Err("EOF".to_owned())),
    ] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        let server = Server::new(vec![answer_and_close(answer)]);
        let got = run_probe(&action(server.port, "/"));
        let is_as_expected = match (&got, &expected) {
            (Err(got), Err(expected)) => got.contains(expected.as_str()),
            _ => got == expected,
        };
        assert!(is_as_expected, "{got:?}");
    }
}

#[test]
fn http_31_connection_refused() {
    let text = run(&action(1, "//u:p@h/x")).unwrap_err();
    let at = "127.0.0.1:1";
    let why = format!("dial tcp {at}: connect: connection refused");
    assert_eq!(text, format!("Get \"http://u:***@{at}/x\": {why}"));
}

#[test]
fn a_name_that_is_none() {
    for host in ["nope.invalid", "127.1", "a,b", "nope-.invalid"] {
        let mut action = action(8080, "/x");
        action.host = Some(host.to_owned());
        let text = run(&action).unwrap_err();
        let expected = format!("Get \"http://{host}:8080/x\": dial tcp: lookup {host}: ");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn an_address_of_version_4_within_version_6() {
    let mut action = action(1, "/");
    action.host = Some("::ffff:127.0.0.1".to_owned());
    let why = "dial tcp 127.0.0.1:1: connect: connection refused";
    let expected = format!("Get \"http://[::ffff:127.0.0.1]:1/\": {why}");
    assert_eq!(run(&action), Err(expected));
}

/// Go asks for what a resolver would be asked for.
#[test]
fn a_name_that_is_not_ascii() {
    let mut action = action(8080, "/x");
    action.host = Some("Ü.invalid".to_owned());
    let text = run(&action).unwrap_err();
    let expected = "Get \"http://%C3%9C.invalid:8080/x\": dial tcp: lookup xn--tda.invalid: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn informational_answers_are_passed_over() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n";
    assert_eq!(after(format!("{early}HTTP/1.1 204 No\r\n\r\n")), Ok(204));
    assert_eq!(after("HTTP/1.1 101 Switching\r\n\r\n"), Ok(101));
    assert_eq!(after(early), Err(format!("{BROKEN}unexpected EOF")));
}

#[test]
fn what_is_no_answer() {
    for (bytes, expected) in [
        (&b""[..], "EOF".to_owned()),
        (
            b"SSH-2.0-OpenSSH\r\n",
            format!("{BROKEN}malformed HTTP response \"SSH-2.0-OpenSSH\""),
        ),
        (
            b"\x00\xff",
            format!("{BROKEN}malformed HTTP response \"\\x00\\xff\""),
        ),
        (
            b"HTTP/1.1 200 OK\r\nA: b\r\n",
            format!("{BROKEN}unexpected EOF"),
        ),
        (
            b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
            format!("{BROKEN}malformed MIME header initial line: \" a: b\""),
        ),
        (
            b"HTTP/1.1 200 OK\r\nnone\r\n\r\n",
            format!("{BROKEN}malformed MIME header: missing colon: \"none\""),
        ),
        (
            b"HTTP/1.1 200 OK\r\na: \x01\r\n\r\n",
            format!("{BROKEN}malformed MIME header line: \"A: \\x01\""),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            format!(
                "{BROKEN}http: message cannot contain multiple Content-Length headers; \
                 got [\"1\" \"2\"]"
            ),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            format!("{BROKEN}bad Content-Length \"-1\""),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            format!("{BROKEN}unsupported transfer encoding: \"gzip\""),
        ),
    ] {
        assert_eq!(after(bytes), Err(expected));
    }
}

#[test]
fn a_reset_is_said_with_both_ends() {
    let server = Server::new(vec![reset()]);
    let text = run(&action(server.port, "/")).unwrap_err();
    let remote = format!("->127.0.0.1:{}", server.port);
    let (before, why) = text.split_once(&remote).unwrap();
    assert_eq!(why, ": read: connection reset by peer");
    assert!(before.contains("/\": read tcp 127.0.0.1:"), "{text}");
}

/// Sends `piece` after `start` until the client has had enough.
fn endless(start: &'static [u8], piece: &'static [u8]) -> Step {
    Box::new(move |mut stream, _| {
        let head = read_head(&mut stream);
        let many = piece.repeat(1000);
        let mut going = stream.write_all(start);
        while going.is_ok() {
            going = stream.write_all(&many);
        }
        head
    })
}

#[test]
fn an_endless_head_is_given_up() {
    for (start, piece) in [
        (
            &b"HTTP/1.1 200 OK\r\n"[..],
            &b"X-A: yyyyyyyyyyyyyyyy\r\n"[..],
        ),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"yyyyyyyyyyyyyyyyyyyyyy"),
        (b"", b"yyyyyyyyyyyyyyyyyyyyyyyy"),
        (b"", b"HTTP/1.1 103 Early\r\n\r\n"),
    ] {
        let server = Server::new(vec![endless(start, piece)]);
        let text = run(&action(server.port, "/")).unwrap_err();
        let why = "net/http: server response headers exceeded 10485760 bytes; aborted";
        assert!(text.ends_with(&format!("{BROKEN}{why}")), "{text}");
    }
}

/// The servers of these never close, so a client that waited for more would wait for
/// ever.
#[test]
fn http_44_no_more_of_a_body_is_read_than_the_kubelet_reads() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let much = "x".repeat(10240);
    let bytes = "1;e\r\nx\r\n".repeat(10240);
    for answer_of in [
        format!("{ok}Content-Length: 10241\r\n\r\n"),
        format!("{ok}Content-Length: 10240\r\n\r\n{much}"),
        format!("{ok}\r\n{much}"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n2800\r\n{much}"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n{bytes}"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n".to_owned(),
    ] {
        let server = Server::new(vec![answer(&answer_of)]);
        assert!(run(&action(server.port, "/")).is_ok(), "{answer_of}");
        server.requests();
    }
}

#[test]
fn an_endless_body_is_left() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let server = Server::new(vec![endless(chunked, b"5\r\nhello\r\n")]);
    assert!(run(&action(server.port, "/")).is_ok());
}

/// Whether reading stops after `head`, and goes on to the end with `rest`.
async fn waits_for(head: &str, rest: &[u8]) -> bool {
    let (mut server, client) = tokio::io::duplex(64 << 10);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let ends = Ends {
        local: nowhere,
        remote: nowhere,
    };
    let mut reader = Wire::new(Box::new(client), ends).reader;
    let mut reading = pin!(async {
        let framing = answer::read(&mut reader).await?.framing;
        body::discard(&mut reader, framing, 10240).await
    });
    server.write_all(head.as_bytes()).await.unwrap();
    let stopped = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx).is_pending())).await;
    server.write_all(rest).await.unwrap();
    drop(server);
    stopped && reading.await.is_ok()
}

#[test]
fn a_short_body_is_waited_for() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for (head, rest) in [
        ("Content-Length: 4\r\n\r\nlas", &b"t"[..]),
        ("Content-Length: 10240\r\n\r\n", &[b'x'; 10240]),
        (
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"0\r\n\r\n",
        ),
        ("Transfer-Encoding: chunked\r\n\r\n0\r\n", b"\r\n"),
        ("\r\nabc", b"d"),
        ("Content-Encoding: gzip\r\n", b"\r\n"),
    ] {
        assert!(block_on(waits_for(&format!("{ok}{head}"), rest)), "{head}");
    }
}

#[test]
fn a_body_cut_short_matters_to_a_probe_alone() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx";
    assert_eq!(after(short), Ok(200));
    let server = Server::new(vec![answer_and_close(short)]);
    let got = run_probe(&action(server.port, "/"));
    assert_eq!(got, Err("unexpected EOF".to_owned()));
}

#[test]
fn a_probe_minds_what_follows_the_chunks() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
    for (trailer, expected) in [
        ("A: b\r\n\r\n", Ok(200)),
        (
            "bad\r\n\r\n",
            Err("malformed MIME header: missing colon: \"bad\""),
        ),
        (
            " A: b\r\n\r\n",
            Err("malformed MIME header initial line: \" A: b\""),
        ),
        (
            "A: b\r\n",
            Err("http: suspiciously long trailer after chunked body"),
        ),
    ] {
        let answer = format!("{chunked}{trailer}");
        assert_eq!(after(&answer), Ok(200));
        let server = Server::new(vec![answer_and_close(&answer)]);
        let got = run_probe(&action(server.port, "/"));
        assert_eq!(got, expected.map_err(str::to_owned), "{trailer}");
    }
}

#[test]
fn an_answer_may_come_before_the_request_was_read() {
    let step: Step = Box::new(|mut stream, _| {
        stream
            .write_all(b"HTTP/1.1 431 X\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        wait_for_close(&mut stream);
        Vec::new()
    });
    let server = Server::new(vec![step]);
    let big = "y".repeat(8 << 20);
    let answer = run(&with_headers(server.port, "/", &[("X-Big", &big)])).unwrap();
    assert_eq!(answer.status, 431);
}
