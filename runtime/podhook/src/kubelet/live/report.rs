//! What came of a handler that is no module: its report, in the kubelet's words.
//!
//! Pure but for the clock that a report has to name.

use crate::local::{ExecResult, KILLED, OVER, Output};
use podhook_lifecycle::hook_error::{self, Whose};
use podhook_lifecycle::{
    CancelReason, Failure, Invocation, InvocationId, Level, LogRecord, Outcome, Report,
};
use podhook_runner::Runner;

/// A hook that ended.
pub(super) struct Finished {
    pub(super) report: Report,
    /// How its process ended, where there was one.
    pub(super) exit: Option<Exit>,
}

/// The end of an exec'd hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i32),
    /// With its container.
    Killed,
}

impl Finished {
    /// Of a handler without a process.
    pub(super) fn without_process(call: &Invocation, result: Result<(), String>) -> Self {
        let outcome = match result {
            Ok(()) => Outcome::Succeeded,
            Err(_) => Outcome::Failed(Failure::Failed),
        };
        Self {
            report: Report::without_run(call, outcome, result.err()),
            exit: None,
        }
    }

    /// Of one that nobody waits for any more.
    pub(super) fn abandoned(call: &Invocation, why: String) -> Self {
        let outcome = Outcome::Cancelled(CancelReason::Terminated);
        Self {
            report: Report::without_run(call, outcome, Some(why)),
            exit: None,
        }
    }

    /// Of a local command (R57, R61).
    pub(super) fn local(
        call: &Invocation,
        argv: &[String],
        result: ExecResult,
        whose: Whose<'_>,
    ) -> Self {
        let (code, output, exit) = match result {
            ExecResult::CannotStart(why) => return Self::not_started(call, argv, &why, whose),
            ExecResult::Exited { code, output } => (code, output, Exit::Code(code)),
            ExecResult::Killed { code, output } => (code, output, Exit::Killed),
        };
        let cap = call.budget.caps.output;
        let totals = (output.stdout_total, output.stderr_total);
        let Output { stdout, stderr, .. } = output;
        let result = hook_error::ExecResult {
            code,
            stdout,
            stderr,
        };
        let error = hook_error::exec_error(argv, &result);
        let message = error.map(|(error, output)| whose.exec(argv, &error, &output));
        let outcome = outcome(exit, message.is_some());
        let mut report = Report::without_run(call, outcome, message);
        report.guest_exit_code = u32::try_from(code).ok();
        (report.output.stdout, report.output.stdout_cut) = cut(result.stdout, totals.0, cap);
        (report.output.stderr, report.output.stderr_cut) = cut(result.stderr, totals.1, cap);
        Self {
            report,
            exit: Some(exit),
        }
    }

    /// R56, R88: no process came about.
    pub(super) fn not_started(
        call: &Invocation,
        argv: &[String],
        why: &str,
        whose: Whose<'_>,
    ) -> Self {
        let error = not_executed(why, call.id);
        Self::without_process(call, Err(whose.exec(argv, &error, b"")))
    }

    /// Of a module, which ends as the process would have that it stands for.
    pub(super) fn module(
        mut report: Report,
        argv: &[String],
        line: Option<String>,
        died_with_container: bool,
        whose: Whose<'_>,
    ) -> Self {
        // Whatever it came to, a process would have come to this.
        let (code, exit) = match died_with_container {
            true => (KILLED, Exit::Killed),
            false => {
                let code = i32::from(report.outcome.exit_status());
                (code, Exit::Code(code))
            }
        };
        let line = line.filter(|_| !died_with_container);
        if died_with_container {
            report.outcome = Outcome::Cancelled(CancelReason::Terminated);
        }
        let mut stderr = report.output.stderr.clone();
        stderr.extend(line.into_iter().flat_map(|line| (line + "\n").into_bytes()));
        let result = hook_error::ExecResult {
            code,
            stdout: report.output.stdout.clone(),
            stderr,
        };
        let error = hook_error::exec_error(argv, &result);
        report.message = error.map(|(error, output)| whose.exec(argv, &error, &output));
        Self {
            report,
            exit: Some(exit),
        }
    }

    /// The same, with something for a person that no kubelet shows.
    pub(super) fn noted(mut self, message: String) -> Self {
        self.report.logs.push(LogRecord {
            level: Level::Info,
            target: "podhook".to_owned(),
            message,
            fields: Vec::new(),
        });
        self
    }
}

/// What a runtime says of a command that it did not start, and its name for it.
pub(super) fn not_executed(why: &str, id: InvocationId) -> String {
    match why == OVER {
        true => hook_error::not_running(),
        false => {
            let id = format!("{:032x}{:032x}", id.0, Runner::new_id().0);
            hook_error::cannot_start(why, &id)
        }
    }
}

fn outcome(exit: Exit, failed: bool) -> Outcome {
    match (exit, failed) {
        (_, false) => Outcome::Succeeded,
        (Exit::Killed, true) => Outcome::Cancelled(CancelReason::Terminated),
        // It succeeded, and printed too much (R60).
        (Exit::Code(0), true) => Outcome::Failed(Failure::Failed),
        (Exit::Code(code), true) => match u8::try_from(code) {
            Ok(code @ 1..=125) => Outcome::Failed(Failure::Exit(code)),
            _ => Outcome::Trapped,
        },
    }
}

/// The first and the last of what was printed, and how much is left out between.
fn cut(mut bytes: Vec<u8>, total: u64, cap: usize) -> (Vec<u8>, u64) {
    if bytes.len() > cap {
        let head = cap / 2;
        let tail = bytes.len() - (cap - head);
        bytes.drain(head..tail);
    }
    let kept = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    (bytes, total.saturating_sub(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_left_out_and_counted() {
        assert_eq!(cut(b"abc".to_vec(), 3, 4), (b"abc".to_vec(), 0));
        assert_eq!(cut(b"abcdefgh".to_vec(), 8, 4), (b"abgh".to_vec(), 4));
        assert_eq!(cut(b"abcdefgh".to_vec(), 100, 5), (b"abfgh".to_vec(), 95));
    }

    #[test]
    fn a_local_command_ends_as_a_module_would() {
        assert_eq!(outcome(Exit::Code(0), false), Outcome::Succeeded);
        let failed = |code| outcome(Exit::Code(code), true);
        assert_eq!(failed(3), Outcome::Failed(Failure::Exit(3)));
        assert_eq!(failed(0), Outcome::Failed(Failure::Failed));
        assert_eq!(failed(137), Outcome::Trapped);
    }
}
