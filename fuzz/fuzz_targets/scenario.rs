//! Whatever a scenario says, it is refused (exit status 78) or the simulation ends; the same
//! scenario gives the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_host::fuzzing;
use podhook_runner::CommandError;

/// Every kind of container, and handlers and probes that a scenario can name. Probes are few
/// and far between: what they print may be large.
const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, uid: '00000000-0000-4000-8000-000000000000'}
spec:
  terminationGracePeriodSeconds: 20
  initContainers:
    - {name: setup, image: setup}
    - name: side
      image: side
      restartPolicy: Always
      lifecycle: {preStop: {sleep: {seconds: 2}}}
  containers:
    - name: app
      image: app
      ports: [{name: http, containerPort: 8080}]
      lifecycle:
        postStart: {exec: {command: [start]}}
        preStop: {httpGet: {path: /quit, port: http}}
      startupProbe: {exec: {command: [started]}, periodSeconds: 300}
      livenessProbe: {httpGet: {path: /live, port: 8080}, periodSeconds: 300}
    - name: log
      image: log
      lifecycle:
        postStart: {httpGet: {path: /, port: 80}}
        preStop: {exec: {command: [stop]}}
      readinessProbe: {exec: {command: [ready]}, periodSeconds: 300}
"#;

/// What is printed of it; `None`: it would take long.
fn simulated(scenario: &[u8]) -> Result<Option<String>, CommandError> {
    fuzzing::simulated(POD.as_bytes(), scenario)
}

/// Were the pod none, nothing would ever be tried.
fn prepare() {
    assert!(simulated(b"{}").is_ok_and(|printed| printed.is_some()));
}

fuzz_target!(init: prepare(), |data: &[u8]| {
    match (simulated(data), simulated(data)) {
        (Ok(one), Ok(other)) => assert_eq!(one, other),
        (Err(one), Err(other)) => {
            assert_eq!(one.status(), 78, "{one}");
            assert_eq!(one.to_string(), other.to_string());
        }
        (Ok(_), Err(why)) | (Err(why), Ok(_)) => panic!("once only: {why}"),
    }
});
