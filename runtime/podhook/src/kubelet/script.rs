//! What a scenario answers to a command, a request or a probe.

use crate::kubelet::scenario::{Exec, Http, Port, Scenario};
use podhook_lifecycle::hook_error::{self, ExecResult};
use podhook_lifecycle::port;
use podhook_lifecycle::spec::{ContainerPort, HttpGetAction, IntOrString, Probe, ProbeAction};
use std::time::Duration;

/// The address of a simulated pod.
const POD_IP: &str = "127.0.0.1";

impl Scenario {
    pub(super) fn script(&self, argv: &[String]) -> Option<Exec> {
        let found = self.exec.iter().find(|exec| exec.command == argv);
        found.cloned()
    }

    /// How long a request takes, and the error it ends with.
    pub(super) fn answer(
        &self,
        action: &HttpGetAction,
        port: u16,
    ) -> (Option<Duration>, Option<String>) {
        let Some(script) = self.http_script(action, port) else {
            return (Some(Duration::ZERO), None);
        };
        let error = script
            .error
            .as_ref()
            .map(|error| match error.starts_with("Get ") {
                true => error.clone(),
                false => {
                    let host = action.host.as_deref().unwrap_or(POD_IP);
                    let scheme = action.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
                    let path = action.path.as_deref().unwrap_or_default();
                    let path = path.trim_start_matches('/');
                    format!(
                        "Get \"{scheme}://{}/{path}\": {error}",
                        authority(host, port)
                    )
                }
            });
        (script.takes_seconds, error)
    }

    pub(super) fn http_script(&self, action: &HttpGetAction, port: u16) -> Option<&Http> {
        let path = action.path.as_deref().unwrap_or("/");
        let same = |a: &str, b: &str| a.trim_start_matches('/') == b.trim_start_matches('/');
        self.http.iter().find(|http| {
            let port_fits = match (&http.port, &action.port) {
                (Port::Number(number), _) => *number == port,
                (Port::Name(name), IntOrString::String(used)) => name == used,
                (Port::Name(name), IntOrString::Int(_)) => *name == port.to_string(),
            };
            port_fits
                && http.path.as_deref().is_none_or(|known| same(known, path))
                && http
                    .host
                    .as_deref()
                    .is_none_or(|known| known == action.host.as_deref().unwrap_or(POD_IP))
        })
    }

    pub(super) fn probe_answer(
        &self,
        probe: &Probe,
        ports: &[ContainerPort],
    ) -> (Option<Duration>, bool, String) {
        match &probe.action {
            ProbeAction::Exec(action) => match self.script(&action.command) {
                None => (Some(Duration::ZERO), true, String::new()),
                Some(Exec {
                    cannot_start: Some(why),
                    ..
                }) => (Some(Duration::ZERO), false, why),
                Some(script) => {
                    let printed = result(&script);
                    let output = [printed.stdout, printed.stderr].concat();
                    let output = String::from_utf8_lossy(&output).into_owned();
                    (script.takes_seconds, script.exit_code == 0, output)
                }
            },
            ProbeAction::HttpGet(action) => match port::resolve(&action.port, ports) {
                Err(error) => (Some(Duration::ZERO), false, error),
                Ok(port) => self.http_probe_answer(action, port),
            },
            ProbeAction::TcpSocket(_) | ProbeAction::Grpc(_) => {
                (Some(Duration::ZERO), true, String::new())
            }
        }
    }

    pub(super) fn http_probe_answer(
        &self,
        action: &HttpGetAction,
        port: u16,
    ) -> (Option<Duration>, bool, String) {
        let status = self
            .http_script(action, port)
            .and_then(|script| script.status);
        match self.answer(action, port) {
            (takes, Some(error)) => (takes, false, error),
            (takes, None) => {
                let status = status.unwrap_or(200);
                let success = (200..400).contains(&status);
                let output = format!("HTTP probe failed with statuscode: {status}");
                (takes, success, output)
            }
        }
    }
}

/// Host and port, an IPv6 address in brackets.
fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// What a scripted command prints; where only a number of bytes is given, as many
/// letters, up to what a runtime keeps.
pub(super) fn result(script: &Exec) -> ExecResult {
    let text = |text: &Option<String>, bytes: Option<u64>, letter: u8| match (text, bytes) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, None) => Vec::new(),
        (None, Some(bytes)) => {
            let kept = bytes.min(hook_error::MAX_ANSWER_BYTES);
            vec![letter; usize::try_from(kept).unwrap_or(0)]
        }
    };
    ExecResult {
        code: script.exit_code,
        stdout: text(&script.stdout, script.stdout_bytes, b'a'),
        stderr: text(&script.stderr, script.stderr_bytes, b'E'),
    }
}
