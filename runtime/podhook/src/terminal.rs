//! Results on their way to stdout, diagnostics on their way to stderr.

use podhook_runner::CommandError;
use std::io::{self, ErrorKind, Write};

/// Writes a result. A reader that went away is no failure; anything else is: a result
/// that is lost must not look like success.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), CommandError> {
    match try_stdout(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::host_fault("stdout", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a result, for those who mind a reader that went away.
pub(crate) fn try_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a line of result; see [`to_stdout`].
pub(crate) fn line_to_stdout(line: &str) -> Result<(), CommandError> {
    to_stdout(format!("{line}\n").as_bytes())
}

/// Writes diagnostics; there is nobody left to tell where that fails.
pub(crate) fn to_stderr(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}
