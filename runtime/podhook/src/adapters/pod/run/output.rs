//! Rows of a pod's life, printed as they come.

use crate::error::CliError;
use crate::kubelet::timeline::{At, Row, Watcher};
use crate::kubelet::timeline_text::{details, line, lines};
use crate::options::Format;
use crate::terminal::to_stdout;
use podhook_lifecycle::spec::PodSpec;
use std::cell::RefCell;
use std::rc::Rc;

/// Prints text; of JSON nothing is printed before the end.
pub(super) struct Printer {
    format: Format,
    /// Of a hook that has just ended: shown under the event that says so.
    details: Vec<String>,
    failed: Failed,
}

/// Why stdout could not be written, where it could not.
#[derive(Clone, Default)]
pub(super) struct Failed(Rc<RefCell<Option<CliError>>>);

impl Failed {
    pub(super) fn take(&self) -> Option<CliError> {
        self.0.borrow_mut().take()
    }
}

impl Printer {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            details: Vec::new(),
            failed: Failed::default(),
        }
    }

    pub(super) fn failed(&self) -> Failed {
        self.failed.clone()
    }

    fn print(&self, texts: &[String]) {
        let mut failed = self.failed.0.borrow_mut();
        if failed.is_none() && !texts.is_empty() {
            *failed = to_stdout(lines(texts).as_bytes()).err();
        }
    }
}

impl Watcher for Printer {
    fn row(&mut self, spec: &PodSpec, at: At, row: &Row) {
        if self.format == Format::Json {
            return;
        }
        if !matches!(row, Row::Event(_)) {
            self.settled();
        }
        self.print(line(spec, at, row).as_slice());
        if let Row::Report(_, _, report) = row {
            self.details = details(report);
        } else {
            self.settled();
        }
    }

    fn settled(&mut self) {
        let details = std::mem::take(&mut self.details);
        self.print(&details);
    }
}
