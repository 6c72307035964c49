//! R50, R51: TLS that trusts everyone, and servers that speak none.

use super::*;
use std::sync::{Arc, Mutex};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

/// A certificate of nobody's, for another name, and HTTP/2 on offer.
fn config() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// What a server learns from a hello: the name, and the protocol agreed on.
type Hello = Arc<Mutex<Vec<(Option<String>, Option<Vec<u8>>)>>>;

fn over_tls(bytes: &'static str, hellos: &Hello) -> Step {
    let hellos = hellos.clone();
    Box::new(move |mut stream, port| {
        let mut session = ServerConnection::new(config()).unwrap();
        let mut tls = Stream::new(&mut session, &mut stream);
        let read = read_head(&mut tls);
        tls.write_all(&at_port(bytes.as_bytes(), port)).unwrap();
        wait_for_close(&mut tls);
        let name = session.server_name().map(str::to_owned);
        let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
        hellos.lock().unwrap().push((name, protocol));
        read
    })
}

fn https(port: u16, host: &str, headers: &[(&str, &str)]) -> HttpGetAction {
    HttpGetAction {
        host: Some(host.to_owned()),
        scheme: Some("HTTPS".to_owned()),
        ..with_headers(port, "/x", headers)
    }
}

#[test]
fn http_38_http_49_any_certificate_and_no_http_2() {
    for (host, name) in [("127.0.0.1", None), ("localhost", Some("localhost"))] {
        let hellos = Hello::default();
        let server = Server::new(vec![over_tls(OK, &hellos)]);
        let port = server.port;
        let answer = run(&https(port, host, &[])).unwrap();
        assert_eq!((answer.status, answer.fallback), (200, false));
        let request = server.requests().remove(0);
        let expected = format!("GET /x HTTP/1.1\r\nHost: {host}:{port}\r\n");
        assert!(request.starts_with(&expected), "{request}");
        let hello = (name.map(str::to_owned), None);
        assert_eq!(*hellos.lock().unwrap(), [hello]);
    }
}

#[test]
fn a_redirect_from_tls_says_not_from_where() {
    let hellos = Hello::default();
    let plain = Server::new(vec![answer(OK)]);
    let location = format!("http://127.0.0.1:{}/n", plain.port);
    let head = format!("HTTP/1.1 302 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let server = Server::new(vec![over_tls(head.leak(), &hellos)]);
    run(&https(server.port, "127.0.0.1", &[])).unwrap();
    assert!(!plain.requests().remove(0).contains("Referer"));
}

/// A server without TLS, to which a hello is a bad request.
fn no_tls(bytes: &'static [u8]) -> Step {
    Box::new(move |mut stream, _| {
        let mut first = [0; 5];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(first.get(..2), Some(&[0x16, 3][..]));
        stream.write_all(bytes).unwrap();
        // Who has seen enough may be gone by now.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        wait_for_close(&mut stream);
        Vec::new()
    })
}

const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

#[test]
fn http_39_https_to_a_server_without_tls() {
    let server = Server::new(vec![no_tls(BAD_REQUEST), answer(OK)]);
    let port = server.port;
    let headers = [("Authorization", "secret"), ("X-A", "kept")];
    let got = run(&https(port, "127.0.0.1", &headers)).unwrap();
    let expected = Answer {
        status: 200,
        fallback: true,
        requests: 2,
    };
    assert_eq!(got, expected);
    assert_eq!(
        server.requests().remove(1),
        format!(
            "GET /x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: kube-lifecycle/1.36\r\n\
             Accept: */*\r\nX-A: kept\r\nAccept-Encoding: gzip\r\n\r\n"
        )
    );
}

#[test]
fn a_fallback_that_fails_is_not_mentioned() {
    let server = Server::new(vec![no_tls(BAD_REQUEST), answer_and_close("")]);
    let port = server.port;
    let text = run(&https(port, "127.0.0.1", &[])).unwrap_err();
    let why = "http: server gave HTTP response to HTTPS client";
    assert_eq!(text, format!("Get \"https://127.0.0.1:{port}/x\": {why}"));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_probe_does_not_fall_back() {
    let server = Server::new(vec![no_tls(BAD_REQUEST)]);
    let text = run_probe(&https(server.port, "127.0.0.1", &[])).unwrap_err();
    assert!(text.ends_with("HTTP response to HTTPS client"), "{text}");
}

#[test]
fn what_is_neither_tls_nor_http() {
    for (bytes, expected) in [
        (
            &b"SSH-2.0-OpenSSH\r\n"[..],
            "tls: first record does not look like a TLS handshake",
        ),
        (b"HTT", "unexpected EOF"),
        (b"", "EOF"),
        (
            b"\x15\x03\x01\x00\x02\x02\x28",
            "remote error: tls: handshake failure",
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x64",
            "remote error: tls: no renegotiation",
        ),
        (b"\x15\x03\x01\x00\x02\x02\x00", "EOF"),
        (b"\x15\x03\x01\x00\x02\x02", "unexpected EOF"),
        (b"\x16\x03\x03\x40\x00much less", "unexpected EOF"),
        (
            b"\x16\x03\x03\x48\x01",
            "tls: oversized record received with length 18433",
        ),
        (
            b"\x16\x03\x03\x00\x00",
            "local error: tls: unexpected message",
        ),
        (
            b"\x16\x03\x03\x00\x04\x02\x00\x00\x00",
            "local error: tls: error decoding message",
        ),
    ] {
        let server = Server::new(vec![no_tls(bytes)]);
        let port = server.port;
        let text = run(&https(port, "127.0.0.1", &[])).unwrap_err();
        assert_eq!(
            text,
            format!("Get \"https://127.0.0.1:{port}/x\": {expected}")
        );
    }
}
