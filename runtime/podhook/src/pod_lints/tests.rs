//! What is found, and that ordinary pods are left alone.

use super::*;
use crate::pod_file::located;
use podhook_lifecycle::spec::defaults;

/// `FIELD: MESSAGE` of a pod with one container, its fields and the pod's in YAML.
fn findings(container: &str, spec: &str) -> Vec<String> {
    let text = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{{spec} containers: [{{name: c, image: nginx, {container}}}]}}}}"
    );
    let root = located::read(text.as_bytes()).unwrap();
    let mut spec = crate::pod_file::PodFile::from_node(root).unwrap().spec;
    defaults::apply(&mut spec);
    let lints = lint(&spec).into_iter();
    lints
        .map(|lint| format!("{}: {}", lint.field, lint.message))
        .collect()
}

/// Findings about one hook, each by some of its words.
fn finds(hook: &str, spec: &str, words: &[&str]) {
    let found = findings(&format!("lifecycle: {{{hook}}}"), spec);
    assert_eq!(found.len(), words.len(), "{hook} {spec}: {found:#?}");
    for (finding, words) in found.iter().zip(words) {
        assert!(
            finding.starts_with("spec.containers[0].lifecycle."),
            "{finding}"
        );
        assert!(finding.contains(words), "{finding} has not {words:?}");
    }
}

/// A shell script as preStop.
fn script(script: &str) -> String {
    format!("preStop: {{exec: {{command: [sh, -c, {script:?}]}}}}")
}

fn start(script: &str) -> String {
    format!("postStart: {{exec: {{command: [sh, -c, {script:?}]}}}}")
}

#[test]
fn ordinary_hooks_are_left_alone() {
    for hook in [
        "preStop: {sleep: {seconds: 5}}",
        "postStart: {sleep: {seconds: 60}}",
        "preStop: {exec: {command: [sleep, '10']}}",
        "preStop: {exec: {command: [/usr/sbin/nginx, -s, quit]}}",
        "preStop: {exec: {command: [awk, '{print $1}', f]}}",
        &script("sleep 5 && nginx -s quit; while killall -0 nginx; do sleep 1; done"),
        &script("if true; then sleep 100; fi"),
        &script("echo $(date) $(cat x) > /proc/1/fd/1"),
        &start("echo Hello from the postStart handler > /usr/share/message"),
        &start("while true; do ready && break; sleep 1; done"),
        &start("tail -f log >/dev/null 2>&1 &"),
        "",
    ] {
        finds(hook, "", &[]);
    }
}

#[test]
fn time_comes_off_the_grace_period() {
    finds(
        "preStop: {sleep: {seconds: 15}}",
        "",
        &["takes 15 s off the grace period of 30 s: the container is left 15 s"],
    );
    finds(
        "preStop: {sleep: {seconds: 30}}",
        "",
        &["takes 30 s, all of the grace period of 30 s"],
    );
    finds(
        "preStop: {sleep: {seconds: 30}}",
        "terminationGracePeriodSeconds: 90,",
        &[],
    );
    finds(
        &script("touch x; sleep 20; sleep 0.5m"),
        "",
        &["takes 50 s, all of"],
    );
    finds(
        "preStop: {exec: {command: [/bin/sleep, 1m]}}",
        "",
        &["takes 60 s, all of"],
    );
    finds(
        "preStop: {exec: {command: [x]}}",
        "terminationGracePeriodSeconds: 0,",
        &["waits 1 s"],
    );
}

#[test]
fn what_does_not_end() {
    finds(&start("tail -f /var/log/x"), "", &["cannot be deleted"]);
    finds(
        &start("while true; do sync; sleep 5; done"),
        "",
        &["cannot be deleted"],
    );
    finds(
        "postStart: {exec: {command: [sleep, infinity]}}",
        "",
        &["cannot be deleted"],
    );
    finds(
        "preStop: {exec: {command: [tail, -f, x]}}",
        "",
        &["all of the grace period"],
    );
}

#[test]
fn requests() {
    let get = "preStop: {httpGet: {port: 80}}";
    finds(get, "", &["ignores the status code"]);
    finds(
        "postStart: {httpGet: {port: 80}}",
        "",
        &["ignores", "no timeout"],
    );
    finds(get, "hostNetwork: true,", &["ignores", "134285"]);
    finds(
        "preStop: {httpGet: {port: 80, host: h}}",
        "hostNetwork: true,",
        &["ignores", "Pod Security"],
    );
    finds(
        "preStop: {httpGet: {port: web}}",
        "",
        &["ignores", "no port of this container"],
    );
    finds("preStop: {httpGet: {port: '80'}}", "", &["ignores"]);
    let other = "initContainers: [{name: i, ports: [{name: web, containerPort: 1}]}],";
    finds(
        "preStop: {httpGet: {port: web}}",
        other,
        &["ignores", "another container's port"],
    );
    let own =
        "ports: [{name: web, containerPort: 1}], lifecycle: {preStop: {httpGet: {port: web}}}";
    assert_eq!(findings(own, "").len(), 1);
    finds("preStop: {tcpSocket: {port: 80}}", "", &["always fails"]);
    finds(
        "postStart: {tcpSocket: {port: 80, host: h}}",
        "",
        &["again and again", "Pod Security"],
    );
}

#[test]
fn commands_that_want_a_shell() {
    let exec = |words: &str| format!("preStop: {{exec: {{command: [{words}]}}}}");
    finds(&exec("'nginx -s quit'"), "", &["one word with spaces"]);
    finds(
        &exec("nginx, -s, quit, '&&', sleep, '5'"),
        "",
        &["without a shell"],
    );
    finds(&exec("touch, $HOME/x"), "", &["without a shell"]);
    finds(&exec("touch, /x/$(POD_NAME)"), "", &["without a shell"]);
    finds(
        &script("echo $(POD_NAME)"),
        "",
        &["runs POD_NAME as a command"],
    );
    let bare =
        "image: gcr.io/distroless/static, lifecycle: {preStop: {exec: {command: [sh, -c, x]}}}";
    let text =
        format!("{{apiVersion: v1, kind: Pod, spec: {{containers: [{{name: c, {bare}}}]}}}}");
    let root = located::read(text.as_bytes()).unwrap();
    let lints = lint(&crate::pod_file::PodFile::from_node(root).unwrap().spec);
    assert!(lints[0].message.contains("has no sh"), "{lints:?}");
}

#[test]
fn the_rest() {
    finds(
        "preStop: {exec: {command: [x]}}",
        "restartPolicy: Never,",
        &["ends by itself"],
    );
    finds(
        "stopSignal: SIGUSR1",
        "os: {name: linux},",
        &["ContainerStopSignals"],
    );
    finds(&start("set -x; login $PASSWORD"), "", &["pod's status"]);
    finds(&start("echo $TOKEN"), "restartPolicy: Never,", &[]);
}
