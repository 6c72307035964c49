//! What `podhook run` prints: the hook's output as it comes, or the report.

use crate::cli::Format;
use podhook_lifecycle::{Level, LogRecord, Outcome, Output, Report};
use podhook_runner::wire::HookReport;
use podhook_sandbox::{Stream, Tee};
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Prints a hook's output while it runs, on a thread of its own: a reader that does
/// not read must not stop the hook's clock.
#[derive(Default)]
pub(super) struct Live {
    sender: Option<Sender<Piece>>,
    printer: Option<JoinHandle<Printed>>,
    printed: Printed,
}

/// Bytes of each stream that were printed.
#[derive(Debug, Default, Clone, Copy)]
struct Printed {
    stdout: usize,
    stderr: usize,
}

enum Piece {
    Bytes(Stream, Vec<u8>),
    Line(String),
}

impl Live {
    /// Text is printed as it comes; for JSON nothing is.
    pub(super) fn start(format: Format) -> std::io::Result<Self> {
        if format == Format::Json {
            return Ok(Self::default());
        }
        let (sender, receiver) = channel();
        let printer = std::thread::Builder::new()
            .name("podhook-output".to_owned())
            .spawn(move || print_pieces(&receiver))?;
        Ok(Self {
            sender: Some(sender),
            printer: Some(printer),
            printed: Printed::default(),
        })
    }

    pub(super) fn tee(&self) -> Option<Arc<dyn Tee>> {
        let sender = self.sender.clone()?;
        Some(Arc::new(ToPrinter { sender }))
    }

    /// Waits until everything so far is printed.
    pub(super) fn finish(mut self) -> Self {
        self.sender = None;
        if let Some(printer) = self.printer.take() {
            self.printed = printer.join().unwrap_or_default();
        }
        self
    }
}

struct ToPrinter {
    sender: Sender<Piece>,
}

impl Tee for ToPrinter {
    fn write(&self, stream: Stream, bytes: &[u8]) {
        let _ = self.sender.send(Piece::Bytes(stream, bytes.to_vec()));
    }

    /// The hook's own records from `info` on; what the host has to say is said with
    /// the outcome.
    fn log(&self, record: &LogRecord) {
        if record.level >= Level::Info && record.target != "podhook" {
            let _ = self.sender.send(Piece::Line(line(record)));
        }
    }
}

/// `info target: message name=value`, on one line whatever the guest wrote.
fn line(record: &LogRecord) -> String {
    let mut line = format!(
        "{} {}: {}",
        record.level.as_str(),
        record.target,
        record.message
    );
    for (name, value) in &record.fields {
        line.push_str(&format!(" {name}={value}"));
    }
    one_line(&line)
}

/// No control character of a guest's reaches the terminal through our own lines.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect()
}

fn print_pieces(pieces: &Receiver<Piece>) -> Printed {
    let mut printed = Printed::default();
    while let Ok(piece) = pieces.recv() {
        match piece {
            Piece::Bytes(Stream::Stdout, bytes) => {
                printed.stdout += bytes.len();
                to_stdout(&bytes);
            }
            Piece::Bytes(Stream::Stderr, bytes) => {
                printed.stderr += bytes.len();
                to_stderr(&bytes);
            }
            Piece::Line(line) => to_stderr(format!("{line}\n").as_bytes()),
        }
    }
    printed
}

/// A reader that is gone is no failure of the hook's.
fn to_stdout(bytes: &[u8]) {
    let mut out = std::io::stdout();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn to_stderr(bytes: &[u8]) {
    let _ = std::io::stderr().write_all(bytes);
}

/// Prints the report, or what of it was not printed yet.
pub(super) fn print(report: &Report, format: Format, live: &Live) {
    match format {
        Format::Json => match serde_json::to_string_pretty(&HookReport::from(report)) {
            Ok(json) => to_stdout(format!("{json}\n").as_bytes()),
            Err(error) => to_stderr(format!("error: report: {error}\n").as_bytes()),
        },
        Format::Text => text(report, live.printed),
    }
}

fn text(report: &Report, printed: Printed) {
    let Output {
        stdout,
        stderr,
        stdout_cut,
        stderr_cut,
    } = &report.output;
    to_stdout(&rest(stdout, printed.stdout, *stdout_cut));
    to_stderr(&rest(stderr, printed.stderr, *stderr_cut));
    if let Some(response) = &report.response {
        to_stdout(&response.body);
    }
    if let Some(line) = failure(report) {
        to_stderr(format!("{line}\n").as_bytes());
    }
}

/// What came after the cut, with a word on the cut.
fn rest(kept: &[u8], printed: usize, cut: u64) -> Vec<u8> {
    let tail = kept.get(printed..).unwrap_or_default();
    match cut {
        0 => tail.to_vec(),
        cut => [format!("\n[{cut} bytes left out]\n").as_bytes(), tail].concat(),
    }
}

/// One line that says what happened and why; `None` after success.
fn failure(report: &Report) -> Option<String> {
    if report.outcome == Outcome::Succeeded {
        return None;
    }
    let source = report
        .module
        .as_ref()
        .map_or("hook", |module| &module.source);
    let mut line = format!("error: {source}: {}", what(report.outcome));
    let notes = report.logs.iter().filter(|log| log.target == "podhook");
    let words = report.message.iter().chain(notes.map(|log| &log.message));
    for (index, word) in words.enumerate() {
        line.push_str(if index == 0 { ": " } else { "; " });
        line.push_str(word);
    }
    Some(one_line(&line))
}

fn what(outcome: Outcome) -> String {
    let name = outcome.as_str();
    match (outcome.resource(), outcome.reason()) {
        (Some(resource), Some(reason)) => format!("{name} ({}, {reason})", resource.as_str()),
        (Some(resource), None) => format!("{name} ({})", resource.as_str()),
        (None, Some(reason)) => format!("{name} ({reason})"),
        (None, None) => name.to_owned(),
    }
}
