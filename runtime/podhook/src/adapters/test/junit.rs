//! What came of cases, as CI systems read it.

use super::output::{Summary, told};
use crate::hook_test::Tried;
use crate::whole_file;
use podhook_runner::CommandError;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::path::Path;

/// Writes a file of one suite, named as the hook.
///
/// # Errors
/// 73.
pub(super) fn write(
    file: &Path,
    hook: &str,
    summary: &Summary<'_, '_>,
) -> Result<(), CommandError> {
    let mut suite = TestSuite::new(hook);
    suite.set_time(summary.took);
    suite.add_test_cases(summary.tried.iter().map(case));
    let mut report = Report::new("podhook test");
    report.set_time(summary.took);
    report.add_test_suite(suite);
    whole_file::write(file, whole_file::Mode::Plain, |out| {
        report.serialize(out).map_err(io::Error::other)
    })
}

fn case(tried: &Tried<'_>) -> TestCase {
    let status = match tried.differences.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(first.as_str());
            status.set_description(tried.differences.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(tried.case.name.as_str(), status);
    case.set_time(tried.report.took);
    case.set_system_out(told(&tried.report).join("\n"));
    case
}
