//! Every row of the table of exact texts, and every VAL case of the conformance
//! cases. A row reads: what is written, and what is refused.

use super::*;
use crate::invocation::Pod;
use crate::spec::{
    ExecAction, HttpGetAction, IntOrString, LifecycleHandler, SleepAction, TcpSocketAction,
    defaults,
};

const PATH: &str = "spec.containers[0].lifecycle.preStop";
const RANGE: &str = "must be between 1 and 65535, inclusive";
const LETTER: &str = "must contain at least one letter (a-z)";
const CHARSET: &str = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
const ONE: &str = "Forbidden: may not specify more than 1 handler type";

fn container(name: &str, lifecycle: Option<Lifecycle>) -> ContainerSpec {
    ContainerSpec {
        name: name.to_owned(),
        lifecycle,
        ..ContainerSpec::default()
    }
}

fn pod(containers: Vec<ContainerSpec>) -> PodSpec {
    PodSpec {
        pod: Pod {
            name: "p".to_owned(),
            ..Pod::default()
        },
        containers,
        ..PodSpec::default()
    }
}

fn pre_stop(handler: LifecycleHandler) -> Lifecycle {
    Lifecycle {
        pre_stop: Some(handler),
        ..Lifecycle::default()
    }
}

fn exec(command: &[&str]) -> LifecycleHandler {
    LifecycleHandler {
        exec: Some(ExecAction {
            command: command.iter().map(|&word| word.to_owned()).collect(),
        }),
        ..LifecycleHandler::default()
    }
}

fn get(change: impl FnOnce(&mut HttpGetAction)) -> LifecycleHandler {
    let mut http_get = HttpGetAction {
        port: IntOrString::Int(80),
        ..HttpGetAction::default()
    };
    change(&mut http_get);
    LifecycleHandler {
        http_get: Some(http_get),
        ..LifecycleHandler::default()
    }
}

fn port(port: i32) -> LifecycleHandler {
    get(|get| get.port = IntOrString::Int(port))
}

fn named(name: &str) -> LifecycleHandler {
    get(|get| get.port = IntOrString::String(name.to_owned()))
}

fn scheme(scheme: &str) -> LifecycleHandler {
    get(|get| get.scheme = Some(scheme.to_owned()))
}

fn headers(names: &[&str]) -> LifecycleHandler {
    let pairs = names.iter().map(|&name| (name.to_owned(), "v".to_owned()));
    get(|get| get.headers = pairs.collect())
}

fn tcp(port: i32) -> LifecycleHandler {
    LifecycleHandler {
        tcp_socket: Some(TcpSocketAction {
            port: IntOrString::Int(port),
            host: None,
        }),
        ..LifecycleHandler::default()
    }
}

fn sleep(seconds: i64) -> LifecycleHandler {
    LifecycleHandler {
        sleep: Some(SleepAction { seconds }),
        ..LifecycleHandler::default()
    }
}

fn all(handlers: &[LifecycleHandler]) -> LifecycleHandler {
    let mut all = LifecycleHandler::default();
    for one in handlers {
        all.exec = all.exec.or(one.exec.clone());
        all.http_get = all.http_get.or(one.http_get.clone());
        all.tcp_socket = all.tcp_socket.or(one.tcp_socket.clone());
        all.sleep = all.sleep.or(one.sleep);
    }
    all
}

fn texts(spec: &PodSpec) -> Vec<String> {
    validate(spec).iter().map(ToString::to_string).collect()
}

fn defaulted(mut spec: PodSpec) -> Vec<String> {
    defaults::apply(&mut spec);
    texts(&spec)
}

/// What is refused of a `preStop`, defaults applied; each text without [`PATH`].
fn refused(row: &str, handler: LifecycleHandler, grace: i64, expected: &[&str]) {
    let mut spec = pod(vec![container("c", Some(pre_stop(handler)))]);
    spec.termination_grace_period_seconds = Some(grace);
    let expected: Vec<_> = expected
        .iter()
        .map(|text| format!("{PATH}{text}"))
        .collect();
    assert_eq!(defaulted(spec), expected, "{row}");
}

#[test]
fn handlers() {
    let two = all(&[exec(&["x"]), port(80)]);
    let three = all(&[exec(&["x"]), port(80), sleep(1)]);
    let wrong_second = all(&[exec(&["x"]), port(0)]);
    refused(
        "VAL-01",
        LifecycleHandler::default(),
        30,
        &[": Required value: must specify a handler type"],
    );
    refused("VAL-02", exec(&[]), 30, &[".exec.command: Required value"]);
    refused("VAL-03", exec(&["echo"]), 30, &[]);
    refused("two", two, 30, &[&format!(".httpGet: {ONE}")]);
    refused(
        "three",
        three,
        30,
        &[&format!(".httpGet: {ONE}"), &format!(".sleep: {ONE}")],
    );
    refused("VAL-15", wrong_second, 30, &[&format!(".httpGet: {ONE}")]);
    refused(
        "R3, order",
        all(&[sleep(99), tcp(0)]),
        30,
        &[
            &format!(".tcpSocket.port: Invalid value: 0: {RANGE}"),
            &format!(".sleep: {ONE}"),
        ],
    );
    refused(
        "VAL-18",
        tcp(0),
        30,
        &[&format!(".tcpSocket.port: Invalid value: 0: {RANGE}")],
    );
    refused("R6", tcp(8080), 30, &[]);
}

#[test]
fn ports() {
    let number = |value: i32| format!(".httpGet.port: Invalid value: {value}: {RANGE}");
    let name = |name: &str, why: &str| format!(".httpGet.port: Invalid value: \"{name}\": {why}");
    refused("VAL-04", port(0), 30, &[&number(0)]);
    refused("VAL-10", port(65536), 30, &[&number(65536)]);
    refused("below", port(-1), 30, &[&number(-1)]);
    refused("last", port(65535), 30, &[]);
    refused("VAL-07", named("port"), 30, &[]);
    refused(
        "empty",
        named(""),
        30,
        &[&name("", CHARSET), &name("", LETTER)],
    );
    refused("digits", named("80"), 30, &[&name("80", LETTER)]);
    refused(
        "--",
        named("a--b"),
        30,
        &[&name("a--b", "must not contain consecutive hyphens")],
    );
    for hyphen in ["-a", "a-"] {
        let why = "must not begin or end with a hyphen";
        refused(hyphen, named(hyphen), 30, &[&name(hyphen, why)]);
    }
    let long = "abcdefghijklmnop";
    refused(
        "16",
        named(long),
        30,
        &[&name(long, "must be no more than 15 characters")],
    );
    refused("15", named(&long[1..]), 30, &[]);
    refused(
        "capitals",
        named("HTTP"),
        30,
        &[&name("HTTP", CHARSET), &name("HTTP", LETTER)],
    );
    refused("%q", named("a\n\u{1b}"), 30, &[&name("a\\n\\x1b", CHARSET)]);
}

#[test]
fn schemes_and_headers() {
    for wrong in ["http", "FTP"] {
        let text = format!(
            ".httpGet.scheme: Unsupported value: \"{wrong}\": supported values: \"HTTP\", \"HTTPS\""
        );
        refused(wrong, scheme(wrong), 30, &[&text]);
    }
    refused("https", scheme("HTTPS"), 30, &[]);
    for wrong in ["X_Forwarded_For", "Host:", ""] {
        let text = format!(
            ".httpGet.httpHeaders: Invalid value: \"{wrong}\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
        );
        refused("VAL-12", headers(&["Accept", wrong]), 30, &[&text]);
    }
    refused(
        "VAL-14",
        headers(&["X-Forwarded-For", "X-Forwarded-For"]),
        30,
        &[],
    );
}

#[test]
fn sleeps() {
    let wrong = |seconds: i64, grace: i64| {
        format!(
            ".sleep: Invalid value: {seconds}: must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        )
    };
    refused("VAL-19", sleep(5), 30, &[]);
    refused("VAL-20", sleep(-1), 30, &[&wrong(-1, 30)]);
    refused("VAL-21", sleep(5), 3, &[&wrong(5, 3)]);
    refused("VAL-23", sleep(0), 30, &[]);
    refused("31 of 30", sleep(31), 30, &[&wrong(31, 30)]);
    refused("30 of 30", sleep(30), 30, &[]);
    refused("0 of 0", sleep(0), 0, &[]);
    let unknown = pod(vec![container("c", Some(pre_stop(sleep(99))))]);
    assert!(texts(&unknown).is_empty(), "no grace period, no check");
}

#[test]
fn before_defaults() {
    let undefaulted = |handler| texts(&pod(vec![container("c", Some(pre_stop(handler)))]));
    let schemeless = get(|get| get.path = Some("/".to_owned()));
    let unsupported = format!(
        "{PATH}.httpGet.scheme: Unsupported value: \"\": supported values: \"HTTP\", \"HTTPS\""
    );
    assert_eq!(undefaulted(schemeless.clone()), [unsupported], "VAL-05");
    refused("VAL-05", schemeless, 30, &[]);
    let required = format!("{PATH}.httpGet.path: Required value");
    assert_eq!(undefaulted(scheme("HTTP")), [required], "VAL-06");
    refused("VAL-06", scheme("HTTP"), 30, &[]);
}

#[test]
fn where_hooks_may_be() {
    let both = Lifecycle {
        post_start: Some(exec(&["x"])),
        ..pre_stop(exec(&["x"]))
    };
    let mut spec = pod(vec![container("c", None)]);
    spec.init_containers = vec![container("i", Some(pre_stop(LifecycleHandler::default())))];
    let forbidden = "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always";
    assert_eq!(defaulted(spec.clone()), [forbidden], "VAL-26");
    spec.init_containers = vec![ContainerSpec {
        restart_policy: Some(RestartPolicy::Always),
        ..container("i", Some(both.clone()))
    }];
    assert!(defaulted(spec.clone()).is_empty(), "VAL-27");
    spec.ephemeral_with_lifecycle = vec![1];
    let forbidden = "spec.ephemeralContainers[1].lifecycle: Forbidden: cannot be set for an Ephemeral Container";
    assert_eq!(defaulted(spec), [forbidden], "R2");
    let empty = pod(vec![container("c", Some(Lifecycle::default()))]);
    assert!(defaulted(empty).is_empty(), "VAL-32");
}

#[test]
fn stop_signals() {
    let refused = |os: Option<&str>, signal: &str| {
        let mut spec = pod(vec![container(
            "c",
            Some(Lifecycle {
                stop_signal: Some(signal.to_owned()),
                ..Lifecycle::default()
            }),
        )]);
        spec.os_name = os.map(str::to_owned);
        defaulted(spec)
    };
    let path = "spec.containers[0].lifecycle.stopSignal";
    assert!(refused(Some("linux"), "SIGHUP").is_empty(), "VAL-31");
    let forbidden =
        format!("{path}: Forbidden: may not be set for containers with empty `spec.os.name`");
    assert_eq!(refused(None, "SIGHUP"), [forbidden]);
    let unsupported = format!(
        "{path}: Unsupported value: \"SIGHUP\": supported values: \"SIGKILL\", \"SIGTERM\""
    );
    assert_eq!(refused(Some("windows"), "SIGHUP"), [unsupported]);
    assert!(refused(Some("windows"), "SIGTERM").is_empty());
}

#[test]
fn errors_come_in_the_order_of_the_api_server() {
    let bad = Lifecycle {
        post_start: Some(exec(&[])),
        pre_stop: Some(LifecycleHandler::default()),
        stop_signal: Some("SIGHUP".to_owned()),
    };
    let mut spec = pod(vec![container("a", Some(bad)), container("a", None)]);
    spec.pod.name.clear();
    spec.init_containers = vec![container("", Some(Lifecycle::default()))];
    let fields: Vec<_> = validate(&spec)
        .into_iter()
        .map(|error| error.field)
        .collect();
    assert_eq!(
        fields,
        [
            "metadata.name",
            "spec.containers[0].lifecycle.postStart.exec.command",
            "spec.containers[0].lifecycle.preStop",
            "spec.containers[0].lifecycle.stopSignal",
            "spec.containers[1].name",
            "spec.initContainers[0].name",
            "spec.initContainers[0].lifecycle",
        ]
    );
    let nothing = PodSpec::default();
    assert_eq!(
        texts(&nothing),
        [
            "metadata.name: Required value: name or generateName is required",
            "spec.containers: Required value",
        ]
    );
}
