//! What one invocation came to.
//!
//! Not serializable on purpose: what leaves the process goes through
//! `podhook-runner`'s versioned wire format.

use crate::{Budget, Handler, Hook, Invocation, InvocationId, Outcome, Usage};
use std::fmt;
use std::time::{Duration, SystemTime};

/// Outcome, usage and output of one invocation.
#[derive(Debug, Clone)]
pub struct Report {
    /// Of the invocation.
    pub id: InvocationId,
    /// `None` for handlers that run none.
    pub module: Option<ModuleInfo>,
    /// How the pod named the hook; `None` where no pod did.
    pub handler: Option<Handler>,
    /// Which hook ran; `None` where the module does not tell its phases apart.
    pub hook: Option<Hook>,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for a person; `None` after success.
    pub message: Option<String>,
    /// The status the guest itself ended with, where it has such a thing.
    pub guest_exit_code: Option<u32>,
    /// Wall clock, before the module was instantiated.
    pub started_at: SystemTime,
    /// Wall-clock time it took.
    pub took: Duration,
    /// What it was given.
    pub budget: Budget,
    /// Who kept the account.
    pub accounting: Accounting,
    /// What it used.
    pub usage: Usage,
    /// What it printed.
    pub output: Output,
    /// What it logged, in order.
    pub logs: Vec<LogRecord>,
    /// What it wants said about it outside, in order.
    pub events: Vec<Event>,
    /// Text for `/dev/termination-log`.
    pub termination_message: Option<String>,
    /// The answer of a module of kind `http`.
    pub response: Option<HttpResponse>,
}

impl Report {
    /// The report on a hook that never ran, or did not get to the end of it.
    #[must_use]
    pub fn without_run(call: &Invocation, outcome: Outcome, message: Option<String>) -> Self {
        Self {
            id: call.id,
            module: None,
            handler: call.handler,
            hook: call.hook,
            outcome,
            message,
            guest_exit_code: None,
            started_at: SystemTime::now(),
            took: Duration::ZERO,
            budget: call.budget,
            accounting: Accounting::default(),
            usage: Usage::default(),
            output: Output::default(),
            logs: Vec::new(),
            events: Vec::new(),
            termination_message: None,
            response: None,
        }
    }
}

/// Who kept the account of a hook, by resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounting {
    /// CPU time, and its throttle.
    pub cpu: Keeper,
    /// Memory, and its limit.
    pub memory: Keeper,
}

/// Who keeps an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keeper {
    /// podhook's own.
    #[default]
    Ledger,
    /// The kernel, in the container's cgroup.
    Kernel,
}

impl Keeper {
    /// As in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Kernel => "kernel",
        }
    }
}

/// SHA-256 over a module's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads what is displayed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?.as_bytes();
        let (pairs, []) = hex.as_chunks::<2>() else {
            return None;
        };
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        let mut digest = [0; 32];
        if pairs.len() != digest.len() {
            return None;
        }
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            *byte = u8::try_from(nibble(*high)? * 16 + nibble(*low)?).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    /// `sha256:` and 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which module ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleInfo {
    /// Where it came from, as the caller wrote it.
    pub source: String,
    /// Over the module's bytes.
    pub digest: Digest,
    /// `None` where the module was refused before its kind was known.
    pub kind: Option<ModuleKind>,
}

/// The three kinds of hook modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// A WASI command: core module with `_start`, or component with `wasi:cli/run`.
    Command,
    /// A component that exports `podhook:lifecycle/post-start` or `…/pre-stop`.
    Lifecycle,
    /// A component that exports `wasi:http/incoming-handler`.
    Http,
}

impl ModuleKind {
    /// Reads what [`ModuleKind::as_str`] says.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Command, Self::Lifecycle, Self::Http];
        all.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Lifecycle => "lifecycle",
            Self::Http => "http",
        }
    }
}

/// What a hook printed. Too much output is no failure: the middle is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Bytes of standard output left out.
    pub stdout_cut: u64,
    /// Bytes of standard error left out.
    pub stderr_cut: u64,
}

/// Severity of a log record, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever debugs the hook.
    Debug,
    /// For whoever operates it.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// As in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A structured log record. Records of the host itself have the target `podhook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Severity.
    pub level: Level,
    /// Where in the hook it comes from.
    pub target: String,
    /// The text.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// Type of an event, as in Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Nothing to worry about.
    Normal,
    /// Somebody should look.
    Warning,
}

impl EventKind {
    /// As in a Kubernetes event's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// What the hook wants said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `Normal` or `Warning`.
    pub kind: EventKind,
    /// UpperCamelCase, as in Kubernetes.
    pub reason: String,
    /// The text.
    pub note: String,
}

/// The answer of a module of kind `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// 100..=999.
    pub status: u16,
    /// Fields in order; values may be any bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
}
