//! Requests a hook makes: where to, how many, how large.

use super::{answer, ask};
use crate::podhook::{command, ends, exhausts, finish, said, skipped};
use crate::server::Server;
use podhook_test_guests::lifecycle;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = Server::start(|_| None);
    let location = format!("http://{}/", elsewhere.address());
    let server = Server::start(move |_| {
        Some(
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
                .into_bytes(),
        )
    });
    let (one, two) = (
        server.address().to_string(),
        elsewhere.address().to_string(),
    );
    let granted = ["--allow-host", &one, "--allow-host", &two];
    assert_eq!(
        answer(&granted, &["get", &format!("http://{one}/")]),
        r#"Ok((302, ""))"#
    );
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn http_goes_where_it_is_granted() {
    let server =
        Server::start(|_| Some(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi".to_vec()));
    let url = format!("http://{}/x?y=z", server.address());
    let host = server.address().to_string();
    let report = ask(&["--allow-host", &host], &["get", &url]);
    assert_eq!(said(&report), r#"Ok((201, "hi"))"#);
    let requests = server.requests();
    // Once for each of the two ways a hook is run by these tests.
    assert_eq!(requests.len(), 2);
    assert!(
        requests[0].starts_with("GET /x?y=z HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(
        requests[0].contains(&format!("host: {host}\r\n")),
        "{}",
        requests[0]
    );
}

#[test]
fn requests_are_on_their_way_together() {
    // Who is answered first waits for the other one to have arrived.
    let both = Arc::new(Barrier::new(2));
    let server = Server::start(move |request| {
        both.wait();
        let path = request.split(' ').nth(1)?;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", path.len());
        Some(format!("{head}{path}").into_bytes())
    });
    let host = server.address().to_string();
    let [one, two] = ["one", "two"].map(|path| format!("http://{host}/{path}"));
    let other = "http://192.0.2.1/";
    let said = answer(&["--allow-host", &host], &["all", &one, other, &two]);
    let denied = r#"Err(Denied("the host is not granted"))"#;
    assert_eq!(said, format!(r#"[Ok("/one"), {denied}, Ok("/two")]"#));
}

#[test]
fn a_hook_tries_again_while_it_has_time() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let third = !request.contains("/never") && count.fetch_add(1, SeqCst) % 3 == 2;
        let status = match third {
            true => "200 OK",
            false => "503 Service Unavailable",
        };
        Some(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes())
    });
    let host = server.address().to_string();
    let url = format!("http://{host}/");
    let granted = ["--allow-host", &host];
    let report = ask(&granted, &["persist", &url]);
    assert_eq!(report["logs"].as_array().unwrap().len(), 2);
    let (hasty, never) = (
        ["--timeout", "1s", "--allow-host", &host],
        format!("{url}never"),
    );
    let ended = [&hasty[..], &[lifecycle::ASKS, "--", "persist", &never]].concat();
    ends("Failed", 75, "http: status 503", &ended);
}

#[test]
fn http_without_a_grant_is_refused_and_the_option_named() {
    let server = Server::start(|_| None);
    let url = format!("http://{}/", server.address());
    let report = ask(&[], &["get", &url]);
    assert!(said(&report).starts_with("Err(Denied("), "{report:#}");
    let note = report["logs"][0]["message"].as_str().unwrap();
    let option = format!("--allow-host {}", server.address());
    assert!(note.contains(&option), "{note}");
    assert_eq!(report["logs"][0]["target"], "podhook");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_name_leads_to_no_private_address_unless_a_network_is_granted() {
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let port = server.address().port();
    // This machine's own name leads to this machine.
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let resolves = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port));
    let local =
        |mut found: std::vec::IntoIter<std::net::SocketAddr>| found.any(|at| at.ip().is_loopback());
    if !resolves.is_ok_and(local) {
        skipped(&format!("{name} does not resolve to this machine"));
        return;
    }
    let (host, url) = (format!("{name}:{port}"), format!("http://{name}:{port}/"));
    let report = ask(&["--allow-host", &host], &["get", &url]);
    assert!(said(&report).starts_with("Err(Denied("), "{report:#}");
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--allow-network"), "{note}");
    let granted = ["--allow-host", &host, "--allow-network", "127.0.0.0/8"];
    assert_eq!(answer(&granted, &["get", &url]), r#"Ok((204, ""))"#);
}

#[test]
fn localhost_is_reached_when_written() {
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let host = format!("localhost:{}", server.address().port());
    let url = format!("http://{host}/");
    assert_eq!(
        answer(&["--allow-host", &host], &["get", &url]),
        r#"Ok((204, ""))"#
    );
}

#[test]
fn an_answer_has_so_many_bytes_and_requests_are_counted() {
    let server = Server::start(|_| {
        Some(
            [
                b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".as_slice(),
                &[b'x'; 5000],
            ]
            .concat(),
        )
    });
    let host = server.address().to_string();
    let url = format!("http://{host}/");
    let granted = ["--allow-host", &host];
    assert!(answer(&granted, &["get", &url]).starts_with("Ok((200, "));
    let small = [&granted[..], &["--max-response", "4Ki"]].concat();
    assert_eq!(answer(&small, &["get", &url]), "Err(TooLarge)");
    // A hook that cannot do without it failed because of the cap.
    let must = [lifecycle::ASKS, "--", "must-get", &url];
    exhausts("network", 153, &[&small[..], &must].concat());
    let none = [&granted[..], &["--max-requests", "0"]].concat();
    exhausts("network", 153, &[&none[..], &must].concat());
    let report = ask(&none, &["get", &url]);
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains("--max-requests"), "{note}");
}

#[test]
fn a_request_has_so_many_header_fields() {
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let host = server.address().to_string();
    let url = format!("http://{host}/");
    let granted = ["--allow-host", &host];
    assert_eq!(answer(&granted, &["headers", "50", &url]), "Ok(204)");
    let refused = answer(&granted, &["headers", "30000", &url]);
    assert_eq!(refused, "Err(Other(\"over 100 header fields\"))");
}

#[test]
fn a_server_that_does_not_answer_is_left_at_the_deadline() {
    let server = Server::start(|_| None);
    let host = server.address().to_string();
    let url = format!("http://{host}/");
    let arguments = [
        "--timeout",
        "300ms",
        "--allow-host",
        &host,
        lifecycle::ASKS,
        "--",
        "get",
        &url,
    ];
    exhausts("time", 124, &arguments);
}

/// In drops, for ever: neither its head nor its body keeps a hook beyond its deadline.
#[test]
fn an_answer_in_drops_ends_with_the_deadline() {
    for head in ["HTTP/1.1 200 OK\r\nX-Drops: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // An answer before the request is none.
                let _ = stream.read(&mut [0; 4096]);
                let mut sent = stream.write_all(head.as_bytes());
                // Until the other side is gone.
                while sent.is_ok() {
                    std::thread::sleep(Duration::from_millis(5));
                    sent = stream.write_all(b"x");
                }
            }
        });
        let url = format!("http://{host}/");
        let limits = ["--timeout", "500ms", "--allow-host", &host];
        let asks = [lifecycle::ASKS, "--", "get", &url];
        exhausts("time", 124, &[&limits[..], &asks].concat());
    }
}

/// Whoever runs the DNS of a granted name gives another address when asked again.
#[test]
fn a_name_is_resolved_once_and_what_was_checked_is_connected_to() {
    let Ok(dns) = UdpSocket::bind("127.9.8.7:53") else {
        skipped("a_name_is_resolved_once…: port 53 is not to be had");
        return;
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = dns.recv_from(&mut query) {
            let answer = turncoat(&query[..length], &counted);
            dns.send_to(&answer, from).unwrap();
        }
    });
    let resolver = tempfile::NamedTempFile::new().unwrap();
    fs::write(resolver.path(), "nameserver 127.9.8.7\n").unwrap();
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let host = format!("turncoat.example:{}", server.address().port());
    let url = format!("http://{host}/");
    let ask = || {
        let mut run = in_place_of(resolver.path(), "/etc/resolv.conf");
        run.args(["run", "-o", "json", "--allow-host", &host]);
        run.args(["--allow-network", "127.0.0.1/32", lifecycle::ASKS, "--"]);
        finish(run.args(["get", &url]))
    };
    let first = ask();
    if first.stdout.is_empty() {
        skipped(&format!("a_name_is_resolved_once…: {}", first.stderr));
        return;
    }
    assert_eq!(said(&first.report()), r#"Ok((204, ""))"#);
    assert_eq!(asked.load(SeqCst), 1);
    let second = ask().report();
    assert!(said(&second).starts_with("Err(Denied("), "{second:#}");
    let note = second["logs"][0]["message"].to_string();
    assert!(note.contains("leads to 127.0.0.2"), "{note}");
    assert_eq!(server.requests().len(), 1);
}

/// An answer to a query: 127.0.0.1 to the first one for an IPv4 address, 127.0.0.2 to others.
fn turncoat(query: &[u8], asked: &AtomicUsize) -> Vec<u8> {
    // The question ends with its type, after the name's final 0, and its class.
    let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let is_ipv4 = query[end - 4..end - 2] == [0, 1];
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
    answer.extend(&query[12..end]);
    if is_ipv4 {
        let last = if asked.fetch_add(1, SeqCst) == 0 {
            1
        } else {
            2
        };
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, last]);
    }
    answer
}

/// podhook, where one file lies in the place of another.
fn in_place_of(file: &Path, place: &str) -> Command {
    let podhook = command();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c"])
        .arg(r#"mount --bind "$0" "$1" && shift && exec "$@""#)
        .arg(file)
        .arg(place)
        .arg(podhook.get_program())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
