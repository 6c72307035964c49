//! Each kind of handler, and how each of them fails.

use super::{PodFile, UNTIL_TERM, events, exec, hooked, processes, report, rows, uid, when};
use crate::server::Server;
use serde_json::{Value, json};

fn pre_stop(handler: &Value, arguments: &[&str]) -> Value {
    let pod = PodFile::of(&hooked(UNTIL_TERM, &json!({"preStop": handler})));
    pod.played(&[&["--native-exec", "--until", "running"], arguments].concat())
}

fn post_start(script: &str, handler: &Value) -> Value {
    let container = hooked(script, &json!({"postStart": handler}));
    let pod = PodFile::new(&json!({"restartPolicy": "Never", "containers": [container]}));
    pod.played(&["--native-exec", "--until", "running"])
}

/// `HTTP-08`, `HTTP-21`, `HTTP-29`: the bytes, and a status that is not looked at.
#[test]
fn http_get_asks_the_pod() {
    let server = Server::start(|_| Some(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec()));
    let port = server.address().port();
    let handler = json!({"httpGet": {"path": "/api/shutdown?now=1", "port": port}});
    let seen = pre_stop(&handler, &[]);
    assert_eq!(
        server.requests(),
        [format!(
            "GET /api/shutdown?now=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: kube-lifecycle/1.36\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
        )]
    );
    let report = report(&seen);
    assert_eq!(
        (&report["handler"], &report["outcome"]),
        (&json!("httpGet"), &json!("Succeeded"))
    );
    assert_eq!(report["logs"][0]["message"], "answered with status 500");
    assert_eq!(report["module"], Value::Null);
    assert_eq!(events(&seen).len(), 3);
}

/// HTTP-31, HTTP-32: the kubelet's own text.
#[test]
fn http_get_that_is_refused_fails() {
    let handler = json!({"httpGet": {"path": "/x", "port": 1}});
    let seen = pre_stop(&handler, &["--pod-ip", "127.0.0.2"]);
    let uid = uid(&seen);
    assert_eq!(
        report(&seen)["message"],
        format!(
            "HTTP lifecycle hook (/x) for Container \"c\" in Pod \"p_default({uid})\" failed - error: Get \"http://127.0.0.2:1/x\": dial tcp 127.0.0.2:1: connect: connection refused"
        )
    );
    assert_eq!(events(&seen)[3], "FailedPreStopHook: PreStopHook failed");
}

/// R26, §4.5: a request that hangs is waited for as long as the grace lasts, and goes
/// on without anybody who waits.
#[test]
fn http_get_that_hangs_costs_the_grace() {
    let server = Server::start(|_| None);
    let handler = json!({"httpGet": {"path": "/", "port": server.address().port()}});
    let seen = pre_stop(&handler, &["--grace", "1"]);
    assert_eq!(processes(&seen), ["c start", "c signal TERM", "c exit 143"]);
    assert!(when(&seen, "c signal TERM") >= 1.0);
    assert_eq!(rows(&seen, "calls")[2]["timeoutSeconds"], 2);
    assert_eq!(report(&seen)["outcome"], "Cancelled");
    assert_eq!(events(&seen).len(), 3);
}

/// SLEEP-01, SLEEP-03, SLEEP-05.
#[test]
fn sleep_sleeps() {
    let seen = pre_stop(&json!({"sleep": {"seconds": 1}}), &[]);
    let report = report(&seen);
    assert_eq!(
        (&report["handler"], &report["outcome"]),
        (&json!("sleep"), &json!("Succeeded"))
    );
    assert!(
        report["durationSeconds"].as_f64().unwrap() >= 1.0,
        "{report:#}"
    );
    assert_eq!(processes(&seen), ["c start", "c signal TERM", "c exit 143"]);
    let none = pre_stop(&json!({"sleep": {"seconds": 0}}), &[]);
    assert_eq!(super::report(&none)["outcome"], "Succeeded");
}

/// SLEEP-02: the pod does not wait for a pause longer than its grace.
#[test]
fn a_pause_is_cut_short() {
    let seen = pre_stop(&json!({"sleep": {"seconds": 20}}), &["--grace", "1"]);
    let message = report(&seen)["message"].as_str().unwrap();
    assert!(
        message.starts_with("Sleep lifecycle hook (20) for Container \"c\" in Pod"),
        "{message}"
    );
    assert!(
        message.ends_with("failed - error: container terminated before sleep hook finished"),
        "{message}"
    );
}

/// INVALID-02: accepted, never dialled, always failing.
#[test]
fn tcp_socket_fails() {
    let seen = post_start(
        UNTIL_TERM,
        &json!({"tcpSocket": {"port": 9090, "host": "10.99.0.1"}}),
    );
    assert_eq!(
        report(&seen)["message"],
        "Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:&TCPSocketAction{Port:{0 9090 },Host:10.99.0.1,},Sleep:nil,}"
    );
    assert_eq!(report(&seen)["handler"], "tcpSocket");
    assert_eq!(
        events(&seen)[2..4],
        [
            "FailedPostStartHook: PostStartHook failed",
            "Killing: FailedPostStartHook"
        ]
    );
}

/// EXEC-01 to EXEC-04: the words as they are, the container's environment and folder,
/// nothing to read.
#[test]
fn exec_is_literal() {
    let script = "printf '%s|' \"$@\"; echo \"$WHO\"; pwd; cat; echo careful >&2";
    let mut container = hooked(
        UNTIL_TERM,
        &json!({"postStart": exec(&["sh", "-c", script, "x", "$(WHO)", "a b", "*"])}),
    );
    container["env"] = json!([{"name": "WHO", "value": "me"}]);
    container["workingDir"] = json!("/usr");
    let seen = PodFile::of(&container).played(&["--native-exec", "--until", "running"]);
    let report = report(&seen);
    assert_eq!(report["stdout"], "$(WHO)|a b|*|me\n/usr\n");
    assert_eq!(report["stderr"], "careful\n");
    assert_eq!(report["outcome"], "Succeeded");
}

/// POST-20: a hook is told nothing that its container is not.
#[test]
fn exec_has_the_container_s_environment() {
    let mut container = hooked(UNTIL_TERM, &json!({"postStart": exec(&["env"])}));
    container["env"] = json!([{"name": "WHO", "value": "me"}, {"name": "HOME", "value": "/h"}]);
    let seen = PodFile::of(&container).played(&["--native-exec", "--until", "running"]);
    let mut env: Vec<_> = report(&seen)["stdout"].as_str().unwrap().lines().collect();
    env.sort_unstable();
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(env, ["HOME=/h", "HOSTNAME=p", path, "WHO=me"]);
}

/// EXEC-02, EXEC-09: no shell looks at it.
#[test]
fn exec_of_what_is_not_there_fails() {
    let seen = post_start(UNTIL_TERM, &exec(&["echo $HOME | cat"]));
    let message = report(&seen)["message"].as_str().unwrap();
    let why = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"echo $HOME | cat\": executable file not found in $PATH: unknown, message: \"\"";
    assert!(message.ends_with(why), "{message}");
    assert_eq!(processes(&seen), ["c start", "c signal TERM", "c exit 143"]);
}

/// §2.7: a container that ends takes its hook along, and its own exit code stays.
#[test]
fn a_hook_dies_with_its_container() {
    let seen = post_start("sleep 0.2; exit 5", &exec(&["sleep", "60"]));
    assert_eq!(
        processes(&seen),
        [
            "c start",
            "c/postStart start",
            "c exit 5",
            "c/postStart killed"
        ]
    );
    let message = report(&seen)["message"].as_str().unwrap();
    assert!(
        message.contains("command 'sleep 60' exited with 137: "),
        "{message}"
    );
    assert_eq!(
        events(&seen)[2..4],
        [
            "FailedPostStartHook: PostStartHook failed",
            "Killing: FailedPostStartHook"
        ]
    );
}

/// PRE-06, PRE-08, GRACE-23: it goes on beside the dying container, and its death is the
/// event.
#[test]
fn an_overrunning_hook_is_left_behind() {
    let script = "trap '' TERM; while :; do sleep 0.02; done";
    let container = hooked(script, &json!({"preStop": exec(&["sleep", "60"])}));
    let seen =
        PodFile::of(&container).played(&["--native-exec", "--until", "running", "--grace", "1"]);
    assert_eq!(
        processes(&seen),
        [
            "c start",
            "c/preStop start",
            "c signal TERM",
            "c killed 137",
            "c/preStop killed"
        ]
    );
    assert!(when(&seen, "c killed 137") - when(&seen, "c signal TERM") >= 1.9);
    assert_eq!(events(&seen)[3], "FailedPreStopHook: PreStopHook failed");
    assert_eq!(rows(&seen, "statuses").last().unwrap()["phase"], "Failed");
}

/// R60: too much output fails even a hook that succeeded.
#[test]
fn exec_that_prints_too_much_fails() {
    let flood = exec(&["sh", "-c", "head -c 17000000 /dev/zero"]);
    let seen = post_start(UNTIL_TERM, &flood);
    let report = report(&seen);
    let message = report["message"].as_str().unwrap();
    let why = "rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16777221 vs. 16777216), message: \"\"";
    assert!(message.ends_with(why), "{message}");
    assert_eq!(report["truncatedBytes"]["stdout"], 17_000_000 - (64 << 10));
}

/// §2.9: a hook is over when nobody holds its output any more.
#[test]
fn a_child_that_holds_stdout_holds_the_hook() {
    let seen = post_start(UNTIL_TERM, &exec(&["sh", "-c", "sleep 0.5 & exit 0"]));
    assert!(report(&seen)["durationSeconds"].as_f64().unwrap() >= 0.5);
    assert_eq!(report(&seen)["outcome"], "Succeeded");
}
