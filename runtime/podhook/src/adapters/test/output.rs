//! What `podhook test` prints.

use crate::hook_test::Tried;
use crate::terminal::{line_to_stdout, to_stdout};
use podhook_lifecycle::Report;
use podhook_runner::CommandError;
use podhook_runner::one_line::one_line;
use podhook_runner::report_line;
use podhook_runner::wire::HookReport;
use serde::Serialize;
use std::time::Duration;

/// All cases, and how long they took together.
pub(super) struct Summary<'t, 'c> {
    pub(super) tried: &'t [Tried<'c>],
    pub(super) took: Duration,
}

/// Before the first.
pub(super) fn begin(cases: usize, hook: &str) -> Result<(), CommandError> {
    let noun = if cases == 1 { "case" } else { "cases" };
    line_to_stdout(&one_line(&format!("running {cases} {noun} of {hook}")))
}

/// Each, in a line.
pub(super) fn case(tried: &Tried<'_>) -> Result<(), CommandError> {
    let verdict = match tried.differences.is_empty() {
        true => "ok",
        false => "FAILED",
    };
    let spent = spent(&tried.report);
    let line = format!("case {} ... {verdict} ({spent})", tried.case.name);
    line_to_stdout(&one_line(&line))
}

fn spent(report: &Report) -> String {
    let took = milliseconds(report.took);
    let cpu = milliseconds(Duration::from_nanos(report.usage.cpu.usage_nsec));
    let kib = report.usage.memory.peak.div_ceil(1024);
    format!("{took}, CPU {cpu}, memory {kib} KiB")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

impl<'t, 'c> Summary<'t, 'c> {
    pub(super) fn new(tried: &'t [Tried<'c>], took: Duration) -> Self {
        Self { tried, took }
    }

    pub(super) fn failed(&self) -> usize {
        let failed = |tried: &&Tried<'_>| !tried.differences.is_empty();
        self.tried.iter().filter(failed).count()
    }

    /// What failed, and the sum.
    pub(super) fn text(&self) -> Result<(), CommandError> {
        let mut lines = Vec::new();
        for tried in self
            .tried
            .iter()
            .filter(|tried| !tried.differences.is_empty())
        {
            lines.push(String::new());
            lines.push(one_line(&format!("---- {} ----", tried.case.name)));
            lines.extend(tried.differences.iter().map(|line| one_line(line)));
            lines.extend(told(&tried.report));
        }
        let failed = self.failed();
        let passed = self.tried.len() - failed;
        let result = if failed == 0 { "ok" } else { "FAILED" };
        let seconds = self.took.as_secs_f64();
        lines.push(String::new());
        lines.push(format!(
            "result: {result}. {passed} passed; {failed} failed; finished in {seconds:.2} s"
        ));
        lines.push(String::new());
        to_stdout(lines.join("\n").as_bytes())
    }

    /// One object.
    pub(super) fn json(&self) -> Result<(), CommandError> {
        let cases = self.tried.iter().map(|tried| JsonCase {
            name: &tried.case.name,
            passed: tried.differences.is_empty(),
            differences: &tried.differences,
            report: HookReport::from(&tried.report),
        });
        let failed = self.failed();
        let object = JsonSummary {
            passed: self.tried.len() - failed,
            failed,
            duration_seconds: self.took.as_secs_f64(),
            cases: cases.collect(),
        };
        let json = serde_json::to_string_pretty(&object);
        line_to_stdout(&json.map_err(|error| CommandError::host_fault("JSON", error))?)
    }
}

/// What the hook said itself: beside what is wrong with it, the best there is to know.
pub(super) fn told(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.logs.iter().map(report_line::log).collect();
    let output = [
        ("stdout", &report.output.stdout),
        ("stderr", &report.output.stderr),
    ];
    for (name, bytes) in output {
        let text = String::from_utf8_lossy(bytes);
        lines.extend(
            text.lines()
                .map(|line| one_line(&format!("{name}: {line}"))),
        );
    }
    lines
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonSummary<'t> {
    passed: usize,
    failed: usize,
    duration_seconds: f64,
    cases: Vec<JsonCase<'t>>,
}

#[derive(Serialize)]
struct JsonCase<'t> {
    name: &'t str,
    passed: bool,
    differences: &'t [String],
    report: HookReport<'t>,
}
