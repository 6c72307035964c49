//! What a pod's life prints, as it comes.

use super::outlet::Outlet;
use crate::kubelet::timeline::{At, Line, Row, Watcher};
use crate::kubelet::timeline_text::{details, line, lines, printed};
use crate::options::Format;
use podhook_lifecycle::spec::PodSpec;

/// Prints text; of JSON nothing is printed before the end.
pub(super) struct Printer {
    format: Format,
    /// Of a hook that has just ended: shown under the event that says so.
    details: Vec<String>,
    outlet: Outlet,
}

impl Printer {
    pub(super) fn new(format: Format, outlet: Outlet) -> Self {
        Self {
            format,
            details: Vec::new(),
            outlet,
        }
    }

    fn print(&self, texts: &[String]) {
        if !texts.is_empty() {
            self.outlet.write(lines(texts), None);
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

    fn printed(&mut self, container: &str, at: At, line: Line) {
        self.settled();
        let text = lines(&[printed(at, container, &line.text)]);
        self.outlet.write(text, line.permit);
    }

    fn settled(&mut self) {
        let details = std::mem::take(&mut self.details);
        self.print(&details);
    }
}
