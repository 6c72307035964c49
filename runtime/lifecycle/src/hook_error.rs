//! The kubelet's own texts about a hook that failed (R55, R57, R61, R62).
//!
//! They reach `status.containerStatuses[].state.waiting.message` and a report's
//! message, never an event: an event says only that the hook failed.

use crate::Hook;
use crate::quote::quote;
use crate::spec::{IntOrString, LifecycleHandler, TcpSocketAction};

/// Bytes of one answer of the container runtime: gRPC's limit on both sides.
pub const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// What an exec'd command came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecResult {
    /// How it ended.
    pub code: i32,
    /// The first 16 MiB of standard output.
    pub stdout: Vec<u8>,
    /// The first 16 MiB of standard error.
    pub stderr: Vec<u8>,
}

/// R57: the error of an exec'd command, and the output that comes with it; `None`
/// where it succeeded.
#[must_use]
pub fn exec_error(argv: &[String], result: &ExecResult) -> Option<(String, Vec<u8>)> {
    let size = answer_bytes(result);
    if size > MAX_ANSWER_BYTES {
        // R60: even a command that exited 0 fails.
        let error = format!(
            "rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max ({size} vs. {MAX_ANSWER_BYTES})"
        );
        return Some((error, Vec::new()));
    }
    if result.code == 0 {
        return None;
    }
    let error = format!(
        "command '{}' exited with {}: {}",
        argv.join(" "),
        result.code,
        String::from_utf8_lossy(&result.stderr)
    );
    Some((error, [&result.stdout[..], &result.stderr].concat()))
}

/// The size of the runtime's `ExecSyncResponse` on the wire.
fn answer_bytes(result: &ExecResult) -> u64 {
    let text = |bytes: &[u8]| match bytes.len() as u64 {
        0 => 0,
        length => 1 + varint_bytes(length) + length,
    };
    let code = match result.code {
        0 => 0,
        // A negative number is as long as 64 bits.
        code => 1 + varint_bytes(u64::try_from(code).unwrap_or(u64::MAX)),
    };
    text(&result.stdout) + text(&result.stderr) + code
}

fn varint_bytes(value: u64) -> u64 {
    u64::from((64 - (value | 1).leading_zeros()).div_ceil(7))
}

/// R57: a command that the runtime could not start; `why` as runc has it, like
/// `exec: "nope": executable file not found in $PATH`.
#[must_use]
pub fn cannot_start(why: &str, exec_id: &str) -> String {
    format!(
        "rpc error: code = Unknown desc = failed to exec in container: failed to start exec {}: OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown",
        quote(exec_id.as_bytes()),
    )
}

/// A main process that the runtime could not start; `why` as in [`cannot_start`].
#[must_use]
pub fn cannot_create(why: &str) -> String {
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {why}: unknown"
    )
}

/// R88: a command for a container that runs no longer.
#[must_use]
pub fn not_running() -> String {
    "rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state".to_owned()
}

/// Whose hook failed: container, and pod as `NAME_NAMESPACE(UID)`.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'n> {
    /// The container's name.
    pub container: &'n str,
    /// The pod's full name.
    pub pod: &'n str,
}

impl Whose<'_> {
    fn text(self) -> String {
        format!(
            "for Container {} in Pod {} failed",
            quote(self.container.as_bytes()),
            quote(self.pod.as_bytes())
        )
    }

    /// R61: an `exec` that failed; `output` is its stdout and stderr.
    #[must_use]
    pub fn exec(self, argv: &[String], error: &str, output: &[u8]) -> String {
        format!(
            "Exec lifecycle hook ([{}]) {} - error: {error}, message: {}",
            argv.join(" "),
            self.text(),
            quote(output)
        )
    }

    /// R55: an `httpGet` that failed.
    #[must_use]
    pub fn http_get(self, path: &str, error: &str) -> String {
        format!(
            "HTTP lifecycle hook ({path}) {} - error: {error}",
            self.text()
        )
    }

    /// R63: a `sleep` that was cut short.
    #[must_use]
    pub fn sleep(self, seconds: i64) -> String {
        format!(
            "Sleep lifecycle hook ({seconds}) {} - error: container terminated before sleep hook finished",
            self.text()
        )
    }
}

/// R62: a handler that the kubelet cannot run, as Go prints it.
#[must_use]
pub fn invalid_handler(handler: &LifecycleHandler) -> String {
    let tcp = handler
        .tcp_socket
        .as_ref()
        .map_or_else(|| "nil".to_owned(), tcp_socket);
    format!(
        "Cannot run handler: invalid handler: &LifecycleHandler{{Exec:nil,HTTPGet:nil,TCPSocket:{tcp},Sleep:nil,}}"
    )
}

fn tcp_socket(action: &TcpSocketAction) -> String {
    let port = match &action.port {
        IntOrString::Int(number) => format!("{{0 {number} }}"),
        IntOrString::String(name) => format!("{{1 0 {name}}}"),
    };
    let host = action.host.as_deref().unwrap_or_default();
    format!("&TCPSocketAction{{Port:{port},Host:{host},}}")
}

/// The event's text: the same whatever went wrong, so that secrets do not leak.
#[must_use]
pub const fn event_message(hook: Hook) -> &'static str {
    match hook {
        Hook::PostStart => "PostStartHook failed",
        Hook::PreStop => "PreStopHook failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// EXEC-05 and EXEC-06.
    #[test]
    fn an_exec_says_command_code_and_stderr() {
        let command = argv(&["sh", "-c", "echo no >&2; exit 3"]);
        let result = ExecResult {
            code: 3,
            stderr: b"no\n".to_vec(),
            ..ExecResult::default()
        };
        let (error, output) = exec_error(&command, &result).unwrap();
        assert_eq!(
            error,
            "command 'sh -c echo no >&2; exit 3' exited with 3: no\n"
        );
        let whose = Whose {
            container: "app",
            pod: "p_default(0b1c)",
        };
        assert_eq!(
            whose.exec(&command, &error, &output),
            "Exec lifecycle hook ([sh -c echo no >&2; exit 3]) for Container \"app\" in Pod \"p_default(0b1c)\" failed - error: command 'sh -c echo no >&2; exit 3' exited with 3: no\n, message: \"no\\n\""
        );
    }

    /// The sizes that a kubelet was seen to print.
    #[test]
    fn too_much_output_fails_even_a_success() {
        let result = |code, length| ExecResult {
            code,
            stdout: vec![b'a'; length],
            stderr: Vec::new(),
        };
        let error = |code, length| exec_error(&[], &result(code, length)).map(|(error, _)| error);
        assert!(
            error(0, 16 << 20)
                .unwrap()
                .contains("(16777221 vs. 16777216)")
        );
        assert!(
            error(1, 16 << 20)
                .unwrap()
                .contains("(16777223 vs. 16777216)")
        );
        assert_eq!(error(0, 15_000_000), None);
    }

    /// HTTP-32, INVALID-01 and what s07e shows.
    #[test]
    fn other_handlers_have_texts_of_their_own() {
        let whose = Whose {
            container: "containerFoo",
            pod: "podFoo_nsFoo(1)",
        };
        assert_eq!(
            whose.http_get("bar", "fake http error"),
            "HTTP lifecycle hook (bar) for Container \"containerFoo\" in Pod \"podFoo_nsFoo(1)\" failed - error: fake http error"
        );
        let tcp = LifecycleHandler {
            tcp_socket: Some(TcpSocketAction {
                port: IntOrString::Int(9090),
                host: Some("10.99.0.1".to_owned()),
            }),
            ..LifecycleHandler::default()
        };
        assert_eq!(
            invalid_handler(&tcp),
            "Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:&TCPSocketAction{Port:{0 9090 },Host:10.99.0.1,},Sleep:nil,}"
        );
        assert!(invalid_handler(&LifecycleHandler::default()).contains("TCPSocket:nil,"));
    }
}
