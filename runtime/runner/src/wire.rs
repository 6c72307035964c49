//! What a report looks like outside: `podhook/v1alpha1`.
//!
//! Field names and their order are a contract; inner types may change, this may
//! only grow.

use podhook_lifecycle::{
    Event, HttpResponse, LogRecord, MemoryEvents, MemoryUsage, ModuleInfo, Outcome, Report,
};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The version of the format.
pub const API_VERSION: &str = "podhook/v1alpha1";

/// One invocation's report as JSON sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookReport<'r> {
    api_version: &'static str,
    kind: &'static str,
    id: String,
    module: Option<Module<'r>>,
    handler: Option<&'static str>,
    phase: Option<&'static str>,
    accounting: Accounting,
    outcome: &'static str,
    resource: Option<&'static str>,
    reason: Option<&'static str>,
    message: Option<&'r str>,
    exit_code: u8,
    guest_exit_code: Option<u32>,
    started_at: String,
    finished_at: String,
    duration_seconds: f64,
    limits: Limits,
    usage: Usage,
    stdout: Cow<'r, str>,
    stderr: Cow<'r, str>,
    truncated_bytes: Truncated,
    logs: Vec<Log<'r>>,
    events: Vec<WireEvent<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_message: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response<'r>>,
}

#[derive(Debug, Serialize)]
struct Module<'r> {
    source: &'r str,
    digest: String,
    kind: Option<&'static str>,
}

/// Who kept the account: podhook's own ledger, or the kernel.
#[derive(Debug, Serialize)]
struct Accounting {
    cpu: &'static str,
    memory: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    cpu: CpuLimit,
    memory: MemoryLimit,
    fuel: Option<u64>,
    timeout_seconds: Option<serde_json::Number>,
}

/// `cpu.max`; a `null` quota is none.
#[derive(Debug, Serialize)]
struct CpuLimit {
    quota_usec: Option<u64>,
    period_usec: u64,
}

#[derive(Debug, Serialize)]
struct MemoryLimit {
    max: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Usage {
    cpu: Cpu,
    memory: Memory,
    fuel: Option<Fuel>,
}

#[derive(Debug, Serialize)]
struct Cpu {
    usage_usec: u64,
    user_usec: u64,
    system_usec: u64,
    nr_periods: u64,
    nr_throttled: u64,
    throttled_usec: u64,
}

#[derive(Debug, Serialize)]
struct Memory {
    current: u64,
    peak: u64,
    events: Events,
}

#[derive(Debug, Serialize)]
struct Events {
    max: u64,
    oom: u64,
    oom_kill: u64,
}

#[derive(Debug, Serialize)]
struct Fuel {
    consumed: u64,
}

#[derive(Debug, Serialize)]
struct Truncated {
    stdout: u64,
    stderr: u64,
}

#[derive(Debug, Serialize)]
struct Log<'r> {
    level: &'static str,
    target: &'r str,
    message: &'r str,
    fields: BTreeMap<&'r str, &'r str>,
}

#[derive(Debug, Serialize)]
struct WireEvent<'r> {
    r#type: &'static str,
    reason: &'r str,
    note: &'r str,
}

#[derive(Debug, Serialize)]
struct Response<'r> {
    status: u16,
    /// Values of a repeated field are joined by a comma, as HTTP allows.
    headers: BTreeMap<&'r str, String>,
    body: Cow<'r, str>,
}

impl<'r> From<&'r Report> for HookReport<'r> {
    fn from(report: &'r Report) -> Self {
        let outcome: Outcome = report.outcome;
        let finished_at = report.started_at.checked_add(report.took);
        Self {
            api_version: API_VERSION,
            kind: "HookReport",
            id: report.id.to_string(),
            module: report.module.as_ref().map(module),
            handler: report.handler.map(podhook_lifecycle::Handler::field),
            phase: report.hook.map(podhook_lifecycle::Hook::as_str),
            accounting: Accounting {
                cpu: report.accounting.cpu.as_str(),
                memory: report.accounting.memory.as_str(),
            },
            outcome: outcome.as_str(),
            resource: outcome.resource().map(podhook_lifecycle::Resource::as_str),
            reason: outcome.reason(),
            message: report.message.as_deref(),
            exit_code: outcome.exit_status(),
            guest_exit_code: report.guest_exit_code,
            started_at: rfc3339(report.started_at),
            finished_at: rfc3339(finished_at.unwrap_or(report.started_at)),
            duration_seconds: report.took.as_secs_f64(),
            limits: limits(report),
            usage: usage(report),
            stdout: String::from_utf8_lossy(&report.output.stdout),
            stderr: String::from_utf8_lossy(&report.output.stderr),
            truncated_bytes: Truncated {
                stdout: report.output.stdout_cut,
                stderr: report.output.stderr_cut,
            },
            logs: report.logs.iter().map(log).collect(),
            events: report.events.iter().map(event).collect(),
            termination_message: report.termination_message.as_deref(),
            response: report.response.as_ref().map(response),
        }
    }
}

fn module(module: &ModuleInfo) -> Module<'_> {
    Module {
        source: &module.source,
        digest: module.digest.to_string(),
        kind: module.kind.map(podhook_lifecycle::ModuleKind::as_str),
    }
}

fn limits(report: &Report) -> Limits {
    Limits {
        cpu: CpuLimit {
            quota_usec: report.budget.cpu.quota_usec,
            period_usec: report.budget.cpu.period_usec,
        },
        memory: MemoryLimit {
            max: report.budget.memory,
        },
        fuel: report.budget.fuel,
        timeout_seconds: report.budget.timeout.map(seconds),
    }
}

/// Whole seconds without a fraction: `30`, but `0.25`.
fn seconds(span: Duration) -> serde_json::Number {
    match span.subsec_nanos() {
        0 => span.as_secs().into(),
        _ => serde_json::Number::from_f64(span.as_secs_f64()).unwrap_or_else(|| 0.into()),
    }
}

fn usage(report: &Report) -> Usage {
    let cpu = report.usage.cpu;
    let usage_usec = cpu.usage_nsec / 1000;
    let system_usec = (cpu.system_nsec / 1000).min(usage_usec);
    let MemoryUsage {
        current,
        peak,
        events: MemoryEvents { max, oom, oom_kill },
    } = report.usage.memory;
    Usage {
        cpu: Cpu {
            usage_usec,
            user_usec: usage_usec - system_usec,
            system_usec,
            nr_periods: cpu.nr_periods,
            nr_throttled: cpu.nr_throttled,
            throttled_usec: cpu.throttled_usec,
        },
        memory: Memory {
            current,
            peak,
            events: Events { max, oom, oom_kill },
        },
        fuel: report.usage.fuel.map(|fuel| Fuel {
            consumed: fuel.consumed,
        }),
    }
}

fn log(record: &LogRecord) -> Log<'_> {
    Log {
        level: record.level.as_str(),
        target: &record.target,
        message: &record.message,
        fields: record
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
    }
}

fn event(event: &Event) -> WireEvent<'_> {
    WireEvent {
        r#type: event.kind.as_str(),
        reason: &event.reason,
        note: &event.note,
    }
}

fn response(response: &HttpResponse) -> Response<'_> {
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in &response.headers {
        let joined = headers.entry(name.as_str()).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(&String::from_utf8_lossy(value));
    }
    Response {
        status: response.status,
        headers,
        body: String::from_utf8_lossy(&response.body),
    }
}

/// Milliseconds, UTC. A clock before 1970 or after 9999 is shown as 1970.
fn rfc3339(time: SystemTime) -> String {
    let year_10_000 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    let shown = SystemTime::UNIX_EPOCH <= time && time < year_10_000;
    let time = if shown { time } else { SystemTime::UNIX_EPOCH };
    humantime::format_rfc3339_millis(time).to_string()
}
