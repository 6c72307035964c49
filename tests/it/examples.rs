//! The examples, built by podhook and run for real: what they do is looked at from
//! outside.

use crate::podhook::{Finished, podhook, quits_with, repository, said};
use crate::server::Server;
use std::sync::atomic::{AtomicU32, Ordering};

/// Builds an example, as its README says, and runs it.
fn run(example: &str, options: &[&str]) -> Finished {
    let folder = repository().join("examples").join(example);
    let folder = folder.to_str().unwrap();
    let finished = podhook([&["run", "-o", "json"], options, &[folder]].concat());
    assert!(!finished.stdout.is_empty(), "{finished:#?}");
    finished
}

#[test]
fn write_message() {
    let folder = tempfile::tempdir().unwrap();
    let grant = format!("{}::/usr/share", folder.path().display());
    let phase = |phase| run("write-message", &["--phase", phase, "--dir", &grant]);
    assert_eq!(phase("post-start").status, 0);
    assert_eq!(phase("pre-stop").status, 0);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("message")).unwrap(),
        "Hello from the postStart handler\nGoodbye from the preStop handler\n"
    );
    let told = [
        "--phase",
        "post-start",
        "--dir",
        &grant,
        "--config",
        "message=Good morning",
    ];
    assert_eq!(run("write-message", &told).status, 0);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("message")).unwrap(),
        "Good morning\n"
    );
}

#[test]
fn http_drain() {
    let left = AtomicU32::new(3);
    let server = Server::start(move |head| {
        let body = match head.starts_with("GET /drain ") {
            true => "draining".to_owned(),
            false => left
                .fetch_sub(1, Ordering::SeqCst)
                .saturating_sub(1)
                .to_string(),
        };
        let length = body.len();
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes())
    });
    let at = |path: &str| format!("http://{}/{path}", server.address());
    let report = run(
        "http-drain",
        &[
            "--allow-host",
            &server.address().to_string(),
            "--config",
            &format!("drain-url={}", at("drain")),
            "--config",
            &format!("status-url={}", at("inflight")),
        ],
    )
    .report();
    assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    assert_eq!(report["events"][0]["reason"], "Drained");
    let paths: Vec<String> = server
        .requests()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(paths, ["/drain", "/inflight", "/inflight", "/inflight"]);
}

#[test]
fn graceful_quit() {
    let mut child = quits_with(7);
    let pid = child.id().to_string();
    let granted = ["--allow-signal", "--container-pid", &pid];
    let report = run("graceful-quit", &granted).report();
    assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    assert_eq!(child.wait().unwrap().code(), Some(7));
    let report = run("graceful-quit", &[]).report();
    assert_eq!(report["outcome"], "Failed", "{report:#}");
}

#[test]
fn answer_http() {
    let get = |path| run("answer-http", &["--http-get", path]).report();
    assert_eq!(get("/healthz")["response"]["body"], "ok");
    let report = get("/hello?name=Ada");
    assert_eq!(report["response"]["status"], 200);
    assert_eq!(
        report["response"]["body"].as_str().unwrap().trim(),
        "hello Ada"
    );
    assert_eq!(get("/nowhere")["exitCode"], 1);
    assert_eq!(said(&report), "");
}

/// The file that README's first command leaves, and what `inspect` says of it.
#[test]
fn a_built_example_can_be_inspected() {
    let folder = repository().join("examples/write-message");
    let built = podhook(["build", folder.to_str().unwrap(), "--release"]);
    assert_eq!(built.status, 0, "{built:#?}");
    let path = built.stdout.trim();
    assert!(path.ends_with("write_message.wasm"), "{path}");
    let inspected = podhook(["inspect", path, "-o", "json"]).report();
    assert_eq!(inspected["kind"], "lifecycle");
    assert_eq!(
        inspected["phases"],
        serde_json::json!(["PostStart", "PreStop"])
    );
    assert_eq!(inspected["grants"][0]["option"], "--dir HOST::GUEST[:ro]");
    let text = podhook(["inspect", path]);
    assert!(
        text.stdout.contains("podhook:lifecycle/post-start@0.1.0"),
        "{text:#?}"
    );
}
