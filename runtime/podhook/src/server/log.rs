//! What happened, a line each, on stdout: text, or JSON.
//!
//! Written by a thread of its own: who does not read must not stop the hooks. Lines that
//! find no room are counted, and it is said how many. A server writes thousands a second,
//! so they are put together as they go along, and written many at a time.

use humantime::format_rfc3339_millis;
use podhook_lifecycle::{Hook, Invocation, Outcome, Report, Resource};
use podhook_runner::one_line::one_line;
use podhook_runner::report_line;
use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    Text,
    /// A JSON object on each line
    Json,
}

/// Lines on their way, and bytes of them.
const LINES: usize = 8192;
const BYTES: usize = 8 << 20;

/// Bytes of a hook's output in a line: its end.
const OUTPUT: usize = 4 << 10;

/// How long the end waits for a reader.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Bytes that are written at once.
const AT_ONCE: usize = 64 << 10;

/// How long lines are gathered, where there are many.
const GATHERED: Duration = Duration::from_millis(5);

/// The log.
pub(crate) struct Log {
    format: LogFormat,
    lines: Mutex<Option<SyncSender<String>>>,
    lost: AtomicU64,
    /// Bytes that are not written yet.
    pending: Arc<AtomicUsize>,
    /// Says when all is written.
    written: Mutex<Receiver<()>>,
}

/// Fields of a line.
type Fields<'f> = [(&'f str, &'f dyn Display)];

/// A call that is over.
#[derive(Clone, Copy)]
pub(super) struct Called<'c> {
    pub(super) hook: &'c str,
    pub(super) call: &'c Invocation,
    pub(super) report: &'c Report,
    /// Nobody waited for its end.
    pub(super) client_gone: bool,
}

impl Log {
    /// To stdout.
    pub(crate) fn start(format: LogFormat) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(LINES);
        let builder = std::thread::Builder::new().name("podhook-log".to_owned());
        let pending = Arc::new(AtomicUsize::new(0));
        let (done, written) = sync_channel(1);
        let left = pending.clone();
        builder.spawn(move || {
            write(&receiver, &left);
            let _ = done.send(());
        })?;
        Ok(Self {
            pending,
            written: Mutex::new(written),
            format,
            lines: Mutex::new(Some(sender)),
            lost: AtomicU64::new(0),
        })
    }

    pub(crate) fn say(&self, message: &str, fields: &Fields<'_>) {
        self.event("info", message, fields);
    }

    pub(crate) fn warn(&self, message: &str, fields: &Fields<'_>) {
        self.event("warn", message, fields);
    }

    fn event(&self, level: &str, message: &str, fields: &Fields<'_>) {
        let mut line = Line::begin(self.format, level, message);
        for (name, value) in fields {
            line.text(name, &value.to_string());
        }
        self.send(line.end());
    }

    /// One invocation.
    pub(super) fn invocation(&self, called: &Called<'_>) {
        let Called {
            hook, call, report, ..
        } = *called;
        let level = match report.outcome == Outcome::Succeeded {
            true => "info",
            false => "warn",
        };
        let mut line = Line::begin(self.format, level, "invocation");
        line.text("id", &report.id.text());
        line.text("hook", hook);
        line.optional("phase", report.hook.map(Hook::as_str));
        line.optional(
            "pod",
            Some(call.pod.name.as_str()).filter(|name| !name.is_empty()),
        );
        line.optional("namespace", call.pod.namespace.as_deref());
        line.optional("container", call.container.name.as_deref());
        line.text("outcome", report.outcome.as_str());
        line.optional("resource", report.outcome.resource().map(Resource::as_str));
        line.optional("reason", report.outcome.reason());
        line.optional("message", report.message.as_deref());
        line.plain("durationSeconds", report.took.as_secs_f64());
        line.plain("cpuUsec", report.usage.cpu.usage_nsec / 1000);
        line.plain("throttledUsec", report.usage.cpu.throttled_usec);
        line.plain("memoryPeakBytes", report.usage.memory.peak);
        if called.client_gone {
            line.plain("clientGone", true);
        }
        for (name, bytes) in [
            ("stdout", &report.output.stdout),
            ("stderr", &report.output.stderr),
        ] {
            if !bytes.is_empty() {
                let start = bytes.len().saturating_sub(OUTPUT);
                let end = bytes.get(start..).unwrap_or_default();
                line.text(name, &String::from_utf8_lossy(end));
            }
        }
        if !report.logs.is_empty() {
            let records: Vec<String> = report.logs.iter().map(report_line::log).collect();
            line.text("log", &records.join("\n"));
        }
        self.send(line.end());
    }

    fn lines(&self) -> MutexGuard<'_, Option<SyncSender<String>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, line: String) {
        let lines = self.lines();
        let Some(lines) = &*lines else { return };
        let lost = self.lost.load(Relaxed);
        if lost > 0 {
            let mut said = Line::begin(self.format, "warn", "log lines lost");
            said.plain("lines", lost);
            let said = said.end();
            let bytes = said.len();
            if lines.try_send(said).is_ok() {
                self.pending.fetch_add(bytes, Relaxed);
                self.lost.fetch_sub(lost, Relaxed);
            }
        }
        let bytes = line.len();
        let fits = self.pending.fetch_add(bytes, Relaxed) + bytes <= BYTES;
        if !fits || matches!(lines.try_send(line), Err(TrySendError::Full(_))) {
            self.pending.fetch_sub(bytes, Relaxed);
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until all is written, or for as long as a reader may be waited for.
    pub(super) fn finish(&self) {
        drop(self.lines().take());
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = written.recv_timeout(LAST_WORDS);
    }
}

/// A line that is being made.
struct Line {
    format: LogFormat,
    line: String,
}

impl Line {
    fn begin(format: LogFormat, level: &str, message: &str) -> Self {
        let now = format_rfc3339_millis(SystemTime::now());
        let line = String::with_capacity(400);
        let mut line = Self { format, line };
        match format {
            LogFormat::Json => {
                line.put(format_args!("{{\"time\":\"{now}\""));
                line.text("level", level);
                line.text("event", message);
            }
            LogFormat::Text => line.put(format_args!("{now} {level} {message}")),
        }
        line
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Into a string: cannot fail.
        let _ = self.line.write_fmt(text);
    }

    /// A number, or a truth.
    fn plain(&mut self, name: &str, value: impl Display) {
        match self.format {
            LogFormat::Json => self.put(format_args!(",\"{name}\":{value}")),
            LogFormat::Text => self.put(format_args!(" {name}={value}")),
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        let shown = match self.format == LogFormat::Text && is_plain(text) {
            true => Cow::Borrowed(text),
            // Text is always JSON.
            false => serde_json::to_string(text).unwrap_or_default().into(),
        };
        self.plain(name, shown);
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn end(mut self) -> String {
        match self.format {
            LogFormat::Json => self.line.push_str("}\n"),
            LogFormat::Text if self.line.is_ascii() && self.line.len() < 4096 => {
                // What moves a cursor is escaped in it already.
                self.line.push('\n');
            }
            LogFormat::Text => self.line = one_line(&self.line) + "\n",
        }
        self.line
    }
}

/// Text that needs no quotes.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'=';
    !text.is_empty() && text.bytes().all(plain)
}

fn write(lines: &Receiver<String>, pending: &AtomicUsize) {
    let mut out = io::stdout();
    while let Ok(mut gathered) = lines.recv() {
        let first = gathered.len();
        while gathered.len() < AT_ONCE
            && let Ok(line) = lines.try_recv()
        {
            gathered.push_str(&line);
        }
        // Who went away reads no more; there is nobody else to tell.
        let _ = out
            .write_all(gathered.as_bytes())
            .and_then(|()| out.flush());
        pending.fetch_sub(gathered.len(), Relaxed);
        if gathered.len() > first {
            std::thread::sleep(GATHERED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat) -> String {
        let mut line = Line::begin(format, "info", "two words");
        line.text("a", "plain");
        line.text("b", "x \"y\"\u{1b}[31m\n\u{202e}é");
        line.optional("c", None);
        line.plain("d", 1.5);
        line.end().split_once('Z').unwrap().1.to_owned()
    }

    #[test]
    fn a_line_is_one_line_whatever_a_guest_wrote() {
        let text = line(LogFormat::Text);
        assert_eq!(
            text,
            " info two words a=plain b=\"x \\\"y\\\"\\u001b[31m\\n\\u{202e}é\" d=1.5\n"
        );
        let json = line(LogFormat::Json);
        assert!(
            json.starts_with(
                "\",\"level\":\"info\",\"event\":\"two words\",\"a\":\"plain\",\"b\":\"x \\\"y"
            ),
            "{json}"
        );
        assert!(
            json.ends_with(",\"d\":1.5}\n") && json.lines().count() == 1,
            "{json}"
        );
    }
}
