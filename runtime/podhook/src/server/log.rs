//! What happened, a line each, on stdout: text, or JSON.
//!
//! Written by a thread of its own: who does not read must not stop the hooks. Lines that
//! find no room are counted, and it is said how many.

use humantime::format_rfc3339_millis;
use podhook_lifecycle::{Hook, Invocation, Outcome, Report, Resource};
use podhook_runner::one_line::one_line;
use podhook_runner::wire::HookReport;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    Text,
    /// A JSON object on each line
    Json,
}

/// Lines on their way.
const LINES: usize = 4096;

/// The log.
pub(crate) struct Log {
    format: LogFormat,
    lines: Mutex<Option<SyncSender<String>>>,
    lost: AtomicU64,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Fields of a line.
type Fields<'f> = [(&'f str, &'f dyn Display)];

impl Log {
    /// To stdout.
    pub(crate) fn start(format: LogFormat) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(LINES);
        let builder = std::thread::Builder::new().name("podhook-log".to_owned());
        let writer = builder.spawn(move || write(&receiver))?;
        Ok(Self {
            format,
            lines: Mutex::new(Some(sender)),
            lost: AtomicU64::new(0),
            writer: Mutex::new(Some(writer)),
        })
    }

    pub(crate) fn say(&self, message: &str, fields: &Fields<'_>) {
        self.event("info", message, fields);
    }

    pub(crate) fn warn(&self, message: &str, fields: &Fields<'_>) {
        self.event("warn", message, fields);
    }

    fn event(&self, level: &str, message: &str, fields: &Fields<'_>) {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, Value::from(value.to_string())));
        self.line(level, message, fields.collect());
    }

    /// One invocation; `client_gone`: nobody waited for its end.
    pub(super) fn invocation(&self, called: &Called<'_>, client_gone: bool) {
        let Called { hook, call, report } = *called;
        let mut fields = Vec::new();
        let mut field = |name, value: Value| {
            if !value.is_null() {
                fields.push((name, value));
            }
        };
        let cpu = report.usage.cpu;
        field("id", report.id.to_string().into());
        field("hook", hook.into());
        field("phase", report.hook.map(Hook::as_str).into());
        let pod = Some(call.pod.name.as_str()).filter(|name| !name.is_empty());
        field("pod", pod.into());
        field("namespace", call.pod.namespace.as_deref().into());
        field("container", call.container.name.as_deref().into());
        field("outcome", report.outcome.as_str().into());
        field(
            "resource",
            report.outcome.resource().map(Resource::as_str).into(),
        );
        field("reason", report.outcome.reason().into());
        field("message", report.message.as_deref().into());
        field("durationSeconds", report.took.as_secs_f64().into());
        field("cpuUsec", (cpu.usage_nsec / 1000).into());
        field("throttledUsec", cpu.throttled_usec.into());
        field("memoryPeakBytes", report.usage.memory.peak.into());
        field("clientGone", client_gone.then_some(true).into());
        for (name, bytes) in [
            ("stdout", &report.output.stdout),
            ("stderr", &report.output.stderr),
        ] {
            if !bytes.is_empty() {
                field(name, String::from_utf8_lossy(bytes).into());
            }
        }
        if self.format == LogFormat::Json && !report.logs.is_empty() {
            let wire = serde_json::to_value(HookReport::from(report)).unwrap_or_default();
            field("logs", wire.get("logs").cloned().unwrap_or_default());
        } else {
            for log in &report.logs {
                field("log", podhook_runner::report_line::log(log).into());
            }
        }
        let level = match report.outcome == Outcome::Succeeded {
            true => "info",
            false => "warn",
        };
        self.line(level, "invocation", fields);
    }

    /// In the order of the fields, for a person.
    fn line(&self, level: &str, message: &str, fields: Vec<(&str, Value)>) {
        let now = format_rfc3339_millis(SystemTime::now());
        let line = match self.format {
            LogFormat::Json => {
                let mut all = Map::new();
                all.insert("time".to_owned(), now.to_string().into());
                all.insert("level".to_owned(), level.into());
                all.insert("event".to_owned(), message.into());
                let fields = fields.into_iter();
                all.extend(fields.map(|(name, value)| (name.to_owned(), value)));
                Value::Object(all).to_string()
            }
            LogFormat::Text => {
                let mut line = format!("{now} {level} {message}");
                for (name, value) in &fields {
                    let value = match value.as_str().filter(|text| is_plain(text)) {
                        Some(text) => text.to_owned(),
                        None => value.to_string(),
                    };
                    line.push_str(&format!(" {name}={value}"));
                }
                one_line(&line)
            }
        };
        self.send(line + "\n");
    }

    fn send(&self, line: String) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lines) = &*lines else { return };
        let lost = self.lost.load(Relaxed);
        if lost > 0 {
            let said = json!({"level": "warn", "event": "log lines lost", "lines": lost});
            if lines.try_send(format!("{said}\n")).is_ok() {
                self.lost.fetch_sub(lost, Relaxed);
            }
        }
        if let Err(TrySendError::Full(_)) = lines.try_send(line) {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until all is written.
    pub(super) fn finish(&self) {
        drop(
            self.lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

/// A call that is over.
#[derive(Clone, Copy)]
pub(super) struct Called<'c> {
    pub(super) hook: &'c str,
    pub(super) call: &'c Invocation,
    pub(super) report: &'c Report,
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    !text.is_empty() && text.chars().all(plain)
}

fn write(lines: &Receiver<String>) {
    let mut out = io::stdout();
    while let Ok(line) = lines.recv() {
        // Who went away reads no more; there is nobody else to tell.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}
