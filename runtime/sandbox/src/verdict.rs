//! Tells apart the ways a run can have ended; the only place that takes errors
//! apart, and it does so by type.

use crate::bindings::podhook::lifecycle::types::HookError;
use crate::pool;
use crate::record::{CapMet, OomKilled, Record};
use podhook_lifecycle::{
    CancelReason, Failure, HttpResponse, Invocation, Outcome, OverLimit, Refusal, Resource,
};
use std::any::Any;
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, Trap};
use wasmtime_wasi::I32Exit;

/// What the guest's entry gave back.
pub(crate) enum Answer {
    Exit(Result<(), ()>),
    Lifecycle(Result<(), HookError>),
    Http(HttpResponse),
    /// A module of kind `http` that gave an error, or nothing; why.
    NoHttp(String),
}

/// Where an error came from.
pub(crate) enum Fault {
    /// While the guest was made.
    Instantiate(Error),
    /// While it ran.
    Call(Error),
    /// Before either, and not for its sake.
    Host(Error),
}

/// How the run came to its end.
pub(crate) enum Ending {
    Returned(Result<Answer, Fault>),
    DeadlinePassed,
    Cancelled(CancelReason),
    Panicked(String),
}

impl Ending {
    pub(crate) fn from_panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked(text.unwrap_or_else(|| "a panic without text".to_owned()))
    }
}

/// The deadline passed while the guest computed.
#[derive(Debug, thiserror::Error)]
#[error("the deadline passed")]
pub(crate) struct DeadlinePassed;

/// Somebody said stop while the guest computed.
#[derive(Debug, thiserror::Error)]
#[error("the run was cancelled")]
pub(crate) struct Stopped(pub(crate) CancelReason);

/// A core module called `proc_exit`, with any 32-bit number.
#[derive(Debug, thiserror::Error)]
#[error("exit status {0}")]
pub(crate) struct ProcExit(pub(crate) u32);

/// What is said of a run's end.
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    pub(crate) guest_exit_code: Option<u32>,
    pub(crate) response: Option<HttpResponse>,
}

impl Verdict {
    fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        let mut message = message.into();
        // A guest may say a lot; a report has room for some of it.
        if message.len() > MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE));
            message.push('…');
            message.shrink_to_fit();
        }
        Self {
            outcome,
            message: Some(message),
            guest_exit_code: None,
            response: None,
        }
    }

    fn succeeded() -> Self {
        Self {
            outcome: Outcome::Succeeded,
            message: None,
            guest_exit_code: None,
            response: None,
        }
    }

    pub(crate) fn refused(refusal: Refusal, why: String) -> Self {
        Self::new(Outcome::Refused(refusal), why)
    }

    /// Before there was anything that could run.
    pub(crate) fn oom_killed(killed: OomKilled) -> Self {
        oom_killed(killed.0)
    }

    pub(crate) fn host_fault(error: &Error) -> Self {
        Self::fault(format!("{error:#}"))
    }

    pub(crate) fn fault(why: String) -> Self {
        Self::new(Outcome::HostFault, why)
    }
}

/// Bytes of a report's message.
const MAX_MESSAGE: usize = 4096;

/// The verdict over one run.
pub(crate) fn judge(ending: Ending, call: &Invocation, record: &Record) -> Verdict {
    if let Some(over) = record.over_limit() {
        return oom_killed(over);
    }
    let verdict = match ending {
        Ending::DeadlinePassed => deadline_passed(call),
        Ending::Cancelled(reason) => cancelled(reason),
        Ending::Panicked(text) => Verdict::new(Outcome::HostFault, format!("panic: {text}")),
        Ending::Returned(Ok(answer)) => answered(answer),
        Ending::Returned(Err(fault)) => faulted(&fault, call),
    };
    blame(verdict, call, record)
}

/// A hook that failed after it met a cap failed because of it; one that was refused
/// a folder should be told of the option.
fn blame(mut verdict: Verdict, call: &Invocation, record: &Record) -> Verdict {
    let own_fault = matches!(verdict.outcome, Outcome::Failed(_) | Outcome::Trapped);
    if !own_fault {
        return verdict;
    }
    if let Some(resource) = record.cap_met() {
        let cap = cap_met(resource);
        verdict.message = Some(match verdict.message {
            Some(message) => format!("{}; then: {message}", cap.message.unwrap_or_default()),
            None => cap.message.unwrap_or_default(),
        });
        verdict.outcome = cap.outcome;
    } else if call.grants.dirs.is_empty() && record.has_looked_for_folders() {
        let hint = "if it looked for files: no folder is granted (--dir HOST::GUEST)";
        verdict.message = Some(match verdict.message {
            Some(message) => format!("{message}; {hint}"),
            None => hint.to_owned(),
        });
    }
    verdict
}

fn answered(answer: Answer) -> Verdict {
    match answer {
        Answer::Exit(Ok(())) => exited(0),
        Answer::Exit(Err(())) => exited(1),
        Answer::Lifecycle(Ok(())) => Verdict::succeeded(),
        Answer::Lifecycle(Err(HookError::Failed(text))) => {
            Verdict::new(Outcome::Failed(Failure::Failed), text)
        }
        Answer::Lifecycle(Err(HookError::Retryable(text))) => {
            Verdict::new(Outcome::Failed(Failure::Retryable), text)
        }
        Answer::Lifecycle(Err(HookError::InvalidInput(text))) => {
            Verdict::new(Outcome::Failed(Failure::InvalidInput), text)
        }
        Answer::NoHttp(why) => Verdict::new(Outcome::Failed(Failure::NoAnswer), why),
        Answer::Http(response) => {
            let mut verdict = Verdict::succeeded();
            if response.status >= 400 {
                verdict.outcome = Outcome::Failed(Failure::Status(response.status));
                verdict.message = Some(format!("answered with status {}", response.status));
            }
            verdict.response = Some(response);
            verdict
        }
    }
}

fn exited(status: u32) -> Verdict {
    let mut verdict = match u8::try_from(status) {
        Ok(0) => Verdict::succeeded(),
        Ok(status @ 1..=125) => Verdict::new(
            Outcome::Failed(Failure::Exit(status)),
            format!("exit status {status}"),
        ),
        _ => Verdict::new(
            Outcome::Trapped,
            format!("exit status {status}, which is over 125"),
        ),
    };
    verdict.guest_exit_code = Some(status);
    verdict
}

/// An error that came out of wasmtime: what the guest did, what we did, or what
/// nobody foresaw.
fn faulted(fault: &Fault, call: &Invocation) -> Verdict {
    let (Fault::Instantiate(error) | Fault::Call(error) | Fault::Host(error)) = fault;
    if let Some(OomKilled(over)) = error.downcast_ref() {
        return oom_killed(*over);
    }
    if let Some(CapMet(resource)) = error.downcast_ref() {
        return cap_met(*resource);
    }
    if let Some(DeadlinePassed) = error.downcast_ref() {
        return deadline_passed(call);
    }
    if let Some(Stopped(reason)) = error.downcast_ref() {
        return cancelled(*reason);
    }
    if let Some(ProcExit(status)) = error.downcast_ref() {
        return exited(*status);
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return exited(status.cast_unsigned());
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return cap_met(Resource::Handles);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trapped(*trap, call);
    }
    unforeseen(fault, error)
}

fn trapped(trap: Trap, call: &Invocation) -> Verdict {
    if trap == Trap::OutOfFuel {
        let fuel = call.budget.fuel.unwrap_or(0);
        return Verdict::new(
            Outcome::Exhausted(Resource::Fuel),
            format!("all {fuel} units of fuel are spent (--fuel)"),
        );
    }
    Verdict::new(Outcome::Trapped, trap.to_string())
}

/// wasmtime reports some of a guest's faults with types it keeps to itself.
fn unforeseen(fault: &Fault, error: &Error) -> Verdict {
    let root = error.root_cause();
    // The one fault that must be told by its words: the type is private to wasmtime
    // 48. A test with a real module holds on to them.
    if root.to_string().starts_with(HOSTCALL_FUEL_EXHAUSTED) {
        return Verdict::new(
            Outcome::Exhausted(Resource::Hostcalls),
            "a cap of the sandbox was met: hostcalls, by the bytes of one",
        );
    }
    let ours =
        pool::is_full(error) || error.is::<std::io::Error>() || error.is::<rustix::io::Errno>();
    // With a backtrace it was the guest's own code, in a start function.
    let of_the_guest = error.is::<wasmtime::WasmBacktrace>();
    match fault {
        _ if ours => Verdict::host_fault(error),
        Fault::Host(error) => Verdict::host_fault(error),
        Fault::Instantiate(_) if !of_the_guest => Verdict::refused(
            Refusal::InvalidModule,
            format!("cannot be instantiated: {root}"),
        ),
        Fault::Instantiate(_) | Fault::Call(_) => Verdict::new(Outcome::Trapped, root.to_string()),
    }
}

const HOSTCALL_FUEL_EXHAUSTED: &str =
    "too much data is being copied between the host and the guest";

fn oom_killed(over: OverLimit) -> Verdict {
    Verdict::new(
        Outcome::Exhausted(Resource::Memory),
        format!("{over} (--memory, or resources.limits.memory of its pod)"),
    )
}

fn deadline_passed(call: &Invocation) -> Verdict {
    let seconds = call.budget.timeout.unwrap_or_default().as_secs_f64();
    Verdict::new(
        Outcome::Exhausted(Resource::Time),
        format!("the deadline of {seconds} s passed (--timeout)"),
    )
}

fn cancelled(reason: CancelReason) -> Verdict {
    let who = match reason {
        CancelReason::Interrupted => "SIGINT",
        CancelReason::Terminated => "SIGTERM",
    };
    Verdict::new(
        Outcome::Cancelled(reason),
        format!("podhook was told to stop ({who})"),
    )
}

fn cap_met(resource: Resource) -> Verdict {
    // What there is an option for.
    let option = match resource {
        Resource::Handles => " (--max-open-files)",
        Resource::Random => " (--max-random)",
        Resource::Network => " (--max-requests, --max-response)",
        Resource::Disk => " (--max-disk)",
        Resource::Files => " (--max-files, --max-depth)",
        Resource::Hostcalls => " (--max-host-calls)",
        Resource::Time | Resource::Memory | Resource::Fuel => "",
    };
    let resource_name = resource.as_str();
    Verdict::new(
        Outcome::Exhausted(resource),
        format!("a cap of the sandbox was met: {resource_name}{option}"),
    )
}
