//! Text on its way to a terminal or a pipe.

use crate::error::CliError;
use std::io::{self, ErrorKind, Write};

/// Bytes of one line of ours.
const MAX_LINE: usize = 8192;

/// One line, whatever a guest or a file wrote: what moves a cursor, colours a screen
/// or turns the direction of text is escaped.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if line.len() > MAX_LINE {
            line.push('…');
            break;
        }
        match c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

/// Writes a result. A reader that went away is no failure; anything else is: a result
/// that is lost must not look like success.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::host_fault("stdout", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a line of result; see [`to_stdout`].
pub(crate) fn line_to_stdout(line: &str) -> Result<(), CliError> {
    to_stdout(format!("{line}\n").as_bytes())
}

/// Writes diagnostics; there is nobody left to tell where that fails.
pub(crate) fn to_stderr(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_text_reaches_a_terminal() {
        assert_eq!(
            one_line("a\x1b[31m\r\nb\u{202e}c é"),
            "a\\u{1b}[31m\\r\\nb\\u{202e}c é"
        );
        assert!(one_line(&"x".repeat(1 << 20)).len() <= MAX_LINE + 8);
    }
}
