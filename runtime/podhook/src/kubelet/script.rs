//! What a scenario answers to a command, a request or a probe.

use crate::kubelet::scenario::{Exec, Http, Port, Scenario};
use podhook_lifecycle::hook_error::{self, ExecResult};
use podhook_lifecycle::port;
use podhook_lifecycle::probe::ProbeAnswer;
use podhook_lifecycle::quote::quote;
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

    /// How long a probe takes, and what comes of it.
    pub(super) fn probe_answer(
        &self,
        probe: &Probe,
        ports: &[ContainerPort],
    ) -> (Option<Duration>, ProbeAnswer) {
        let now = Some(Duration::ZERO);
        match &probe.action {
            ProbeAction::Exec(action) => match self.script(&action.command) {
                None => (now, ProbeAnswer::Success),
                Some(script) => exec_probe_answer(&action.command, &script),
            },
            ProbeAction::HttpGet(action) => match port::resolve(&action.port, ports) {
                Err(error) => (now, ProbeAnswer::Error(error)),
                Ok(port) => self.http_probe_answer(action, port),
            },
            ProbeAction::TcpSocket(_) | ProbeAction::Grpc(_) => (now, ProbeAnswer::Success),
        }
    }

    fn http_probe_answer(
        &self,
        action: &HttpGetAction,
        port: u16,
    ) -> (Option<Duration>, ProbeAnswer) {
        let status = self
            .http_script(action, port)
            .and_then(|script| script.status);
        match self.answer(action, port) {
            (takes, Some(error)) => (takes, ProbeAnswer::Failure(error)),
            (takes, None) => match status.unwrap_or(200) {
                200..400 => (takes, ProbeAnswer::Success),
                status => {
                    let output = format!("HTTP probe failed with statuscode: {status}");
                    (takes, ProbeAnswer::Failure(output))
                }
            },
        }
    }
}

fn exec_probe_answer(argv: &[String], script: &Exec) -> (Option<Duration>, ProbeAnswer) {
    if let Some(why) = &script.cannot_start {
        let program = argv.first().map_or("", String::as_str);
        let why = format!("exec: {}: {why}", quote(program.as_bytes()));
        let error = hook_error::cannot_start(&why, &format!("{:064x}", 0));
        return (Some(Duration::ZERO), ProbeAnswer::Error(error));
    }
    let answer = match script.exit_code {
        0 => ProbeAnswer::Success,
        _ => {
            let printed = result(script);
            let output = [printed.stdout, printed.stderr].concat();
            ProbeAnswer::Failure(String::from_utf8_lossy(&output).into_owned())
        }
    };
    (script.takes_seconds, answer)
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
