//! What `podhook-exec` prints, when the hook is over: the kubelet reads it then.

use podhook_lifecycle::Report;
use podhook_runner::CommandError;
use podhook_runner::options::Format;
use podhook_runner::report_line;
use podhook_runner::wire::HookReport;
use std::io::{self, ErrorKind, Write};

/// Prints the report, or the hook's own output and what became of it.
pub(crate) fn print(report: &Report, format: Format) -> Result<(), CommandError> {
    match format {
        Format::Json => {
            let mut json = serde_json::to_vec_pretty(&HookReport::from(report))
                .map_err(|why| CommandError::host_fault("report", why))?;
            json.push(b'\n');
            to_stdout(&json)
        }
        Format::Text => text(report),
    }
}

fn text(report: &Report) -> Result<(), CommandError> {
    let output = &report.output;
    let body = report.response.as_ref().map(|response| &response.body);
    let mut said = Vec::new();
    for record in report_line::logs_of_the_hook(report) {
        said.extend_from_slice(report_line::log(record).as_bytes());
        said.push(b'\n');
    }
    said.extend_from_slice(&output.stderr);
    for (stream, cut) in [("stdout", output.stdout_cut), ("stderr", output.stderr_cut)] {
        if cut > 0 {
            said.extend_from_slice(format!("[{cut} bytes of {stream} left out]\n").as_bytes());
        }
    }
    if let Some(line) = report_line::failure(report) {
        said.extend_from_slice(line.as_bytes());
        said.push(b'\n');
    }
    let written = to_stdout(&output.stdout);
    let written = written.and(body.map_or(Ok(()), |body| to_stdout(body)));
    if !said.is_empty() {
        let _ = io::stderr().write_all(&said);
    }
    written
}

/// A reader that went away is no failure; a result that is lost otherwise is.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), CommandError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::host_fault("stdout", why))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// There is nobody left to tell where that fails.
pub(crate) fn to_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Ends the process. What is on the stack above is left as it is: freeing it, and the
/// guest's gigabytes of address space, would take longer than the hook.
pub(crate) fn leave(status: u8) -> ! {
    signal_hook::low_level::exit(status.into())
}
