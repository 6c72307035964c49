//! Pods as people write them, and what is none.

use super::*;
use podhook_lifecycle::spec::{IntOrString, ProbeAction, RestartPolicy};

const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  restartPolicy: OnFailure
  terminationGracePeriodSeconds: 60
  os: {name: linux}
  volumes:
  - name: v
    emptyDir: {sizeLimit: 1000}
  initContainers:
  - name: side
    restartPolicy: Always
    image: side:1
  containers:
  - name: main
    image: web:1
    command: [web]
    args: ["-v"]
    workingDir: /srv
    envFrom: [{secretRef: {name: s}}]
    env:
    - {name: A, value: "1"}
    - {name: B, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: C}
    ports: [{name: http, containerPort: 8080}]
    resources:
      limits: {cpu: 0.5, memory: 64Mi}
      requests: {cpu: 2}
    restartPolicy: Never
    restartPolicyRules:
    - action: Restart
      exitCodes: {operator: NotIn, values: [1, 2]}
    livenessProbe: {httpGet: {port: http}, periodSeconds: 3}
    readinessProbe: {exec: {command: [true-ish]}}
    startupProbe: {grpc: {port: 9}}
    lifecycle:
      stopSignal: SIGUSR1
      postStart: {exec: {command: [a, b]}}
      preStop: {httpGet: {path: /bye, port: 80, httpHeaders: [{name: X, value: "y"}]}}
"#;

fn pod(text: &str) -> Result<PodFile, PodError> {
    located::read(text.as_bytes())
        .map_err(PodError::from)
        .and_then(PodFile::from_node)
}

fn refused(text: &str) -> String {
    pod(text).unwrap_err().to_string()
}

/// What is refused where a line of [`POD`] reads otherwise.
fn changed(line: &str, other: &str) -> String {
    assert!(POD.contains(line), "{line}");
    refused(&POD.replace(line, other))
}

#[test]
fn all_that_touches_hooks_is_taken_over() {
    let read = pod(POD).unwrap();
    let spec = &read.spec;
    assert_eq!(spec.full_name(), "web_default()");
    assert_eq!(spec.pod.labels, [("app".to_owned(), "web".to_owned())]);
    assert_eq!(spec.restart_policy, RestartPolicy::OnFailure);
    assert_eq!(spec.termination_grace_period_seconds, Some(60));
    assert_eq!(spec.os_name.as_deref(), Some("linux"));
    assert_eq!(
        spec.init_containers[0].restart_policy,
        Some(RestartPolicy::Always)
    );
    let main = &spec.containers[0];
    assert_eq!(
        (&main.command[..], &main.args[..]),
        (&["web".to_owned()][..], &["-v".to_owned()][..])
    );
    assert_eq!(
        main.env,
        [
            ("A".to_owned(), "1".to_owned()),
            ("C".to_owned(), String::new())
        ]
    );
    assert_eq!(main.resources.limits.memory, Some(64 << 20));
    assert_eq!(main.restart_rules[0].values, [1, 2]);
    assert!(main.restart_rules[0].not_in);
    assert_eq!(main.ports[0].container_port, 8080);
    let liveness = main.liveness_probe.as_ref().unwrap();
    assert_eq!(
        (
            liveness.period_seconds,
            liveness.timeout_seconds,
            liveness.failure_threshold
        ),
        (3, 1, 3)
    );
    let ProbeAction::HttpGet(get) = &liveness.action else {
        panic!("{liveness:?}");
    };
    assert_eq!(
        (get.path.as_deref(), &get.port),
        (Some("/"), &IntOrString::String("http".to_owned()))
    );
    assert_eq!(
        main.startup_probe.as_ref().unwrap().action,
        ProbeAction::Grpc(9)
    );
    let lifecycle = main.lifecycle.as_ref().unwrap();
    assert_eq!(lifecycle.stop_signal.as_deref(), Some("SIGUSR1"));
    let get = lifecycle
        .pre_stop
        .as_ref()
        .unwrap()
        .http_get
        .as_ref()
        .unwrap();
    assert_eq!(
        (get.scheme.as_ref(), &get.headers[..]),
        (None, &[("X".to_owned(), "y".to_owned())][..])
    );
    assert_eq!(
        read.silent.elsewhere,
        [
            "spec.containers[0].envFrom",
            "spec.containers[0].env[1].valueFrom"
        ]
    );
    assert_eq!(read.line_of("spec.containers[0].lifecycle.preStop"), 43);
}

/// The downward API, as far as the file itself knows; the rest is a cluster's.
#[test]
fn fields_of_the_pod_become_variables() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod",
      "metadata": {"name": "web", "namespace": "shop", "labels": {"app.io/x": "y"}},
      "spec": {"nodeName": "n1", "containers": [{"name": "c", "env": [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "SPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app.io/x']"}}},
        {"name": "NONE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['no']"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}
      ]}]}}"#;
    let read = pod(text).unwrap();
    let pairs: Vec<_> = read.spec.containers[0]
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        pairs,
        ["NAME=web", "SPACE=shop", "LABEL=y", "NONE=", "NODE=n1"]
    );
    assert_eq!(
        read.silent.elsewhere,
        ["spec.containers[0].env[5].valueFrom"]
    );
}

/// An emptyDir needs nothing but a place; what else a volume may be is a cluster's.
#[test]
fn volumes_are_empty_or_elsewhere() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
      "spec": {"volumes": [{"name": "work", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "s"}}],
      "containers": [{"name": "c", "volumeMounts": [{"name": "work", "mountPath": "/w", "subPath": "a"}]}]}}"#;
    let read = pod(text).unwrap();
    assert_eq!(read.spec.empty_dirs, ["work"]);
    assert_eq!(read.silent.elsewhere, ["spec.volumes[1]"]);
    let mount = &read.spec.containers[0].volume_mounts[0];
    assert_eq!(
        (&*mount.name, &*mount.mount_path, mount.sub_path.as_deref()),
        ("work", "/w", Some("a"))
    );
}

/// A person should hear of what they asked for and do not get.
#[test]
fn what_has_no_effect_here_is_known() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
      "spec": {"securityContext": {"runAsUser": 1000}, "containers": [
        {"name": "a", "securityContext": {}, "livenessProbe": {"grpc": {"port": 1}}},
        {"name": "b", "securityContext": {"readOnlyRootFilesystem": true},
         "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "$(A)"}]}]}}"#;
    assert_eq!(
        pod(text).unwrap().silent.unplayed,
        [
            "spec.securityContext",
            "spec.containers[0].livenessProbe.grpc",
            "spec.containers[1].securityContext",
            "spec.containers[1].volumeMounts[0].subPathExpr",
        ]
    );
}

#[test]
fn a_generated_name_is_a_name() {
    let text = POD.replace("name: web\n", "generateName: web-\n");
    assert_eq!(pod(&text).unwrap().spec.pod.name, "web-xxxxx");
}

#[test]
fn other_kinds_are_named() {
    assert_eq!(
        changed("kind: Pod", "kind: Deployment"),
        "line 3: kind: a Deployment, not a Pod"
    );
    assert_eq!(
        changed("apiVersion: v1", "apiVersion: v2"),
        "line 2: apiVersion: that of a Pod is v1, not \"v2\""
    );
    assert_eq!(
        changed("kind: Pod", "# kind: Pod"),
        "line 2: kind: missing: not a pod"
    );
    assert_eq!(refused("[]"), "not a pod: not even a mapping");
    let hint = pod("kind: List").unwrap_err().of_file("f").to_string();
    assert_eq!(
        hint,
        "error: f: line 1: kind: a List, not a Pod\nhint: take one pod out of its items"
    );
}

#[test]
fn fields_that_are_not_there_are_all_named() {
    let text = POD.replace("    lifecycle:", "    lifecyle: {}\n    lifecycle:");
    let text = text.replace("port: 80,", "prot: 80,");
    assert_eq!(
        refused(&text),
        "line 40: unknown field \"spec.containers[0].lifecyle\"; line 44: unknown field \"spec.containers[0].lifecycle.preStop.httpGet.prot\""
    );
    let error = pod(&text).unwrap_err().of_file("f").to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(
        error
            .lines()
            .all(|line| line.starts_with("error: f: line ")),
        "{error}"
    );
}

#[test]
fn wrong_types_are_named_with_their_place() {
    let table = [
        (
            "containerPort: 8080",
            "containerPort: http",
            "line 29: spec.containers[0].ports[0].containerPort: invalid type: string \"http\", expected i32",
        ),
        (
            "value: \"1\"",
            "value: 1",
            "line 26: spec.containers[0].env[0].value: invalid type: integer `1`",
        ),
        (
            "command: [web]",
            "command: web",
            "line 21: spec.containers[0].command: invalid type: string",
        ),
        (
            "Seconds: 60",
            "Seconds: 1m",
            "line 9: spec.terminationGracePeriodSeconds: invalid type",
        ),
        (
            "memory: 64Mi",
            "memory: 64MB",
            "line 31: spec.containers[0].resources.limits[memory]: invalid quantity \"64MB\"",
        ),
        (
            "restartPolicy: OnFailure",
            "restartPolicy: always",
            "line 8: spec.restartPolicy: Unsupported value: \"always\"",
        ),
        ("operator: NotIn", "operator: No", "exitCodes.operator: "),
        (
            "exec: {command: [true-ish]}",
            "periodSeconds: -1",
            "periodSeconds: Invalid value: -1",
        ),
    ];
    for (line, other, words) in table {
        let error = changed(line, other);
        assert!(error.contains(words), "{error}");
    }
    let whole = pod(&POD.replace("Seconds: 60", "Seconds: 6e1")).unwrap();
    assert_eq!(whole.spec.termination_grace_period_seconds, Some(60));
}

#[test]
fn any_text_is_answered() {
    for cut in 0..POD.len() {
        let _ = pod(&POD[..cut]).map_err(|error| error.of_file("f").to_string());
        let _ = pod(&POD[cut..]).map_err(|error| error.of_file("f").to_string());
    }
}
