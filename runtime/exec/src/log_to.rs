//! `--log-to FILE`: the hook's output where somebody reads it, as it comes.
//!
//! `/proc/1/fd/1` is what `kubectl logs` shows. Nobody waits for who reads there: what
//! does not fit is left out.

use podhook_lifecycle::LogRecord;
use podhook_runner::report_line;
use podhook_sandbox::{Stream, Tee};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub(crate) struct LogTo {
    file: File,
}

impl LogTo {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let mut options = File::options();
        options
            .append(true)
            .custom_flags(flags.bits().cast_signed());
        let file = options.open(path)?;
        Ok(Self { file })
    }
}

impl Tee for LogTo {
    fn write(&self, _stream: Stream, bytes: &[u8]) {
        let _ = (&self.file).write(bytes);
    }

    fn log(&self, record: &LogRecord) {
        if report_line::is_shown(record) {
            let line = report_line::log(record) + "\n";
            let _ = (&self.file).write(line.as_bytes());
        }
    }
}
