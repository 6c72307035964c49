//! `podhook serve`: real requests over sockets, real signals.

use crate::podhook::{command, watchdog};
use podhook_test_guests::{http, lifecycle, wasip1, wat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::thread::JoinHandle;
use tempfile::TempDir;

mod clients;
mod configured;
mod lifetime;

/// A server, with its log.
pub(crate) struct Serving {
    child: Child,
    log: BufReader<ChildStdout>,
    address: SocketAddr,
    folder: TempDir,
    watchdog: Option<JoinHandle<()>>,
}

/// Hooks that the tests call.
const HOOKS: [(&str, &str); 8] = [
    ("noop", lifecycle::NOOP),
    ("answers", lifecycle::ANSWERS),
    ("asks", lifecycle::ASKS),
    ("exits", wasip1::EXITS),
    ("spin", wat::SPIN),
    ("sleep", wat::SLEEP),
    ("flood", wat::OUTPUT_FLOOD),
    ("web", http::SERVES),
];

/// A folder with all of them.
pub(crate) fn hooks() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, module) in HOOKS {
        std::fs::copy(module, folder.path().join(name).with_extension("wasm")).unwrap();
    }
    folder
}

impl Serving {
    /// With these options, and all hooks ready.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::in_folder(hooks(), "127.0.0.1:0", options)
    }

    fn in_folder(folder: TempDir, listen: &str, options: &[&str]) -> Self {
        let hooks = folder.path().to_str().unwrap();
        let words = [
            "serve", "--log", "json", "--hooks", hooks, "--listen", listen,
        ];
        let mut child = command().args(words).args(options).spawn().unwrap();
        let watchdog = watchdog(&child);
        let mut serving = Self {
            log: BufReader::new(child.stdout.take().unwrap()),
            child,
            address: ([127, 0, 0, 1], 0).into(),
            folder,
            watchdog: Some(watchdog),
        };
        let address = serving.until("listening")["address"]
            .as_str()
            .unwrap()
            .to_owned();
        serving.address = address.parse().unwrap();
        while serving.get("/readyz").status != 200 {}
        serving
    }

    /// The next line of the log about this.
    fn until(&mut self, event: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.log.read_line(&mut line).unwrap(),
                0,
                "the log ended before {event}"
            );
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// On a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    fn get_with(&self, path: &str, fields: &str) -> Answer {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::of(&bytes)
    }

    fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").body;
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; the rest of its log.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap().code();
        (status, rest)
    }

    /// Waits for its end; its log stays open, and unread.
    fn ended_unread(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (status, rest) = self.ended();
        assert_eq!(status, Some(0), "{rest}");
        rest
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(watchdog) = self.watchdog.take() {
            let _ = watchdog.join();
        }
    }
}

/// What came back; status 0: no answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
    bytes: Vec<u8>,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or(0),
            head: head.to_lowercase(),
            body: body.to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    fn broke_off(&self) -> bool {
        self.bytes == b"HTTP/1.1 "
    }
}

#[test]
fn a_hook_is_run_and_answered_when_it_is_done() {
    let mut serving = Serving::start(&[]);
    let done = serving.get("/v1/hooks/noop/preStop?pod=web-0&container=app%20x");
    assert_eq!((done.status, done.body.as_str()), (204, ""), "{done:?}");
    let line = serving.until("invocation");
    assert_eq!(
        (&line["hook"], &line["phase"]),
        (&"noop".into(), &"PreStop".into())
    );
    assert_eq!(
        (&line["pod"], &line["container"]),
        (&"web-0".into(), &"app x".into())
    );
    assert_eq!(line["outcome"], "Succeeded");
    let id = line["id"].as_str().unwrap();
    assert!(
        done.head.contains(&format!("podhook-invocation: {id}")),
        "{done:?}"
    );
    let other = serving.get("/v1/hooks/noop/postStart");
    assert!(
        other.status == 204 && !other.head.contains(id),
        "every call has its own name"
    );
    serving.stop();
}

#[test]
fn a_failure_breaks_the_connection_off() {
    let serving = Serving::start(&["--timeout", "200ms"]);
    for path in [
        "/v1/hooks/exits/preStop?",
        "/v1/hooks/spin/preStop",
        "/v1/hooks/sleep/postStart",
        "/v1/hooks/none/preStop",
        "/v1/hooks/noop",
        "/nowhere",
    ] {
        let answer = serving.get(path);
        let fails = path != "/v1/hooks/exits/preStop?";
        assert_eq!(answer.broke_off(), fails, "{path}: {answer:?}");
    }
    serving.stop();
}

#[test]
fn other_clients_are_told_by_status() {
    let serving = Serving::start(&["--timeout", "200ms", "--fail", "status"]);
    let failed = serving.get("/v1/hooks/spin/preStop");
    assert_eq!(failed.status, 500);
    let report: Value = serde_json::from_str(&failed.body).unwrap();
    assert_eq!(
        (&report["outcome"], &report["resource"]),
        (&"Exhausted".into(), &"time".into())
    );
    assert_eq!(report["phase"], "PreStop");
    for (path, status) in [
        ("/v1/hooks/none/preStop", 404),
        ("/nowhere", 404),
        ("/healthz", 200),
    ] {
        assert_eq!(serving.get(path).status, status, "{path}");
    }
    serving.stop();
}

#[test]
fn modules_of_kind_http_are_forwarded_to() {
    let serving = Serving::start(&[]);
    let answer = serving.get("/v1/http/web/a/b?c=d");
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "/a/b?c=d"),
        "{answer:?}"
    );
    assert!(answer.head.contains("content-length: 8"), "{answer:?}");
    let noop = serving.get("/v1/http/noop/a");
    assert!(noop.broke_off(), "no module of kind http: {noop:?}");
    assert_eq!(
        serving.metric(r#"podhook_invocations_total{hook="noop",phase="",outcome="Succeeded"}"#),
        0.0
    );
    serving.stop();
}

#[test]
fn a_hook_that_comes_later_is_found() {
    let serving = Serving::start(&[]);
    assert!(serving.get("/v1/hooks/late/preStop").broke_off());
    let late = serving.folder.path().join("late.wasm");
    std::fs::copy(lifecycle::NOOP, late).unwrap();
    assert_eq!(serving.get("/v1/hooks/late/preStop").status, 204);
    serving.stop();
}

#[test]
fn what_is_no_hook_fails_and_says_why() {
    let folder = hooks();
    std::fs::write(folder.path().join("text.wasm"), "(module)").unwrap();
    let mut serving = Serving::in_folder(folder, "127.0.0.1:0", &["--fail", "status"]);
    let failed = serving.get("/v1/hooks/text/preStop");
    let report: Value = serde_json::from_str(&failed.body).unwrap();
    assert_eq!(
        (failed.status, &report["outcome"]),
        (500, &"Refused".into())
    );
    let line = serving.until("invocation");
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .contains("WebAssembly text"),
        "{line}"
    );
    serving.stop();
}

#[test]
fn everything_is_counted() {
    let serving = Serving::start(&["--timeout", "100ms"]);
    for _ in 0..3 {
        serving.get("/v1/hooks/noop/preStop");
    }
    serving.get("/v1/hooks/spin/postStart");
    serving.get("/v1/hooks/none/postStart");
    let of = |rest: &str| serving.metric(&format!("podhook_{rest}"));
    let labels = |hook, phase, outcome| {
        format!(r#"invocations_total{{hook="{hook}",phase="{phase}",outcome="{outcome}"}}"#)
    };
    assert_eq!(of(&labels("noop", "PreStop", "Succeeded")), 3.0);
    assert_eq!(of(&labels("spin", "PostStart", "Exhausted")), 1.0);
    assert_eq!(of(r#"turned_away_total{reason="Unknown"}"#), 1.0);
    let spun = r#"{hook="spin",phase="PostStart"}"#;
    let seconds = of(&format!("invocation_duration_seconds_sum{spun}"));
    assert!((0.1..60.0).contains(&seconds), "{seconds}");
    assert!(of(&format!("invocation_cpu_seconds_sum{spun}")) > 0.01);
    let peak = of(r#"invocation_memory_peak_bytes_sum{hook="noop",phase="PreStop"}"#);
    assert!(peak >= 3.0 * 65_536.0, "{peak}");
    assert_eq!((of("running"), of("queued")), (0.0, 0.0));
    let sources = ["compiled", "disk", "memory"];
    let found = sources.map(|source| of(&format!(r#"compiled_code_lookups{{source="{source}"}}"#)));
    assert!(found[0] + found[1] >= 7.0 && found[2] >= 2.0, "{found:?}");
    let text = serving.get("/metrics");
    assert!(
        text.body.ends_with("# EOF\n") && text.head.contains("openmetrics"),
        "{text:?}"
    );
    serving.stop();
}

#[test]
fn bad_options_are_said_before_anything_is_served() {
    let folder = hooks();
    let hooks = folder.path().to_str().unwrap();
    let fails = |words: &[&str], status, why: &str| {
        let failed = crate::podhook::podhook([&["serve"], words].concat());
        assert_eq!(
            (failed.status, failed.stdout.as_str()),
            (status, ""),
            "{failed:#?}"
        );
        assert!(failed.stderr.contains(why), "{failed:#?}");
    };
    fails(&[], 2, "--hooks");
    fails(&["--hooks", "/nowhere"], 66, "/nowhere: no such folder");
    fails(&["--hooks", hooks, "--listen", "localhost"], 2, "--listen");
    fails(
        &["--hooks", hooks, "--config", "/nowhere"],
        78,
        "/nowhere: ",
    );
    fails(
        &["--hooks", hooks, "--max-concurrent", "0"],
        2,
        "--max-concurrent",
    );
    fails(
        &["--hooks", hooks, "--max-concurrent", "10000000"],
        70,
        "lower --max-concurrent",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&["--hooks", hooks, "--listen", &address], 69, &address);
}

/// Bytes of a process's memory.
fn resident(process: u32) -> u64 {
    let status = Path::new("/proc").join(process.to_string()).join("status");
    let text = std::fs::read_to_string(status).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() << 10
}
