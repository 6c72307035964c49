//! What `podhook run` prints: the hook's output as it comes, or the report.

use crate::options::Format;
use crate::terminal::{line_to_stdout, to_stderr, to_stdout};
use podhook_lifecycle::{LogRecord, Report};
use podhook_runner::CommandError;
use podhook_runner::report_line;
use podhook_runner::wire::HookReport;
use podhook_sandbox::{Stream, Tee};
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
#[derive(Debug, Default)]
struct Printed {
    stdout: usize,
    stderr: usize,
    /// Why stdout could not be written, where it could not.
    failed: Option<CommandError>,
}

enum Piece {
    Bytes(Stream, Vec<u8>),
    Line(String),
    /// The run is over; who still holds a sender has nothing to say.
    End,
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
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Piece::End);
        }
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

    fn log(&self, record: &LogRecord) {
        if report_line::is_shown(record) {
            let _ = self.sender.send(Piece::Line(report_line::log(record)));
        }
    }
}

fn print_pieces(pieces: &Receiver<Piece>) -> Printed {
    let mut printed = Printed::default();
    while let Ok(piece) = pieces.recv() {
        match piece {
            Piece::Bytes(Stream::Stdout, bytes) => {
                printed.stdout += bytes.len();
                printed.failed = printed.failed.or(to_stdout(&bytes).err());
            }
            Piece::Bytes(Stream::Stderr, bytes) => {
                printed.stderr += bytes.len();
                to_stderr(&bytes);
            }
            Piece::End => break,
            Piece::Line(line) => to_stderr(format!("{line}\n").as_bytes()),
        }
    }
    printed
}

/// Prints the report, or what of it was not printed yet.
pub(super) fn print(report: &Report, format: Format, live: Live) -> Result<(), CommandError> {
    match format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&HookReport::from(report));
            line_to_stdout(&json.map_err(|error| CommandError::host_fault("report", error))?)
        }
        Format::Text => text(report, live.printed),
    }
}

fn text(report: &Report, printed: Printed) -> Result<(), CommandError> {
    let output = &report.output;
    let stdout = output.stdout.get(printed.stdout..).unwrap_or_default();
    let stderr = output.stderr.get(printed.stderr..).unwrap_or_default();
    let written = to_stdout(stdout);
    to_stderr(stderr);
    for (stream, cut) in [("stdout", output.stdout_cut), ("stderr", output.stderr_cut)] {
        if cut > 0 {
            to_stderr(format!("[{cut} bytes of {stream} left out]\n").as_bytes());
        }
    }
    let answered = report
        .response
        .as_ref()
        .map(|response| to_stdout(&response.body));
    if let Some(line) = report_line::failure(report) {
        to_stderr(format!("{line}\n").as_bytes());
    }
    match printed.failed {
        Some(error) => Err(error),
        None => written.and(answered.unwrap_or(Ok(()))),
    }
}
