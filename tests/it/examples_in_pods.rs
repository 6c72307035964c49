//! The examples in the pods beside them, in real time. Where a pod names a port, the test has
//! one of its own there.

use crate::podhook::{built, podhook, repository};
use crate::server::Server;
use serde_json::Value;
use std::fs;

/// Plays an example's pod until it runs, and then its end; `edits` of its file.
fn play(example: &str, edits: &[(&str, &str)]) -> Value {
    let module = built(example);
    let hooks = module.parent().unwrap();
    let pod = repository().join("examples").join(example).join("pod.yaml");
    let mut text = fs::read_to_string(pod).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{from} in {text}");
        text = text.replace(from, to);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.yaml");
    fs::write(&file, text).unwrap();
    let played = podhook([
        "pod",
        "run",
        file.to_str().unwrap(),
        "--hooks",
        hooks.to_str().unwrap(),
        "--until",
        "running",
        "-o",
        "json",
    ]);
    assert_eq!(played.status, 0, "{played:#?}");
    played.report()
}

/// All hooks ran, for these phases, and succeeded.
fn succeed(played: &Value, phases: &[&str]) {
    let reports = played["reports"].as_array().unwrap();
    let ran: Vec<&str> = reports
        .iter()
        .map(|report| report["phase"].as_str().unwrap())
        .collect();
    assert_eq!(ran, phases, "{played:#}");
    for report in reports {
        assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    }
    let failed = played["events"].as_array().unwrap().iter().find(|event| {
        let reason = event["reason"].as_str().unwrap();
        matches!(reason, "FailedPostStartHook" | "FailedPreStopHook")
    });
    assert_eq!(failed, None);
}

/// Answers 204 to whatever comes.
fn server() -> (Server, String) {
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let address = server.address().to_string();
    (server, address)
}

#[test]
fn write_message() {
    succeed(&play("write-message", &[]), &["PostStart", "PreStop"]);
}

#[test]
fn answer_http() {
    succeed(&play("answer-http", &[]), &["PostStart"]);
}

#[test]
fn graceful_quit() {
    let played = play("graceful-quit", &[]);
    let report = &played["reports"][0];
    // It is killed with the container that it ended.
    assert_eq!(report["reason"], "Terminated", "{played:#}");
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("exited with 137")
    );
    let exits = played["processes"].as_array().unwrap().iter();
    let mut codes = exits.filter(|row| row["what"] == "exit" && row["container"].is_string());
    // 128 + SIGQUIT.
    assert_eq!(codes.next().unwrap()["code"], 131, "{played:#}");
}

#[test]
fn drain_connections() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("port={}", free.local_addr().unwrap().port());
    let played = play("drain-connections", &[("port=80", &port)]);
    succeed(&played, &["PreStop"]);
    assert_eq!(played["reports"][0]["events"][0]["reason"], "Drained");
}

#[test]
fn deregister_service() {
    let (server, address) = server();
    let registry = format!("registry=http://{address}");
    let edits = [
        ("127.0.0.1:8500", address.as_str()),
        ("settle-seconds=5", registry.as_str()),
    ];
    succeed(&play("deregister-service", &edits), &["PreStop"]);
    // The service is named as its pod.
    let asked = "PUT /v1/agent/service/deregister/deregister-service HTTP/1.1\r\n";
    let requests = server.requests();
    assert!(requests[0].starts_with(asked), "{requests:?}");
}

#[test]
fn flush_state() {
    let (server, address) = server();
    let played = play("flush-state", &[("127.0.0.1:9380", &address)]);
    succeed(&played, &["PostStart", "PreStop"]);
    // Whether postStart saw the job that the container writes at its start, is a race.
    let seen = played["reports"][0]["logs"][0]["fields"]["length"].as_str();
    let sent = usize::from(seen == Some("0"));
    assert_eq!(server.requests().len(), sent, "{played:#}");
}

#[test]
fn warm_cache() {
    let (server, address) = server();
    let host = format!("--allow-host={address}\n              - --config=server=http://{address}");
    let played = play("warm-cache", &[("--allow-host=127.0.0.1:80", &host)]);
    succeed(&played, &["PostStart"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn http_drain() {
    let server = Server::start(|head| {
        let body = match head.starts_with("GET /drain ") {
            true => "draining",
            false => r#"{"inFlight": 0}"#,
        };
        let length = body.len();
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes())
    });
    let address = server.address().to_string();
    // The container's own server has a port that nobody asks.
    let edits = [
        ("127.0.0.1:8080", address.as_str()),
        ("\"127.0.0.1\", 8080", "\"127.0.0.1\", 0"),
    ];
    let played = play("http-drain", &edits);
    succeed(&played, &["PreStop"]);
    assert_eq!(played["reports"][0]["events"][0]["reason"], "Drained");
}
