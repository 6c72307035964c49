//! The pods of `examples/pods`, each as it is and sandboxed, in text and in JSON, in real
//! time: what a kubelet was seen to make of them.

use crate::podhook::{Finished, built, command, podhook, repository, watchdog};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

/// Where the examples' hooks are, built.
fn hooks() -> PathBuf {
    let built = ["write-message", "graceful-quit"].map(built);
    built[0].parent().unwrap().to_owned()
}

/// What came of a pod: the text, and the object.
struct Played {
    text: String,
    json: Value,
}

fn run(pod: &str, arguments: &[&str]) -> Finished {
    let file = repository().join("examples/pods").join(pod);
    let file = file.to_str().unwrap().to_owned();
    let done = podhook(["pod", "run", &file].iter().chain(arguments));
    assert_eq!(done.status, 0, "{done:#?}");
    done
}

/// Text and JSON at the same time.
fn play(pod: &str, arguments: &[&str]) -> Played {
    thread::scope(|scope| {
        let text = scope.spawn(|| run(pod, arguments));
        let json = run(pod, &[arguments, &["-o", "json"]].concat());
        Played {
            text: text.join().unwrap().stdout,
            json: json.report(),
        }
    })
}

/// As it is, and its twin.
fn both(pod: &str, arguments: &[&str]) -> [Played; 2] {
    let hooks = hooks();
    let twin = format!("sandboxed/{pod}");
    let sandboxed = [&["--hooks", hooks.to_str().unwrap()], arguments].concat();
    thread::scope(|scope| {
        let native = scope.spawn(|| play(pod, &[&["--native-exec"], arguments].concat()));
        let sandboxed = play(&twin, &sandboxed);
        [native.join().unwrap(), sandboxed]
    })
}

impl Played {
    fn rows(&self, list: &str) -> &Vec<Value> {
        self.json[list].as_array().unwrap()
    }

    /// `REASON: MESSAGE` of each event, which are in the text as well.
    fn events(&self) -> Vec<String> {
        let events = self.rows("events").iter().map(|event| {
            let [reason, message] =
                ["reason", "message"].map(|field| event[field].as_str().unwrap());
            format!("{reason}: {message}")
        });
        let events: Vec<_> = events.collect();
        for event in &events {
            // A uid is another in every run.
            let start = event.split('(').next().unwrap();
            assert!(self.text.contains(start), "{start} in {}", self.text);
        }
        events
    }

    /// When a process did what.
    fn when(&self, who: &str, what: &str) -> f64 {
        let found = self
            .rows("processes")
            .iter()
            .find(|row| (row["container"] == who || row["hook"] == who) && row["what"] == what);
        found.unwrap_or_else(|| panic!("no {who} {what} in {:#}", self.json))["t"]
            .as_f64()
            .unwrap()
    }

    fn event_time(&self, reason: &str) -> f64 {
        let found = self
            .rows("events")
            .iter()
            .find(|event| event["reason"] == reason);
        found.unwrap()["t"].as_f64().unwrap()
    }

    fn report(&self, phase: &str) -> &Value {
        let mut reports = self.rows("reports").iter();
        reports.find(|report| report["phase"] == phase).unwrap()
    }
}

const QUIET: [&str; 3] = [
    "Created: Container created",
    "Started: Container started",
    "Killing: Stopping container ",
];

/// Half a minute of Pending, and a deletion that waits for it.
#[test]
fn pod_hook_demo() {
    for played in both("pod-hook-demo.yaml", &["--delete-after", "1s"]) {
        let events = played.events();
        assert_eq!(events.len(), 3);
        assert!(
            events
                .iter()
                .zip(QUIET)
                .all(|(event, quiet)| event.starts_with(quiet))
        );
        assert!(played.event_time("Killing") >= 30.0);
        let first = &played.rows("statuses")[0];
        assert_eq!(first["phase"], "Pending");
        let container = &first["containers"]["nginx"];
        assert_eq!(
            (&container["state"], &container["reason"]),
            (&"waiting".into(), &"ContainerCreating".into())
        );
        let next = &played.rows("statuses")[1];
        assert!(next["t"].as_f64().unwrap() >= 30.0, "{next:#}");
        assert!(
            played
                .text
                .contains("Pending                  nginx: waiting (ContainerCreating)")
        );
        assert_eq!(played.report("PreStop")["outcome"], "Succeeded");
    }
}

/// The event list that people see.
#[test]
fn failing_post_start() {
    for played in both("failing-post-start.yaml", &["--until", "running"]) {
        let failing = [
            "Created: Container created",
            "Started: Container started",
            "FailedPostStartHook: PostStartHook failed",
            "Killing: FailedPostStartHook",
        ];
        let events = played.events();
        assert_eq!(events[..4], failing);
        assert_eq!(events[4..8], failing);
        assert!(events[8].starts_with(
            "BackOff: Back-off restarting failed container nginx in pod failing-post-start_default("
        ));
        assert!(played.text.contains("Restart Count:  1"), "{}", played.text);
        assert!(
            played.text.contains(
                "waiting (CrashLoopBackOff: back-off 10s restarting failed container=nginx"
            )
        );
        assert!(played.text.contains("message: Exec lifecycle hook (["));
        assert_eq!(played.report("PostStart")["exitCode"], 1);
        assert_eq!(played.report("PreStop")["outcome"], "Succeeded");
    }
}

/// Nobody answers, or somebody does with an error: only the first is a failure.
#[test]
fn lifecycle_demo() {
    for played in both(
        "lifecycle-demo.yaml",
        &["--until", "running", "--pod-ip", "127.0.9.1"],
    ) {
        assert_eq!(played.events()[3], "FailedPreStopHook: PreStopHook failed");
        let message = played.report("PreStop")["message"].as_str().unwrap();
        assert!(message.ends_with("failed - error: Get \"http://127.0.9.1:80/api/shutdown\": dial tcp 127.0.9.1:80: connect: connection refused"), "{message}");
        assert!(
            played.text.contains(": connection refused"),
            "{}",
            played.text
        );
        let stop = &played.rows("calls")[2];
        assert_eq!(stop["timeoutSeconds"], 60);
    }
    let Ok(listener) = TcpListener::bind("127.0.9.2:80") else {
        return crate::podhook::skipped("nobody may listen on port 80 here");
    };
    let server = thread::spawn(move || {
        let heads = listener.incoming().flatten().take(4).map(|mut stream| {
            let mut head = [0; 1024];
            let length = stream.read(&mut head).unwrap();
            let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        });
        heads.collect::<Vec<_>>()
    });
    for played in both(
        "lifecycle-demo.yaml",
        &["--until", "running", "--pod-ip", "127.0.9.2"],
    ) {
        assert_eq!(played.events().len(), 3);
        assert_eq!(played.report("PreStop")["outcome"], "Succeeded");
    }
    for head in server.join().unwrap() {
        assert_eq!(
            head,
            "GET /api/shutdown HTTP/1.1\r\nHost: 127.0.9.2:80\r\nUser-Agent: kube-lifecycle/1.36\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
        );
    }
}

/// The command of an image that is not there, and the signal that it would have sent.
#[test]
fn nginx_quit() {
    let [native, sandboxed] = both(
        "nginx-quit.yaml",
        &["--until", "running", "--image", "nginx=sleep 1000"],
    );
    assert!(native.when("lifecycle-demo-container", "signal TERM") > 0.0);
    if !std::path::Path::new("/usr/sbin/nginx").exists() {
        let message = native.report("PreStop")["message"].as_str().unwrap();
        assert!(
            message.contains(
                "exec: \"/usr/sbin/nginx\": stat /usr/sbin/nginx: no such file or directory"
            ),
            "{message}"
        );
    }
    assert_eq!(
        sandboxed.events()[3],
        "FailedPreStopHook: PreStopHook failed"
    );
    // It is killed with the container that it ends: how much it gets to say is a matter of
    // who is first.
    let report = sandboxed.report("PreStop");
    let logs = report["logs"].as_array().unwrap();
    assert!(
        logs.first().is_none_or(|log| log["message"] == "sent"),
        "{report:#}"
    );
    let exit = sandboxed
        .rows("processes")
        .iter()
        .find(|row| row["what"] == "exit" && row["container"].is_string());
    assert_eq!(exit.unwrap()["code"], 131);
    assert!(
        !sandboxed.text.contains("gets SIGTERM"),
        "{}",
        sandboxed.text
    );
}

/// Ten seconds later, and ten seconds less.
#[test]
fn hooks_pod() {
    for played in both("hooks-pod.yaml", &["--until", "running"]) {
        assert_eq!(played.events().len(), 3);
        let term = played.when("httpbin", "signal TERM");
        assert!(term - played.event_time("Killing") >= 10.0);
        assert_eq!(played.rows("calls")[2]["timeoutSeconds"], 20);
        assert_eq!(played.report("PostStart")["outcome"], "Succeeded");
    }
}

/// What is prepared is there before the container starts.
#[test]
fn init_container() {
    let [native, sandboxed] = both("init-container.yaml", &["--until", "running"]);
    assert!(native.when("install", "exit") <= native.when("nginx", "start"));
    assert!(sandboxed.when("install/postStart", "exit") <= sandboxed.when("nginx", "start"));
    assert_eq!(native.report("PostStart")["outcome"], "Succeeded");
    if !rustix::process::geteuid().is_root() {
        return crate::podhook::skipped("volumes are not mounted here");
    }
    let greeting = "stdout: Hello from the init container";
    assert!(native.text.contains(greeting), "{}", native.text);
    deleted_once_it_says("Output   nginx                    Hello from the sidecar's hook");
}

/// The sandboxed init container, with a container that shows what it finds.
fn deleted_once_it_says(word: &str) {
    let file = repository().join("examples/pods/sandboxed/init-container.yaml");
    let image = "nginx=sh -c 'cat /usr/share/nginx/html/index.html; exec sleep 1000'";
    let mut podhook = command()
        .args(["pod", "run", file.to_str().unwrap(), "--hooks"])
        .arg(hooks())
        .args(["--image", image])
        .spawn()
        .unwrap();
    let watchdog = watchdog(&podhook);
    let mut lines = BufReader::new(podhook.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(word)), "no {word}");
    kill_process(Pid::from_child(&podhook), Signal::INT).unwrap();
    assert!(lines.any(|line| line.unwrap().contains("Killing")));
    lines.for_each(drop);
    assert_eq!(podhook.wait().unwrap().code(), Some(0));
    watchdog.join().unwrap();
}
