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
fn deregister_service() {
    let count = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let status = match count.fetch_add(1, Ordering::SeqCst) {
            0 => "503 Service Unavailable",
            _ => "200 OK",
        };
        Some(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes())
    });
    let address = server.address().to_string();
    let registry = format!("registry=http://{address}");
    let told = ["--config", &registry, "--config", "service-id=web-7"];
    let granted = [&["--allow-host", &address][..], &told].concat();
    let report = run("deregister-service", &granted).report();
    assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    assert_eq!(report["events"][0]["reason"], "Deregistered");
    let asked = "PUT /v1/agent/service/deregister/web-7 HTTP/1.1\r\n";
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].starts_with(asked), "{requests:?}");
    let refused = run("deregister-service", &told).report();
    assert_eq!(refused["exitCode"], 1, "{refused:#}");
    let note = refused["logs"][0]["message"].as_str().unwrap();
    assert!(note.contains(&format!("--allow-host {address}")), "{note}");
}

#[test]
fn warm_cache() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |head| {
        let busy = head.starts_with("GET /list ") && asked.fetch_add(1, Ordering::SeqCst) == 0;
        let status = match busy {
            true => "503 Service Unavailable",
            false => "200 OK",
        };
        Some(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes())
    });
    let address = server.address().to_string();
    let told = [format!("server=http://{address}"), "paths=/,/list".into()];
    let options = ["--config", &told[0], "--config", &told[1]];
    let granted = [&["--allow-host", &address][..], &options].concat();
    let report = run("warm-cache", &granted).report();
    assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    assert_eq!(report["events"][0]["reason"], "Warm");
    // Only what had not answered is asked for again.
    assert_eq!(server.requests().len(), 3);
    let refused = run("warm-cache", &options).report();
    assert_eq!(refused["exitCode"], 1, "{refused:#}");
}

#[test]
fn drain_connections() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let port = format!("port={}", address.port());
    let granted = ["--dir", "/proc/net::/proc/net:ro"];
    let drain = |timeout| {
        let told = ["--config", &port, "--timeout", timeout];
        run("drain-connections", &[granted.as_slice(), &told].concat()).report()
    };
    let client = std::net::TcpStream::connect(address).unwrap();
    let served = listener.accept().unwrap();
    let report = drain("1s");
    assert_eq!(
        report["events"][0]["reason"], "StillConnected",
        "{report:#}"
    );
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .ends_with("still open: 1")
    );
    drop((client, served));
    let report = drain("30s");
    assert_eq!(report["events"][0]["reason"], "Drained", "{report:#}");
    let denied = run("drain-connections", &["--config", &port]).report();
    assert_eq!(denied["exitCode"], 64, "{denied:#}");
}

#[test]
fn flush_state() {
    let server = Server::start(|_| Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let folder = tempfile::tempdir().unwrap();
    let (spool, kept) = (folder.path().join("spool"), folder.path().join("state"));
    for folder in [&spool, &kept] {
        std::fs::create_dir(folder).unwrap();
    }
    let write = |text: &str| std::fs::write(spool.join("queue"), text).unwrap();
    let grant = format!("{}::/var/spool/app:ro", spool.display());
    let address = server.address().to_string();
    let url = format!("url=http://{address}/spool");
    let phase = |phase| {
        let granted = ["--dir", &grant, "--state-dir", kept.to_str().unwrap()];
        let told = ["--allow-host", &address, "--config", &url, "--phase", phase];
        run("flush-state", &[granted.as_slice(), &told].concat()).report()
    };
    write("old\n");
    assert_eq!(phase("post-start")["outcome"], "Succeeded");
    write("old\nnew\n");
    // The second delivery has nothing to send.
    for _ in 0..2 {
        let report = phase("pre-stop");
        assert_eq!(report["outcome"], "Succeeded", "{report:#}");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0].contains("content-length: 4\r\n"),
        "{requests:?}"
    );
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
