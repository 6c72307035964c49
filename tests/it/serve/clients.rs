//! Clients: those that go away, that are slow, that are too many; and Go's.

use super::{Serving, resident};
use crate::podhook::{finish, skipped};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// Asks on a connection that stays open.
pub(super) fn send(stream: &mut TcpStream, path: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

/// All that comes until the end.
pub(super) fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn who_goes_away_cancels_nothing() {
    let mut serving = Serving::start(&["--timeout", "500ms"]);
    let mut client = serving.connect();
    send(&mut client, "/v1/hooks/sleep/preStop");
    while serving.metric("podhook_running") < 1.0 {}
    drop(client);
    let line = serving.until("invocation");
    assert_eq!(
        (&line["resource"], &line["clientGone"]),
        (&"time".into(), &true.into()),
        "{line}"
    );
    assert_eq!(serving.metric("podhook_clients_gone_total"), 1.0);
    serving.stop();
}

#[test]
fn the_same_hook_runs_twice_at_a_time() {
    let mut serving = Serving::start(&["--timeout", "1s"]);
    let mut clients = [serving.connect(), serving.connect()];
    for client in &mut clients {
        send(client, "/v1/hooks/sleep/preStop?container=app");
    }
    while serving.metric("podhook_running") < 2.0 {}
    let ids = [(); 2].map(|()| serving.until("invocation")["id"].to_string());
    assert_ne!(ids[0], ids[1]);
    serving.stop();
}

#[test]
fn the_queue_is_bounded_in_length_and_time() {
    let options = [
        "--workers",
        "1",
        "--max-concurrent",
        "1",
        "--max-queue",
        "1",
    ];
    let options = [
        &options[..],
        &["--queue-timeout", "300ms", "--timeout", "5s"],
    ]
    .concat();
    let serving = Serving::start(&options);
    let mut running = serving.connect();
    send(&mut running, "/v1/hooks/sleep/preStop");
    while serving.metric("podhook_running") < 1.0 {}
    let mut waiting = serving.connect();
    send(&mut waiting, "/v1/hooks/noop/preStop");
    while serving.metric("podhook_queued") < 1.0 {}
    assert!(
        serving.get("/v1/hooks/noop/preStop").broke_off(),
        "the queue is full"
    );
    assert_eq!(read(&mut waiting), b"HTTP/1.1 ", "it waited too long");
    let turned = |why| serving.metric(&format!(r#"podhook_turned_away_total{{reason="{why}"}}"#));
    assert_eq!((turned("Full"), turned("TooLong")), (1.0, 1.0));
    serving.stop();
}

#[test]
fn slow_clients_are_left_and_harm_nobody() {
    let serving = Serving::start(&["--header-timeout", "2s"]);
    let before = resident(serving.child.id());
    let mut slow: Vec<_> = (0..300).map(|_| serving.connect()).collect();
    for client in &mut slow {
        client
            .write_all(b"GET /v1/hooks/noop/preStop HTTP/1.1\r\nHo")
            .unwrap();
    }
    for _ in 0..20 {
        assert_eq!(serving.get("/v1/hooks/noop/preStop").status, 204);
    }
    let grown = resident(serving.child.id()).saturating_sub(before);
    assert!(grown < 300 * (64 << 10), "{grown} bytes for 300 clients");
    for mut client in slow {
        assert!(!String::from_utf8_lossy(&read(&mut client)).contains("204"));
    }
    serving.stop();
}

/// hyper would answer them by itself, and a kubelet take that for success.
#[test]
fn what_cannot_be_read_breaks_off_too() {
    let serving = Serving::start(&[]);
    let fields = "A: b\r\n".repeat(100);
    let long = format!("/v1/hooks/noop/preStop?{}", "x".repeat(40_000));
    let bad = [
        serving.get_with("/v1/hooks/noop/preStop", &fields),
        serving.get_with("/v1/hooks/noop/preStop", "Content-Length: abc\r\n"),
        serving.get("/v1/hooks/noop/preStop?\"<"),
        serving.get(&long),
    ];
    for answer in &bad {
        assert!(answer.broke_off(), "{answer:?}");
    }
    let mut used = serving.connect();
    send(&mut used, "/healthz");
    let mut answer = [0; 17];
    used.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK\r\n");
    used.write_all(b"nonsense\r\n\r\n").unwrap();
    let rest = String::from_utf8(read(&mut used)).unwrap();
    assert!(rest.ends_with("ok\nHTTP/1.1 "), "{rest}");
    assert_eq!(
        serving.metric(r#"podhook_turned_away_total{reason="Malformed"}"#),
        5.0
    );
    serving.stop();
    let other = Serving::start(&["--fail", "status"]);
    assert_eq!(other.get_with("/healthz", &fields).status, 431);
    other.stop();
}

#[test]
fn who_goes_away_at_once_cancels_nothing() {
    let serving = Serving::start(&[]);
    for turn in 0..60 {
        let mut client = serving.connect();
        send(&mut client, "/v1/hooks/noop/preStop");
        if turn % 2 == 0 {
            client.shutdown(std::net::Shutdown::Write).unwrap();
        }
    }
    let ran = r#"podhook_invocations_total{hook="noop",phase="PreStop",outcome="Succeeded"}"#;
    while serving.metric(ran) < 60.0 {}
    serving.stop();
}

#[test]
fn who_goes_away_while_it_waits_cancels_nothing() {
    let serving = Serving::start(&["--workers", "4", "--max-concurrent", "1", "--timeout", "1s"]);
    let mut clients: Vec<_> = (0..4).map(|_| serving.connect()).collect();
    for client in &mut clients {
        send(client, "/v1/hooks/sleep/preStop");
    }
    // One at a time, whatever the number of workers.
    while serving.metric("podhook_queued") < 3.0 {}
    assert_eq!(serving.metric("podhook_running"), 1.0);
    drop(clients);
    let ended = r#"podhook_invocations_total{hook="sleep",phase="PreStop",outcome="Exhausted"}"#;
    while serving.metric(ended) < 4.0 {}
    assert_eq!(serving.metric("podhook_clients_gone_total"), 4.0);
    serving.stop();
}

#[test]
fn who_does_not_read_does_not_hold_the_end() {
    let serving = Serving::start(&["--header-timeout", "1s"]);
    let mut deaf = serving.connect();
    deaf.set_nonblocking(true).unwrap();
    // Until nothing more can be sent: answers are stuck.
    let asks = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let mut stuck = 0;
    while stuck < 50 {
        stuck = match deaf.write_all(&asks) {
            Ok(()) => 0,
            Err(_) => stuck + 1,
        };
        std::thread::yield_now();
    }
    serving.stop();
}

#[test]
fn the_token_is_not_for_modules() {
    let folder = super::hooks();
    let config = folder.path().join("serve.yaml");
    std::fs::write(&config, "token: {value: s3cret}").unwrap();
    let config = config.to_str().unwrap().to_owned();
    let serving = Serving::in_folder(folder, "127.0.0.1:0", &["--config", &config]);
    let fields = "X-Podhook-Token: s3cret\r\nX-Other: seen\r\n";
    let answer = serving.get_with("/v1/http/web/headers", fields);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("x-other=seen"), "{answer:?}");
    assert!(!answer.body.contains("s3cret"), "{answer:?}");
    serving.stop();
}

/// The kubelet's client. On a connection that was used before it would send a GET again
/// whose connection is closed without a word.
#[test]
fn go_s_client_asks_once_for_a_hook_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("client.go");
    std::fs::write(&program, CLIENT).unwrap();
    let built = folder.path().join("client");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).args([&built, &program]);
    go.env("GOCACHE", folder.path().join("cache"))
        .env("GO111MODULE", "off");
    match go.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("go: {status}"),
        Err(why) => return skipped(&format!("Go's client: no go ({why}); Debian: golang-go")),
    }
    let serving = Serving::start(&["--timeout", "100ms"]);
    let mut client = Command::new(&built);
    client.arg(format!("http://{}", serving.address));
    client
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = finish(&mut client);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{said:#?}");
    let broken = "malformed HTTP status code";
    assert!(
        lines[0].contains(broken) && lines[3].contains(broken),
        "{said:#?}"
    );
    assert_eq!(lines[1], "first: 204");
    assert_eq!(lines[2], "reused: true");
    let ran = |hook: &str, outcome: &str| {
        let labels = format!(r#"{{hook="{hook}",phase="PreStop",outcome="{outcome}"}}"#);
        serving.metric(&format!("podhook_invocations_total{labels}"))
    };
    assert_eq!(
        (ran("spin", "Exhausted"), ran("noop", "Succeeded")),
        (2.0, 1.0)
    );
    serving.stop();
}

const CLIENT: &str = r#"package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
)

func ask(client *http.Client, url string) (string, bool) {
	reused := false
	request, _ := http.NewRequest("GET", url, nil)
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	response, err := client.Do(request)
	if err != nil {
		for errors.Unwrap(err) != nil {
			err = errors.Unwrap(err)
		}
		return err.Error(), reused
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return fmt.Sprint(response.StatusCode), reused
}

func main() {
	base := os.Args[1] + "/v1/hooks/"
	fresh, _ := ask(&http.Client{Transport: &http.Transport{}}, base+"spin/preStop")
	fmt.Println("fresh:", fresh)
	client := &http.Client{Transport: &http.Transport{}}
	first, _ := ask(client, base+"noop/preStop")
	fmt.Println("first:", first)
	second, reused := ask(client, base+"spin/preStop")
	fmt.Println("reused:", reused)
	fmt.Println("second:", second)
}
"#;
